"""Ladders: orders on one side that are re-priced together, again and again, so that they are seen and never trade.

A wave is what an entity re-prices on one side with no more than a second between; from three prices on it is that of a
ladder. A market maker moves ladders as well, but on both sides, and is filled.
"""

from __future__ import annotations

import numba as nb

from features.seen import Seen
from features.sweeps.base import Out, write
from features.sweeps.shows import (
    BAIT,
    BAIT_FILLED,
    FIRST_MOVE,
    LAST_MOVE,
    MOVED,
    MOVED_LOTS,
    MOVES,
    N_LEVELS,
    N_ORDERS,
    N_PRICES,
    N_WAVES,
    ONE_SIDED,
    SIZE,
    TAKEN,
    WAVE_LOTS,
    WAVE_ORDERS,
    WAVES,
    Real,
    Whole,
    of_side,
    prices_of,
)
from features.time_units import SECOND_NS

_WAVE_NS = SECOND_NS
LEAST_LEVELS = 3
_LEAST_WAVES = 3


@nb.njit(cache=True)
def note_move(whole: Whole, real: Real, i: int, seen: Seen) -> bool:
    """Note a new price of an order; return whether a ladder has been moved often enough to be told of."""
    side, time, lots = seen.side[i], seen.time[i], seen.after[i]
    own, prices = of_side(whole, side), prices_of(real, side)
    if own[MOVES] == 0:
        own[FIRST_MOVE], own[TAKEN] = time, 0
    if own[LAST_MOVE] == 0 or time - own[LAST_MOVE] > _WAVE_NS:
        own[WAVE_ORDERS] = own[WAVE_LOTS] = 0
        prices[N_PRICES] = seen.price[i]
    if own[WAVE_ORDERS] == 0 or seen.price[i] != prices[N_PRICES]:
        own[WAVE_ORDERS] += 1
        own[WAVES] += own[WAVE_ORDERS] == LEAST_LEVELS
    prices[N_PRICES] = seen.price[i]
    own[LAST_MOVE] = time
    own[WAVE_LOTS] += lots
    own[MOVES] += 1
    own[MOVED] += lots
    return bool(own[WAVE_ORDERS] >= LEAST_LEVELS and own[WAVES] >= _LEAST_WAVES)


@nb.njit(cache=True)
def write_ladder(whole: Whole, i: int, seen: Seen, out: Out) -> int:
    """Write the ladder that has just been moved; return its row."""
    side = seen.side[i]
    own, other = of_side(whole, side), of_side(whole, -side)
    row = write(out, own[FIRST_MOVE], seen.time[i], side, seen.entity[i])
    figures = out.figures[row]
    figures[BAIT], figures[N_ORDERS], figures[N_LEVELS] = own[WAVE_LOTS], own[WAVE_ORDERS], own[WAVE_ORDERS]
    figures[BAIT_FILLED], figures[SIZE] = own[TAKEN], own[WAVE_LOTS] / seen.usual[i]
    figures[N_WAVES], figures[MOVED_LOTS] = own[WAVES], own[MOVED]
    figures[ONE_SIDED] = own[MOVED] / max(own[MOVED] + other[MOVED], 1)
    return row
