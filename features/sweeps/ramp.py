"""Ramps: takes of one entity, all on one side, each lifting the price further than it was.

Of every advance of the price beyond the highest (lowest) yet of a run it is told whether the entity's own take made it
or whether the price had come there between two of its takes. Who carries the price makes the advances; who buys into a
rise is carried.
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
    Take,
    forget,
    is_complete,
    maker_of,
    new_take,
    reached,
    read,
)

_PAUSE_NS = 300_000_000_000
_LEAST_TAKES, _LEAST_SHARE, _MOST_AGAINST = 4, 0.2, 0.5
# Whole figures of an entity: when it was last touched; the run's side, begin, takes and steps; lots on its side and
# against it; the market's lots when it began.
_TOUCHED, _SIDE, _BEGAN, _TAKES, _STEPS, _LOTS, _AGAINST, _MARKET = range(8)
# Real figures: price at the begin, the farthest yet, log advances made by the entity and by others, sigma at the begin.
_BEGIN, _FAR, _OWN, _OTHERS, _SIGMA = range(5)


class Ramps(NamedTuple):
    """Runs of takes by entity.

    Attributes:
        ledger: Figures of each entity's run.
        take: The take being read.
        traded: Lots traded in the market so far, shape (1,).
    """

    ledger: Ledger
    take: Take
    traded: NDArray[np.int64]


@nb.njit(cache=True)
def _begin(state: Ramps, slot: int, price: float, sigma: float) -> None:
    whole, real, take = state.ledger.whole[slot], state.ledger.real[slot], state.take
    whole[1:], real[:] = 0, 0.0
    whole[_SIDE], whole[_BEGAN], whole[_MARKET] = take.whole[SIDE], take.whole[TIME], state.traded[0] - take.whole[LOTS]
    real[_BEGIN], real[_FAR], real[_SIGMA] = price, price, sigma


@nb.njit(cache=True)
def _advance(whole: NDArray[np.int64], real: NDArray[np.float64], near: float, far: float) -> None:
    side = whole[_SIDE]
    if side * (near - real[_FAR]) > 0.0:
        real[_OTHERS] += abs(np.log(near / real[_FAR]))
        real[_FAR] = near
    if side * (far - real[_FAR]) > 0.0:
        real[_OWN] += abs(np.log(far / real[_FAR]))
        real[_FAR] = far
        whole[_STEPS] += 1


@nb.njit(cache=True)
def _fold_take(state: Ramps, seen: Seen, i: int, out: Out) -> None:
    take = state.take
    side, lots, near = take.whole[SIDE], take.whole[LOTS], take.real[NEAR]
    slot = entry(state.ledger, take.whole[ENTITY], take.whole[TIME], _PAUSE_NS)
    whole, real = state.ledger.whole[slot], state.ledger.real[slot]
    if whole[_SIDE] == -side:
        whole[_AGAINST] += lots
        if whole[_AGAINST] < _MOST_AGAINST * whole[_LOTS]:
            return
    if whole[_SIDE] != side or side * (near - real[_BEGIN]) <= 0.0:
        _begin(state, slot, near, seen.sigma[i])
    whole[_TAKES] += 1
    whole[_LOTS] += lots
    _advance(whole, real, near, reached(take, seen, i))
    if whole[_TAKES] >= _LEAST_TAKES and real[_OWN] >= _LEAST_SHARE * (real[_OWN] + real[_OTHERS]):
        _write(state, slot, seen, i, out)


@nb.njit(cache=True)
def _write(state: Ramps, slot: int, seen: Seen, i: int, out: Out) -> None:
    whole, real, take = state.ledger.whole[slot], state.ledger.real[slot], state.take
    side, seconds = whole[_SIDE], (take.whole[TIME] - whole[_BEGAN]) * 1e-9
    # What has lasted until this take, not what it does itself.
    move = side * np.log(take.real[NEAR] / real[_BEGIN])
    if move <= 0.0:
        return
    figures = out.figures[write(out, whole[_BEGAN], seen.time[i], side, take.whole[ENTITY])]
    figures[0], figures[1] = move, real[_OWN] / (real[_OWN] + real[_OTHERS])
    figures[2], figures[3], figures[4] = whole[_STEPS], whole[_TAKES], seconds
    figures[5] = whole[_LOTS] / (whole[_LOTS] + whole[_AGAINST])
    figures[6] = move / (real[_SIGMA] * np.sqrt(max(seconds, 1.0) / 60.0)) if real[_SIGMA] > 0.0 else np.nan
    figures[7] = 2.0 * abs(take.real[NEAR] - real[_BEGIN]) / take.real[SPREAD]
    figures[8] = whole[_LOTS] / max(state.traded[0] - whole[_MARKET], 1)


@nb.njit(cache=True)
def _fold(state: Ramps, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        if is_complete(state.take, seen, i):
            _fold_take(state, seen, i, out)
            forget(state.take)
        read(state.take, seen, i)
        maker = maker_of(seen, i)
        if maker >= 0:
            state.traded[0] += seen.lots[i]
            slot = entry(state.ledger, maker, seen.time[i], _PAUSE_NS)
            whole = state.ledger.whole[slot]
            whole[_LOTS if whole[_SIDE] == -seen.side[i] else _AGAINST] += seen.lots[i] if whole[_SIDE] != 0 else 0
    return len(seen.time)


class RampSweep(KernelSweep):
    """Finds runs of takes that lift the price."""

    kind = "ramp"
    scale = "account"
    figures = ("move", "own_share", "steps", "takes", "seconds", "one_sided", "sigmas", "half_spreads", "volume_share")
    horizon_ns = _PAUSE_NS
    about_named = True
    kernel = staticmethod(_fold)

    def new_state(self) -> Ramps:
        """Return the state of a market that nothing is known of."""
        return Ramps(new_ledger(8, 5), new_take(), np.zeros(1, np.int64))
