"""Slots: which array row belongs to a key, as an open-addressed hash table that kernels can use and numpy can save.

A key gets the next free slot when it first appears. Slots are never freed one by one; when the table is full, the
caller drops dead keys and rebuilds it (`rebuilt`), which keeps the order of the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

EMPTY = np.int32(-1)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Slots(NamedTuple):
    """A hash table from int64 keys to slots.

    Attributes:
        keys: Key of each slot, shape (capacity,).
        table: Slot by hash position, -1 where free, shape (a power of two >= 2 * capacity,).
        used: Number of slots in use, shape (1,).
    """

    keys: NDArray[np.int64]
    table: NDArray[np.int32]
    used: NDArray[np.int64]


def new_slots(capacity: int) -> Slots:
    """Return an empty table with room for `capacity` keys."""
    positions = 1 << max(4, (2 * capacity - 1).bit_length())
    return Slots(np.zeros(capacity, np.int64), np.full(positions, EMPTY), np.zeros(1, np.int64))


@nb.njit(cache=True)
def _position(slots: Slots, key: int) -> int:
    mask = np.uint64(len(slots.table) - 1)
    position = (np.uint64(key) * _GOLDEN >> np.uint64(20)) & mask
    while slots.table[position] != EMPTY and slots.keys[slots.table[position]] != key:
        position = (position + np.uint64(1)) & mask
    return int(position)


@nb.njit(cache=True)
def find_slot(slots: Slots, key: int) -> int:
    """Return the slot of a key, -1 if it has none."""
    return int(slots.table[_position(slots, key)])


@nb.njit(cache=True)
def give_slot(slots: Slots, key: int) -> int:
    """Return the slot of a key, a new one if it has none; the caller has made sure that there is room."""
    position = _position(slots, key)
    if slots.table[position] == EMPTY:
        slots.table[position] = slots.used[0]
        slots.keys[slots.used[0]] = key
        slots.used[0] += 1
    return int(slots.table[position])


@nb.njit(cache=True)
def free(slots: Slots) -> int:
    """Return how many further keys fit."""
    return len(slots.keys) - int(slots.used[0])


@nb.njit(cache=True)
def _give_slots(slots: Slots, keys: NDArray[np.int64]) -> None:
    for key in keys:
        give_slot(slots, key)


def rebuilt(slots: Slots, live: NDArray[np.bool_], capacity: int) -> tuple[Slots, NDArray[np.int32]]:
    """Return a table of the live keys, in the same order, and the new slot of each old one (-1 where dropped).

    Args:
        slots: The table.
        live: Which slots in use to keep, shape (used,).
        capacity: Room of the new table, >= the number of live keys.
    """
    fresh = new_slots(capacity)
    _give_slots(fresh, slots.keys[: len(live)][live])
    moved = np.full(len(live), EMPTY)
    moved[live] = np.arange(int(live.sum()), dtype=np.int32)
    return fresh, moved
