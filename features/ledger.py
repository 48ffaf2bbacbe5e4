"""Ledger: what a sweep remembers of each key (an entity, a pair), forgotten after a while of quiet.

Figures of a key that was quiet for longer than the horizon read as zero whether the key is still held or not, so it
makes no difference when dead keys are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.slots import Slots, free, give_slot, new_slots, rebuilt

TOUCHED = 0
"""Column of `Ledger.whole` with the time a key was last touched, ns."""
_FIRST_ROOM = 64


class Ledger(NamedTuple):
    """Figures by key.

    Attributes:
        slots: Slot of each key.
        whole: Whole figures, shape (capacity, n); the first is the time the key was last touched.
        real: Real figures, shape (capacity, m).
    """

    slots: Slots
    whole: NDArray[np.int64]
    real: NDArray[np.float64]


def new_ledger(n_whole: int, n_real: int, capacity: int = _FIRST_ROOM) -> Ledger:
    """Return an empty ledger.

    Args:
        n_whole: Whole figures of a key, with the time it was last touched.
        n_real: Real figures of a key.
        capacity: Keys that fit at first.
    """
    return Ledger(new_slots(capacity), np.zeros((capacity, n_whole), np.int64), np.zeros((capacity, n_real)))


@nb.njit(cache=True)
def room(ledger: Ledger) -> int:
    """Return how many new keys fit."""
    return free(ledger.slots)


@nb.njit(cache=True)
def entry(ledger: Ledger, key: int, time: int, horizon_ns: int) -> int:
    """Return the slot of a key and mark it touched; its figures are zero where it is new or was quiet too long.

    Args:
        ledger: With room for a key.
        key: The key.
        time: Time of the event, ns, > 0.
        horizon_ns: Quiet after which the key is forgotten, ns.
    """
    slot = give_slot(ledger.slots, key)
    last = ledger.whole[slot, TOUCHED]
    if last == 0 or time - last > horizon_ns:
        ledger.whole[slot, :] = 0
        ledger.real[slot, :] = 0.0
    ledger.whole[slot, TOUCHED] = time
    return slot


def with_room(ledger: Ledger, now: int, horizon_ns: int, needed: int) -> Ledger:
    """Return the ledger with room for `needed` keys and three times as many as it holds.

    Args:
        ledger: The ledger.
        now: A time that no event to come precedes, ns.
        horizon_ns: Quiet after which keys are forgotten, ns.
        needed: How many new keys must fit.
    """
    used = int(ledger.slots.used[0])
    live = now - ledger.whole[:used, TOUCHED] <= horizon_ns
    capacity = _FIRST_ROOM
    while capacity < 4 * int(live.sum()) + needed:
        capacity *= 2
    slots, moved = rebuilt(ledger.slots, live, capacity)
    fresh = new_ledger(ledger.whole.shape[1], ledger.real.shape[1], capacity)
    fresh.whole[moved[live]] = ledger.whole[:used][live]
    fresh.real[moved[live]] = ledger.real[:used][live]
    return Ledger(slots, fresh.whole, fresh.real)
