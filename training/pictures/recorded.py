"""A recorded tape as markets that can be drawn: events, order lives, best prices and trades of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.encoding import Lots, encode
from features.errors import TapeError
from features.events import TRADE, Events, Vocabulary
from features.order import total_order
from features.readers import read_tape
from training.pictures.book import Touch, touch
from training.pictures.lives import FloatArray, IntArray, Lives, order_lives

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Trades:
    """Trades as parallel columns, shape (n_trades,) each, in order of time.

    Attributes:
        time: Nanoseconds since 1970, UTC.
        price: Quote currency per unit.
        quantity: Base units.
        side: Aggressor's side, +1 buy, -1 sell, 0 where there is none (an auction) or it is unknown.
        buyer: Account code of the buyer, -1 where unknown.
        seller: As `buyer`.
    """

    time: IntArray
    price: FloatArray
    quantity: FloatArray
    side: NDArray[np.int8]
    buyer: Codes
    seller: Codes

    def __len__(self) -> int:
        return len(self.time)

    def take(self, chosen: NDArray[np.bool_] | IntArray | slice) -> Trades:
        """Return the chosen trades."""
        return Trades(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def between(self, start: int, end: int) -> Trades:
        """Return the trades of a span, ns, both ends within."""
        return self.take(slice(*np.searchsorted(self.time, [start, end + 1]).tolist()))

    def sides_of(self, accounts: Codes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where one of the accounts bought, and where one of them sold."""
        return np.isin(self.buyer, accounts), np.isin(self.seller, accounts)


@dataclass(frozen=True)
class Transfers:
    """Deposits and withdrawals as parallel columns, shape (n_transfers,) each, in order of time.

    Attributes:
        time: Nanoseconds since 1970, UTC.
        account: Account code, -1 where it never sent an order.
        usd: Value, > 0 in, < 0 out.
    """

    time: IntArray
    account: Codes
    usd: FloatArray

    def between(self, start: int, end: int) -> Transfers:
        """Return the transfers of a span, ns, both ends within."""
        rows = slice(*np.searchsorted(self.time, [start, end + 1]).tolist())
        return Transfers(self.time[rows], self.account[rows], self.usd[rows])


NO_TRANSFERS = Transfers(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))


@dataclass(frozen=True)
class Market:
    """One market of a tape.

    Attributes:
        venue: Venue.
        symbol: Symbol.
        lot: Base units a lot.
        events: Its events in total order.
    """

    venue: str
    symbol: str
    lot: float
    events: Events

    @property
    def name(self) -> str:
        """Venue and symbol for titles."""
        return f"{self.venue} {self.symbol}"

    @property
    def base(self) -> str:
        """Unit of quantities: the first half of a pair, `units` otherwise."""
        return _halves(self.symbol)[0]

    @property
    def quote(self) -> str:
        """Unit of prices: the second half of a pair, `quote` otherwise."""
        return _halves(self.symbol)[1]

    @property
    def span(self) -> tuple[int, int]:
        """Time of first and last event, ns; (0, 0) without events."""
        return (int(self.events.time[0]), int(self.events.time[-1])) if len(self.events) else (0, 0)

    @cached_property
    def lives(self) -> Lives:
        """Its order lives."""
        return order_lives(self.events)

    @cached_property
    def touch(self) -> Touch:
        """Its best prices."""
        return touch(self.lives)

    @cached_property
    def spread(self) -> float:
        """Median of ask less bid over all changes, quote currency; NaN where the book was never two-sided."""
        spreads = self.touch.ask - self.touch.bid
        known = spreads[np.isfinite(spreads)]
        return float(np.median(known)) if len(known) else float("nan")

    @cached_property
    def trades(self) -> Trades:
        """Its trades."""
        e = self.events.take(np.flatnonzero(self.events.kind == TRADE))
        return Trades(e.time, e.price, e.lots.astype(np.float64) * self.lot, e.side, e.account, e.counter)

    def lives_of(self, accounts: Codes, order_ids: Sequence[str] = ()) -> tuple[Lives, NDArray[np.bool_]]:
        """Return the lives of some accounts' orders, and which of them are of the given orders (all if none are)."""
        own = self.lives.take(np.isin(self.lives.account, accounts))
        if not order_ids:
            return own, np.ones(len(own), dtype=np.bool_)
        ids = self.events.ids.take(pa.array(own.row))
        named = pc.is_in(ids, value_set=pa.array(list(order_ids), ids.type))
        return own, np.asarray(named.to_numpy(zero_copy_only=False), dtype=np.bool_)

    def rows_of(self, accounts: Codes, start: int, end: int) -> IntArray:
        """Return the rows of the events of some accounts within a span, ns, both ends within."""
        rows = slice(*np.searchsorted(self.events.time, [start, end + 1]).tolist())
        own = np.isin(self.events.account[rows], accounts) | np.isin(self.events.counter[rows], accounts)
        chosen: IntArray = np.flatnonzero(own) + rows.start
        return chosen


def _halves(symbol: str) -> tuple[str, str]:
    for sign in "/-_":
        base, found, quote = symbol.partition(sign)
        if found and base and quote:
            return base, quote
    return "units", "quote"


@dataclass(frozen=True)
class Recorded:
    """A tape in memory.

    Attributes:
        name: Its name.
        markets: Its markets, by symbol and then venue.
        names: Codes of its accounts.
        transfers: Money that came and went.
    """

    name: str
    markets: tuple[Market, ...]
    names: Vocabulary
    transfers: Transfers = NO_TRANSFERS

    @property
    def span(self) -> tuple[int, int]:
        """Time of first and last event of all markets, ns."""
        spans = [market.span for market in self.markets if len(market.events)]
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0, 0)

    def market(self, venue: str, symbol: str) -> Market | None:
        """Return a market, None where the tape does not have it."""
        return next((m for m in self.markets if (m.venue, m.symbol) == (venue, symbol)), None)

    def codes(self, accounts: Sequence[str]) -> Codes:
        """Return codes of accounts; those that the tape does not know are left out."""
        known = self._code_of
        return np.array([known[account] for account in accounts if account in known], dtype=np.int32)

    def code(self, account: str) -> int:
        """Return the code of an account, -1 where the tape does not know it."""
        return self._code_of.get(account, -1)

    @cached_property
    def _code_of(self) -> dict[str, int]:
        return {account: code for code, account in enumerate(self.names.accounts)}


def load(path: Path) -> Recorded:
    """Return a tape, read once; order lives are made when they are first asked for.

    Raises:
        TapeError: It cannot be read.
        SchemaError: A table breaks the schema.
    """
    tape, names = read_tape(path), Vocabulary()
    lots = Lots().fitted(tape)
    events = encode(tape, names, lots)
    order = np.argsort(events.market, kind="stable")
    bounds = np.searchsorted(events.market[order], np.arange(len(names.markets) + 1))
    markets = []
    for code, (venue, symbol) in enumerate(names.markets):
        mine = total_order(events.take(order[bounds[code] : bounds[code + 1]]).without_books())
        markets.append(Market(venue, symbol, lots.of(symbol), mine))
    recorded = Recorded(tape.name, tuple(sorted(markets, key=lambda m: (m.symbol, m.venue))), names)
    return replace(recorded, transfers=_transfers(path, recorded))


def _transfers(path: Path, tape: Recorded) -> Transfers:
    """Return the transfers beside a tape's tables, none where there is no such file."""
    file = path / "transfers.parquet"
    if not file.is_file():
        return NO_TRANSFERS
    try:
        table = pq.read_table(file, columns=["timestamp", "account_id", "usd"])
    except (OSError, pa.ArrowException) as error:
        raise TapeError(f"{file} must be a table of timestamp, account_id and usd, was not: {error}") from error
    time = np.asarray(table["timestamp"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_numpy(), np.int64)
    order = np.argsort(time, kind="stable")
    account = np.array([tape.code(name) for name in table["account_id"].to_pylist()], np.int32)
    return Transfers(time[order], account[order], table["usd"].to_numpy().astype(np.float64)[order])
