"""Ignitions: a burst of own takes that moves the price, and the way out against those who follow.

Both sides of an entity are kept apart: what closes one burst may open another.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.takes import (
    ENTITY,
    LOTS,
    NEAR,
    SIDE,
    SPREAD,
    TIME,
    VALUE,
    Take,
    forget,
    is_complete,
    maker_of,
    new_take,
    reached,
    read,
    taker_of,
)
from features.time_units import SECOND_NS

_GAP_NS, _BURST_NS, _EXIT_NS = 10 * SECOND_NS, 45 * SECOND_NS, 90 * SECOND_NS
_HORIZON_NS = 600 * SECOND_NS
_WINDOW_NS, _WINDOWS = 30 * SECOND_NS, 20
_LEAST_LEFT, _LEAST_KEPT = 0.2, 0.15
_LEAST_MOVE = 0.1
# Whole figures of an entity and side: last touched; begin and last take of the burst, its takes and lots; lots traded
# the other way since; the market's lots taken on the side when it began; all lots of the entity on either side.
_TOUCHED, _BEGAN, _LAST, _TAKES, _LOTS, _EXIT, _MARKET, _ALL = range(8)
# Real figures: price before, the farthest yet, log advances of own takes, value of the way out, log move of the market
# before it, value of the burst, usual move of a window.
_BEGIN, _FAR, _OWN, _VALUE, _BEFORE, _COST, _USUAL = range(7)
_NUMBER, _FILLED, _BOUGHT, _SOLD = range(4)


class Ignitions(NamedTuple):
    """Bursts by entity and side.

    Attributes:
        ledger: Figures of each.
        take: The take being read.
        ends: Last price of each of the latest windows, the open one included, shape (22,).
        market: Number of the open window, windows filled, lots taken by buyers and by sellers, shape (4,).
    """

    ledger: Ledger
    take: Take
    ends: NDArray[np.float64]
    market: NDArray[np.int64]


@nb.njit(cache=True)
def _pass_windows(state: Ignitions, time: int) -> None:
    number = time // _WINDOW_NS
    passed = min(number - state.market[_NUMBER], len(state.ends))
    if state.market[_NUMBER] > 0 and passed > 0:
        for _ in range(passed):
            state.ends[:-1] = state.ends[1:].copy()
            state.market[_FILLED] = min(state.market[_FILLED] + 1, len(state.ends) - 1)
    state.market[_NUMBER] = number


@nb.njit(cache=True)
def _usual(state: Ignitions) -> float:
    """Return the mean absolute log move of the windows before the open one."""
    total, count, ends = 0.0, 0, state.ends
    for k in range(len(ends) - state.market[_FILLED], len(ends) - 1):
        if not np.isnan(ends[k - 1]):
            total += abs(np.log(ends[k] / ends[k - 1]))
            count += 1
    return total / count if count else np.nan


@nb.njit(cache=True)
def _begin(state: Ignitions, slot: int) -> None:
    whole, real, take = state.ledger.whole[slot], state.ledger.real[slot], state.take
    whole[_TAKES], whole[_LOTS], whole[_EXIT], real[:] = 0, 0, 0, 0.0
    whole[_BEGAN] = take.whole[TIME]
    whole[_MARKET] = state.market[_BOUGHT if take.whole[SIDE] > 0 else _SOLD] - take.whole[LOTS]
    real[_BEGIN] = real[_FAR] = take.real[NEAR]
    earlier = state.ends[-3]
    real[_BEFORE] = take.whole[SIDE] * np.log(take.real[NEAR] / earlier) if not np.isnan(earlier) else np.nan
    real[_USUAL] = _usual(state)


@nb.njit(cache=True)
def _fold_take(state: Ignitions, seen: Seen, i: int) -> None:
    take = state.take
    side, time = take.whole[SIDE], take.whole[TIME]
    slot = entry(state.ledger, 2 * take.whole[ENTITY] + (side > 0), time, _HORIZON_NS)
    whole, real = state.ledger.whole[slot], state.ledger.real[slot]
    goes_on = time - whole[_LAST] <= _GAP_NS and time - whole[_BEGAN] <= _BURST_NS
    if whole[_TAKES] == 0 or not goes_on or whole[_EXIT] > _LEAST_LEFT * whole[_LOTS]:
        _begin(state, slot)
    whole[_TAKES] += 1
    whole[_LOTS] += take.whole[LOTS]
    whole[_LAST] = time
    real[_COST] += take.real[VALUE]
    far = reached(take, seen, i)
    from_ = max(side * take.real[NEAR], side * real[_FAR])
    if side * far > from_:
        real[_OWN] += abs(np.log(far / (side * from_)))
    real[_FAR] = side * max(side * far, from_)


@nb.njit(cache=True)
def _fold_exit(state: Ignitions, seen: Seen, i: int, entity: int, side: int, out: Out) -> None:
    """Take a trade of an entity on the side opposite to `side`, on which it may have burst."""
    slot = entry(state.ledger, 2 * entity + (side > 0), seen.time[i], _HORIZON_NS)
    whole, real, lots = state.ledger.whole[slot], state.ledger.real[slot], seen.lots[i]
    whole[_ALL] += lots
    if whole[_TAKES] == 0 or seen.time[i] - whole[_LAST] > _EXIT_NS or whole[_EXIT] >= 2 * whole[_LOTS]:
        return
    # What is sold when the move is gone was not sold into it.
    if side * (seen.price[i] - real[_BEGIN]) <= max(_LEAST_KEPT * side * (real[_FAR] - real[_BEGIN]), 0.0):
        return
    whole[_EXIT] += lots
    real[_VALUE] += seen.price[i] * lots
    if whole[_EXIT] >= _LEAST_LEFT * whole[_LOTS] and side * (real[_FAR] - real[_BEGIN]) > 0.0:
        _write(state, slot, seen, i, entity, side, out)


@nb.njit(cache=True)
def _over(move: float, usual: float, least: float) -> float:
    """Return a move over the usual one, which counts as `least` where it is less; NaN where nothing is usual yet."""
    held_against = usual if usual > least else least  # noqa: FURB136 -- max() of NaN is no matter of taste
    return move / held_against if held_against > 0.0 else np.nan


@nb.njit(cache=True)
def _write(state: Ignitions, slot: int, seen: Seen, i: int, entity: int, side: int, out: Out) -> None:
    whole, real = state.ledger.whole[slot], state.ledger.real[slot]
    move = abs(np.log(real[_FAR] / real[_BEGIN]))
    burst_s = (whole[_LAST] - whole[_BEGAN]) * 1e-9
    figures = out.figures[write(out, whole[_BEGAN], seen.time[i], side, entity)]
    figures[0], figures[1], figures[2], figures[3] = move, real[_OWN] / move, whole[_TAKES], burst_s
    figures[4], figures[5] = (seen.time[i] - whole[_LAST]) * 1e-9, whole[_EXIT] / whole[_LOTS]
    # What of the move the way out still found, and found above the burst's own mean.
    out_at, in_at = real[_VALUE] / whole[_EXIT], real[_COST] / whole[_LOTS]
    figures[6] = side * np.log(out_at / real[_BEGIN]) / move
    figures[7] = side * np.log(out_at / in_at) / move
    # Where nothing ever moves, a tenth of the spread is a move.
    spread = state.take.real[SPREAD]
    least = _LEAST_MOVE * spread / real[_BEGIN] if spread > 0.0 else 0.0
    figures[8] = _over(move, seen.sigma[i] * np.sqrt(max(burst_s, 1.0) / 60.0), least)
    figures[9] = 2.0 * abs(real[_FAR] - real[_BEGIN]) / spread
    figures[10] = _over(move, real[_USUAL], least)
    figures[11] = real[_BEFORE] / move
    figures[12] = whole[_LOTS] / max(state.market[_BOUGHT if side > 0 else _SOLD] - whole[_MARKET], 1)
    other = entry(state.ledger, 2 * entity + (side < 0), seen.time[i], _HORIZON_NS)
    figures[13] = whole[_LOTS] / max(state.ledger.whole[other, _ALL], 1)
    figures[14] = whole[_LOTS] / seen.usual[i]


@nb.njit(cache=True)
def _fold(state: Ignitions, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        _pass_windows(state, seen.time[i])
        if is_complete(state.take, seen, i):
            _fold_take(state, seen, i)
            forget(state.take)
        read(state.take, seen, i)
        taker, maker = taker_of(seen, i), maker_of(seen, i)
        if taker >= 0 and seen.lots[i] > 0:
            state.market[_BOUGHT if seen.side[i] > 0 else _SOLD] += seen.lots[i]
            state.ends[-1] = seen.price[i]
            _fold_exit(state, seen, i, taker, -seen.side[i], out)
            if maker >= 0:
                _fold_exit(state, seen, i, maker, seen.side[i], out)
    return len(seen.time)


class IgnitionSweep(KernelSweep):
    """Finds bursts that were followed by the way out."""

    kind = "ignition"
    scale = "account"
    figures = ("move", "own_share", "takes", "burst_s", "exit_s", "exit_share", "kept", "gain", "sigmas",
               "half_spreads", "usual_moves", "before", "taken_share", "habit_share", "usual_orders")  # fmt: skip
    horizon_ns = _HORIZON_NS
    kernel = staticmethod(_fold)

    def new_state(self) -> Ignitions:
        """Return the state of a market that nothing is known of."""
        return Ignitions(new_ledger(8, 7), new_take(), np.full(_WINDOWS + 2, np.nan), np.zeros(4, np.int64))
