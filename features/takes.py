"""Takes: what one taker took in one moment on one side, put together from its trades.

A take is complete when time goes on or another taker comes; only then is it known how far it moved the touch.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import TRADE
from features.seen import Seen

TIME, ENTITY, SIDE, LOTS = range(4)
NEAR, WORST, VALUE, SPREAD = range(4)
_SPREADS, _SPREAD_CAP = 200.0, 4.0


class Take(NamedTuple):
    """The take that is being read.

    Attributes:
        whole: Time (ns), taker, side, lots (0: none is being read), shape (4,).
        real: Best price on the side taken from before it (the last trade's where the touch is unknown), farthest
            price it paid, sum of price times lots, the market's usual spread (NaN until one was seen), shape (4,).
    """

    whole: NDArray[np.int64]
    real: NDArray[np.float64]


def new_take() -> Take:
    """Return no take."""
    return Take(np.zeros(4, np.int64), np.full(4, np.nan))


@nb.njit(cache=True)
def taker_of(seen: Seen, i: int) -> int:
    """Return who took in event i, -1 where it is no trade or that is not known."""
    if seen.kind[i] != TRADE or seen.side[i] == 0:
        return -1
    return int(seen.entity[i] if seen.side[i] > 0 else seen.counter[i])


@nb.njit(cache=True)
def maker_of(seen: Seen, i: int) -> int:
    """Return whose resting order traded in event i, -1 where it is no trade or that is not known."""
    if seen.kind[i] != TRADE or seen.side[i] == 0:
        return -1
    return int(seen.counter[i] if seen.side[i] > 0 else seen.entity[i])


@nb.njit(cache=True)
def is_complete(take: Take, seen: Seen, i: int) -> bool:
    """Return whether a take is being read to which event i, and what comes after it, adds nothing."""
    whole = take.whole
    if whole[LOTS] == 0:
        return False
    if seen.time[i] > whole[TIME]:
        return True
    return bool(seen.kind[i] == TRADE and (taker_of(seen, i) != whole[ENTITY] or seen.side[i] != whole[SIDE]))


@nb.njit(cache=True)
def opposite(seen: Seen, i: int, side: int) -> float:
    """Return the best price that a taker on a side would pay before the moment of event i, NaN unknown."""
    return float(seen.ask[i] if side > 0 else seen.bid[i])


@nb.njit(cache=True)
def reached(take: Take, seen: Seen, i: int) -> float:
    """Return the best price left on the side taken from, by what event i knows, but at least the farthest paid."""
    worst, side = take.real[WORST], take.whole[SIDE]
    left = opposite(seen, i, side) if seen.time[i] > take.whole[TIME] else np.nan
    return float(worst if np.isnan(left) or side * (left - worst) < 0.0 else left)


@nb.njit(cache=True)
def forget(take: Take) -> None:
    """Be done with the take."""
    take.whole[LOTS] = 0


@nb.njit(cache=True)
def _note_spread(real: NDArray[np.float64], spread: float) -> None:
    # What one sweep tears open must not pass for usual.
    if np.isnan(real[SPREAD]) and spread > 0.0:
        real[SPREAD] = spread
    elif spread > 0.0:
        real[SPREAD] += (min(spread, _SPREAD_CAP * real[SPREAD]) - real[SPREAD]) / _SPREADS


@nb.njit(cache=True)
def read(take: Take, seen: Seen, i: int) -> None:
    """Add event i where it is a trade with a known taker; the take before it must have been complete or its own."""
    taker = taker_of(seen, i)
    if taker < 0 or seen.lots[i] <= 0:
        return
    whole, real, side = take.whole, take.real, seen.side[i]
    if whole[LOTS] == 0:
        whole[TIME], whole[ENTITY], whole[SIDE] = seen.time[i], taker, side
        near = opposite(seen, i, side)
        real[NEAR] = near if not np.isnan(near) else (seen.last[i] if not np.isnan(seen.last[i]) else seen.price[i])
        real[WORST], real[VALUE] = seen.price[i], 0.0
        _note_spread(real, seen.ask[i] - seen.bid[i])
    whole[LOTS] += seen.lots[i]
    real[WORST] = max(real[WORST], seen.price[i]) if side > 0 else min(real[WORST], seen.price[i])
    real[VALUE] += seen.price[i] * seen.lots[i]
