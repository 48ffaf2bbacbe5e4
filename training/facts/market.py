"""One market of a tape as arrays, its taker orders, and its minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.encoding import Lots, encode
from features.events import TRADE, Events, Vocabulary
from features.order import total_order
from features.readers import Tape
from features.time_units import MINUTE_NS

SILENCE_NS = 6 * 60 * MINUTE_NS
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Takers:
    """Taker orders: the trades that one aggressive order made, together, shape (n_takers,) each.

    Attributes:
        time: Time of the first fill, ns.
        side: +1 buy, -1 sell, 0 unknown.
        first: Price of the first fill.
        last: Price of the last fill.
        quantity: Sum of the fills, base units.
        value: Sum of price times quantity, quote currency.
        fills: Number of fills.
    """

    time: NDArray[np.int64]
    side: NDArray[np.int8]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    quantity: NDArray[np.float64]
    value: NDArray[np.float64]
    fills: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Minutes:
    """Every minute from the first trade to the last, shape (n_minutes,) each.

    Attributes:
        number: Minutes since 1970, UTC.
        counted: Whether the minute counts; those left out, and silences of six hours, do not.
        takers: Taker orders; NaN where not counted.
        value: Traded value, quote currency; NaN where not counted.
        close: Last price, carried over empty minutes.
        change: Log change of the close; NaN where not counted, and in the first minute.
    """

    number: NDArray[np.int64]
    counted: NDArray[np.bool_]
    takers: NDArray[np.float64]
    value: NDArray[np.float64]
    close: NDArray[np.float64]
    change: NDArray[np.float64]


@dataclass(frozen=True)
class Market:
    """Messages of one market in total order.

    Attributes:
        tape: Name of the tape.
        venue: Venue.
        symbol: Symbol.
        trades: Trades; of these the columns time, price, side and the order ids are read.
        orders: Order messages; none on a public tape.
        lot: Base units of one lot.
        left_out: Spans that do not count, (start, end) in ns, such as the hours around a known pump.
    """

    tape: str
    venue: str
    symbol: str
    trades: Events
    orders: Events
    lot: float
    left_out: Spans = ()

    @cached_property
    def quantity(self) -> NDArray[np.float64]:
        """Quantity of each trade, base units."""
        return np.asarray(self.trades.lots * self.lot, dtype=np.float64)

    @cached_property
    def taker_of(self) -> NDArray[np.int64]:
        """Number of the taker order of each trade, shape (n_trades,).

        Successive trades are of one taker order when they name the same one; where the tape names none, when they
        share timestamp and side.
        """
        trades = self.trades
        taker = np.where(trades.side > 0, trades.order, np.where(trades.side < 0, trades.counter_order, 0))
        other = (np.diff(trades.time) != 0) | (np.diff(trades.side) != 0) | (np.diff(taker) != 0)
        # An order that is named goes on being the same one, however long the venue takes to fill it.
        other &= ~((np.diff(taker) == 0) & (taker[1:] != 0))
        return np.append(0, np.cumsum(other)) if len(trades) else np.empty(0, np.int64)

    @cached_property
    def takers(self) -> Takers:
        """Taker orders outside the spans that are left out."""
        starts = np.flatnonzero(np.diff(self.taker_of, prepend=-1))
        ends = np.append(starts[1:], len(self.trades))
        value, count = self.trades.price * self.quantity, len(starts)
        kept = ~self.is_left_out(self.trades.time[starts])
        return Takers(
            time=self.trades.time[starts][kept],
            side=self.trades.side[starts][kept],
            first=self.trades.price[starts][kept],
            last=self.trades.price[ends - 1][kept],
            quantity=_sums(self.taker_of, self.quantity, count)[kept],
            value=_sums(self.taker_of, value, count)[kept],
            fills=(ends - starts)[kept],
        )

    @cached_property
    def minutes(self) -> Minutes:
        """Every minute of the market."""
        minute = self.trades.time // MINUTE_NS
        number = np.arange(minute[0], minute[-1] + 1) if len(minute) else np.empty(0, np.int64)
        place = minute - number[0] if len(minute) else minute
        close = _carried(place, self.trades.price, len(number))
        counted = ~self.is_left_out(number * MINUTE_NS) & ~_silent(self.trades.time, number)
        unknown = np.where(counted, 0.0, np.nan)
        change = np.append(np.nan, np.diff(np.log(close)))[: len(number)]
        begun = self.takers.time // MINUTE_NS - (number[0] if len(number) else 0)
        takers = _sums(begun, np.ones(len(begun)), len(number))
        value = _sums(place, self.trades.price * self.quantity, len(number))
        return Minutes(number, counted, takers + unknown, value + unknown, close, change + unknown)

    def is_left_out(self, time: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times, ns, lie in a span that does not count."""
        out = np.zeros(len(time), np.bool_)
        for start, end in self.left_out:
            out |= (time >= start) & (time <= end)
        return out


def _sums(place: NDArray[np.int64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(place, values, size), dtype=np.float64)


def _carried(place: NDArray[np.int64], price: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    last = np.full(size, -1, np.int64)
    last[place] = np.arange(len(price))
    return price[np.maximum.accumulate(last)] if size else np.empty(0)


def _silent(time: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.bool_]:
    silent = np.zeros(len(number), np.bool_)
    for row in np.flatnonzero(np.diff(time) > SILENCE_NS):
        silent |= (number * MINUTE_NS > time[row]) & (number * MINUTE_NS <= time[row + 1])
    return silent


def gaps_s(market: Market) -> NDArray[np.float64]:
    """Return seconds between successive taker orders at different times; none over a span that is left out or silent.

    Args:
        market: The market.

    Returns:
        Seconds, shape (n,), each > 0 and at most six hours.
    """
    time = market.takers.time
    gap = np.diff(time)
    kept = (gap > 0) & (gap <= SILENCE_NS)
    for start, end in market.left_out:
        kept &= ~((time[:-1] < start) & (time[1:] > end))
    return np.asarray(gap[kept] / 1e9)


def markets_of(tape: Tape, left_out: dict[str, Spans] | None = None, *, orders: bool = True) -> Iterator[Market]:
    """Yield every market of a tape that has trades.

    Args:
        tape: Canonical tables.
        left_out: Spans that do not count, (start, end) in ns, by symbol.
        orders: Read order messages as well.
    """
    names, lots = Vocabulary(), Lots().fitted(tape)
    events = encode(replace(tape, books=None), names, lots)
    by_market = np.argsort(events.market, kind="stable")
    bounds = np.searchsorted(events.market[by_market], np.arange(len(names.markets) + 1))
    for (venue, symbol), (begin, end) in zip(names.markets, pairwise(bounds.tolist()), strict=True):
        mine = total_order(events.take(by_market[begin:end]))
        is_trade = mine.kind == TRADE
        if not is_trade.any():
            continue
        messages = mine.take(np.flatnonzero(~is_trade) if orders else np.empty(0, np.int64))
        spans = (left_out or {}).get(symbol, ())
        yield Market(tape.name, venue, symbol, mine.take(np.flatnonzero(is_trade)), messages, lots.of(symbol), spans)
