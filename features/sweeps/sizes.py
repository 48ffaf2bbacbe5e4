"""Sizes: how the trades of the last hour are spread over sizes, in a market that does not say who traded.

Looked at whenever a quarter of an hour has closed in which such trades came. All figures are free of scale, or count
decimal digits, so they are the same in lots of any power of ten.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.direct import Direct
from features.events import TRADE
from features.order import END_OF_TIME
from features.saved_state import Arrays
from features.seen import Seen
from features.sweeps.base import MOST_MEMBERS, Found, Sweep, nothing_found
from features.time_units import HOUR_NS

QUARTER_NS = 900_000_000_000
LEAST_TRADES, MOST_TRADES, _MOST_PARTS = 200, 20_000, 256
LEAST_COMPARED = 50
"""Trades below which no share of them is told."""
PREVIOUS = 5
"""Trades back in which a size counts as repeated."""
LARGEST = 0.1
"""Part of the trades that is the tail."""
ROUND_DIGITS = 2
BENFORD = np.log10(1.0 + 1.0 / np.arange(1, 10))
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_TIME, _LOTS, _SIDE, _INSIDE = range(4)


@nb.njit(cache=True)
def _note(marks: NDArray[np.int64], quarter: int, begin: int, seen: Seen, trades: NDArray[np.int64]) -> tuple[int, int]:
    """Write the trades of nobody from event `begin` to the end of a quarter; return the next event, and how many.

    Args:
        marks: Trades of somebody, trades of nobody, and the quarter that is open, changed in place.
        quarter: Number of the quarter in which event `begin` is.
        begin: Number of the first event.
        seen: Events.
        trades: Output: time, lots, side, and whether the trade was inside the touch (-1: there was none).
    """
    n, i = 0, begin
    while i < len(seen.time) and seen.time[i] // QUARTER_NS == quarter:
        if seen.kind[i] == TRADE and seen.lots[i] > 0:
            if seen.entity[i] >= 0 or seen.counter[i] >= 0:
                marks[0] += 1
            else:
                inside = -1
                if seen.bid[i] < seen.ask[i]:
                    inside = 1 if seen.bid[i] < seen.price[i] < seen.ask[i] else 0
                trades[n, _TIME], trades[n, _LOTS] = seen.time[i], seen.lots[i]
                trades[n, _SIDE], trades[n, _INSIDE] = seen.side[i], inside
                n += 1
        i += 1
    if n:
        marks[1], marks[2] = marks[1] + n, quarter
    return i, n


_NOTE = Direct(_note)


class Sizes(Sweep):
    """Keeps the trades of an hour of which neither buyer nor seller is known, and measures their sizes.

    Does nothing where somebody is known of most trades: there, who traded with whom says more.
    """

    kind: ClassVar[str] = "sizes"
    figures: ClassVar[tuple[str, ...]] = (
        "trades", "benford", "round_share", "round_excess", "tail_exponent", "inside_share", "repeat_share",
        "alternation",
    )  # fmt: skip
    scale: ClassVar[str] = "market"

    def __init__(self) -> None:
        self._trades: list[NDArray[np.int64]] = []
        # Trades of somebody, trades of nobody, and the quarter that is open (-1 for none).
        self._marks = np.array([0, 0, -1], np.int64)

    def fold(self, seen: Seen) -> Found:
        """Take the next events; return the hours before every quarter that they closed."""
        found = nothing_found(len(self.figures))
        if not len(seen.time):
            return found
        done = 0
        while done < len(seen.time):
            quarter = int(seen.time[done]) // QUARTER_NS
            if len(closed := self._reach(quarter)):
                found = found.then(closed)
            trades = np.empty((len(seen.time) - done, 4), np.int64)
            done, unlabelled = _NOTE(self._marks, quarter, done, seen, trades)
            if unlabelled:
                self._keep(trades[:unlabelled].copy())
        return found

    def advance(self, until_ns: int) -> Found:
        """Close the open quarter if it is over; at the end of a tape it is not."""
        if until_ns >= END_OF_TIME:
            return nothing_found(len(self.figures))
        return self._reach(until_ns // QUARTER_NS)

    def _keep(self, trades: NDArray[np.int64]) -> None:
        self._trades.append(trades)
        if len(self._trades) > _MOST_PARTS or len(self._trades[-1]) > MOST_TRADES:
            self._trades = [self._held()]

    def _held(self) -> NDArray[np.int64]:
        return np.concatenate([np.empty((0, 4), np.int64), *self._trades])[-MOST_TRADES:]

    def _reach(self, quarter: int) -> Found:
        known, unknown, current = self._marks.tolist()
        if current < 0 or quarter <= current:
            return nothing_found(len(self.figures))
        self._marks[2] = -1
        end = (current + 1) * QUARTER_NS
        held = self._held()
        held = held[held[:, _TIME] >= end - HOUR_NS]
        self._trades = [held]
        if known > unknown or len(held) < LEAST_TRADES:
            return nothing_found(len(self.figures))
        nobody = np.full((1, MOST_MEMBERS), -1, np.int32)
        told = measured_sizes(*held[:, _LOTS:].T)
        values = np.array([[told[name] for name in self.figures]])
        return Found(held[:1, _TIME].copy(), np.array([end]), np.zeros(1, np.int8), nobody, values)

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        return {"trades": self._held(), "marks": self._marks.copy()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        self._trades = [np.asarray(arrays["trades"], np.int64)]
        self._marks = np.array(arrays["marks"], np.int64)


def measured_sizes(lots: NDArray[np.int64], side: NDArray[np.int64], inside: NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of trades in their order.

    Args:
        lots: Sizes, > 0, shape (n,).
        side: Side of the taker, 0 unknown.
        inside: 1 inside the touch, 0 not, -1 where there was no touch.
    """
    digits = np.searchsorted(_POWERS, lots, side="right")
    first = lots // _POWERS[digits - 1]
    seen = np.bincount(first, minlength=10)[1:] / len(lots)
    booked = inside[inside >= 0]
    share, excess = _rounded(lots, digits)
    return {
        "trades": float(len(lots)),
        "benford": float(np.abs(seen - BENFORD).mean()),
        "round_share": share,
        "round_excess": excess,
        "tail_exponent": _tail_exponent(lots),
        "inside_share": float(booked.mean()) if len(booked) >= LEAST_COMPARED else np.nan,
        "repeat_share": _repeats(lots),
        "alternation": _alternation(side[side != 0]),
    }


def _rounded(lots: NDArray[np.int64], digits: NDArray[Any]) -> tuple[float, float]:
    """Return the share of round sizes, and the deviations by which it passes that of their unrounded neighbours.

    Of sizes of three digits (counted in the market's step) one in ten has only two that are not zero, of four one in
    a hundred. Sizes of fewer digits have no unrounded neighbours and tell nothing.
    """
    zeros = sum((lots % power == 0).astype(np.int64) for power in _POWERS[1:])
    counted = digits - int(np.min(zeros))
    told = counted > ROUND_DIGITS
    if told.sum() < LEAST_COMPARED:
        return np.nan, np.nan
    is_round = (digits - zeros <= ROUND_DIGITS)[told]
    chance = 1.0 / _POWERS[counted[told] - ROUND_DIGITS]
    deviation = np.sqrt((chance * (1.0 - chance)).sum())
    return float(is_round.mean()), float((is_round.sum() - chance.sum()) / deviation)


def _tail_exponent(lots: NDArray[np.int64]) -> float:
    """Return Hill's estimate over the largest tenth; NaN where they are all of one size."""
    count = int(LARGEST * len(lots))
    largest = np.sort(lots)[-count - 1 :].astype(np.float64)
    spread = float(np.log(largest[1:] / largest[0]).mean())
    return 1.0 / spread if spread > 0.0 else np.nan


def _repeats(lots: NDArray[np.int64]) -> float:
    """Return the share of trades of a size among the few before, less what the frequencies of sizes explain."""
    _, which, counts = np.unique(lots, return_inverse=True, return_counts=True)
    again = np.zeros(len(lots) - PREVIOUS, np.bool_)
    for back in range(1, PREVIOUS + 1):
        again |= which[PREVIOUS:] == which[PREVIOUS - back : len(lots) - back]
    others = (counts[which[PREVIOUS:]] - 1) / (len(lots) - 1)
    return float(again.mean() - (1.0 - (1.0 - others) ** PREVIOUS).mean())


def _alternation(side: NDArray[np.int64]) -> float:
    """Return the share of trades that change the side, less that of sides drawn at random."""
    if len(side) < LEAST_COMPARED:
        return np.nan
    buys = float((side > 0).mean())
    return float((side[1:] != side[:-1]).mean() - 2.0 * buys * (1.0 - buys))
