"""Leaps: prices that left the level of the minutes before by far more than this market's usual minute.

One mistaken print is no price: a leap is as large as the least of three moments in a row, within a minute.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import TRADE
from features.ledger import Ledger, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.time_units import MINUTE_NS

_MINUTES = _MOMENTS = 3
_LEAST_MOVE, _LEAST_DEVIATIONS = 0.015, 6.0
_AGAIN = 1.1
_LEAST_SIGMA = 1e-6
_MINUTE, _SAID_AT, _TIMES = range(3)
_SAID, _PRICES, _CLOSES = 0, 1, 1 + _MOMENTS


class State(NamedTuple):
    """Last prices of a market.

    Attributes:
        ledger: Empty; the market is one.
        whole: Present minute, when a leap was last said, times of the last three moments with a trade, shape (5,).
        real: The leap last said, last prices of those moments, of the three minutes before the present one, shape (7,).
    """

    ledger: Ledger
    whole: NDArray[np.int64]
    real: NDArray[np.float64]


@nb.njit(cache=True)
def _note(state: State, time: int, price: float) -> None:
    times, prices = state.whole[_TIMES:], state.real[_PRICES:_CLOSES]
    closes, minute = state.real[_CLOSES:], time // MINUTE_NS
    if times[-1] > 0:
        for _ in range(min(minute - state.whole[_MINUTE], _MINUTES)):
            closes[:-1] = closes[1:].copy()
            closes[-1] = prices[-1]
    state.whole[_MINUTE] = minute
    if time > times[-1]:
        times[:-1], prices[:-1] = times[1:].copy(), prices[1:].copy()
        times[-1] = time
    prices[-1] = price


@nb.njit(cache=True)
def _carried(prices: NDArray[np.float64], level: float) -> float:
    """Return the least of the moves from a level, 0 where they do not all go one way."""
    moves = np.log(prices / level)
    return float(moves.min() if moves.min() > 0.0 else min(moves.max(), 0.0))


@nb.njit(cache=True)
def _look(state: State, time: int, sigma: float, out: Out) -> None:
    whole, real = state.whole, state.real
    move, deviations, back = 0.0, 0.0, 0
    for k in range(1, _MINUTES + 1):
        level = real[_CLOSES + _MINUTES - k]
        if np.isnan(level):
            break
        carried = _carried(real[_PRICES:_CLOSES], level)
        strange = abs(carried) / (max(sigma, _LEAST_SIGMA) * np.sqrt(k))
        if abs(carried) >= _LEAST_MOVE and strange > deviations:
            move, deviations, back = carried, strange, k
    if deviations < _LEAST_DEVIATIONS:
        return
    if time - whole[_SAID_AT] <= MINUTE_NS and abs(move) < _AGAIN * real[_SAID]:
        return
    whole[_SAID_AT], real[_SAID] = time, abs(move)
    start = min((time // MINUTE_NS - back + 1) * MINUTE_NS, whole[_TIMES])
    at = write(out, start, time, 1 if move > 0.0 else -1, -1)
    figures = out.figures[at]
    figures[0], figures[1], figures[2] = abs(np.exp(move) - 1.0), deviations, back


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        if seen.kind[i] != TRADE or not seen.price[i] > 0.0:
            continue
        time = seen.time[i]
        _note(state, time, seen.price[i])
        if not np.isnan(seen.sigma[i]) and state.whole[_TIMES] > time - MINUTE_NS:
            _look(state, time, seen.sigma[i], out)
    return len(seen.time)


class Leap(KernelSweep):
    """Leaps of a market's price: said as soon as carried, and again once a tenth farther or a minute later."""

    kind = "leap"
    scale: ClassVar[str] = "market"
    figures: ClassVar[tuple[str, ...]] = ("move", "deviations", "minutes")
    horizon_ns: ClassVar[int] = MINUTE_NS
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market without trades."""
        return State(new_ledger(1, 0), np.zeros(_TIMES + _MOMENTS, np.int64), np.full(_CLOSES + _MINUTES, np.nan))
