"""Levels: the price levels of a book, rebuilt from order messages, each side sorted with its best at the end."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

NEAR = 5
"""Levels that count as depth."""


class Levels(NamedTuple):
    """Open lots at each price, sides 0 (sell) and 1 (buy).

    Attributes:
        key: The price of a bid, minus that of an ask, ascending, shape (2, capacity).
        lots: Open lots, > 0, shape (2, capacity).
        used: Number of levels, shape (2,).
    """

    key: NDArray[np.float64]
    lots: NDArray[np.int64]
    used: NDArray[np.int64]


def new_levels(capacity: int = 256) -> Levels:
    """Return an empty book with room for `capacity` levels a side."""
    return Levels(np.zeros((2, capacity)), np.zeros((2, capacity), np.int64), np.zeros(2, np.int64))


def roomier(levels: Levels) -> Levels:
    """Return the book with room for twice as many levels."""
    fresh = new_levels(2 * levels.key.shape[1])
    for side in range(2):
        used = int(levels.used[side])
        fresh.key[side, :used], fresh.lots[side, :used] = levels.key[side, :used], levels.lots[side, :used]
    fresh.used[:] = levels.used
    return fresh


@nb.njit(cache=True)
def is_full(levels: Levels) -> bool:
    """Return whether a side has no room for another level."""
    return bool(max(levels.used[0], levels.used[1]) >= levels.key.shape[1])


@nb.njit(cache=True)
def _at(keys: NDArray[np.float64], used: int, key: float) -> int:
    low, high = 0, used
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True)
def change(levels: Levels, side: int, price: float, lots: int) -> None:
    """Add lots to a level (take them away where negative); a level without lots is gone, an unknown price nothing."""
    if lots == 0 or np.isnan(price):
        return
    key = price if side == 1 else -price
    keys, open_lots, used = levels.key[side], levels.lots[side], levels.used[side]
    at = _at(keys, used, key)
    if at < used and keys[at] == key:
        open_lots[at] += lots
        if open_lots[at] > 0:
            return
        for k in range(at, used - 1):
            keys[k], open_lots[k] = keys[k + 1], open_lots[k + 1]
        levels.used[side] -= 1
    elif lots > 0:
        for k in range(used, at, -1):
            keys[k], open_lots[k] = keys[k - 1], open_lots[k - 1]
        keys[at], open_lots[at] = key, lots
        levels.used[side] += 1


@nb.njit(cache=True)
def best(levels: Levels, side: int) -> float:
    """Return the best price of a side, NaN where it is empty."""
    used = levels.used[side]
    if used == 0:
        return np.nan
    key = float(levels.key[side, used - 1])
    return key if side == 1 else -key


@nb.njit(cache=True)
def depth(levels: Levels, side: int, near: int) -> int:
    """Return the lots on the `near` best levels of a side."""
    used, lots = levels.used[side], 0
    for k in range(max(0, used - near), used):
        lots += levels.lots[side, k]
    return lots


@nb.njit(cache=True)
def drop_beyond(levels: Levels, price: float) -> None:
    """Drop the levels that a trade at this price says cannot be there: better bids and better asks."""
    while levels.used[1] > 0 and levels.key[1, levels.used[1] - 1] > price:
        levels.used[1] -= 1
    while levels.used[0] > 0 and -levels.key[0, levels.used[0] - 1] < price:
        levels.used[0] -= 1
