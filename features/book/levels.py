"""Levels of a book: found, set, forgotten, and what stands within a distance."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.book.state import BUY, LOTS, MET, MOST_LEVELS, PEAK, SINCE, Book

NEAR_BPS, NEAR_LEVELS = 25.0, 10


@nb.njit(cache=True)
def key_of(side: int, price: float) -> float:
    """Return the key of a price: higher is better, on both sides."""
    return price if side == BUY else -price


@nb.njit(cache=True)
def place(keys: NDArray[np.float64], used: int, key: float) -> int:
    """Return where a key stands, or would stand, among the first `used`."""
    return int(np.searchsorted(keys[:used], key))


@nb.njit(cache=True)
def lots_at(book: Book, side: int, key: float) -> int:
    """Return the lots at a price, 0 where no level is."""
    at = place(book.key[side], book.used[side], key)
    return int(book.cells[side, at, LOTS]) if at < book.used[side] and book.key[side, at] == key else 0


@nb.njit(cache=True)
def remove(book: Book, side: int, at: int) -> None:
    """Take a level out."""
    keys, cells, used = book.key[side], book.cells[side], book.used[side]
    for k in range(at, used - 1):
        keys[k] = keys[k + 1]
        cells[k, :] = cells[k + 1, :]
    book.used[side] = used - 1


@nb.njit(cache=True)
def put(book: Book, side: int, key: float, lots: int, time: int) -> None:
    """Set what stands at a price; a level that doubles begins anew, and one without lots is gone."""
    keys, cells, used = book.key[side], book.cells[side], book.used[side]
    at = place(keys, used, key)
    if at < used and keys[at] == key:
        if lots == 0:
            remove(book, side, at)
            return
        if lots >= 2 * cells[at, PEAK]:
            cells[at, SINCE], cells[at, PEAK], cells[at, MET] = time, lots, 0
        cells[at, LOTS], cells[at, PEAK] = lots, max(cells[at, PEAK], lots)
        return
    if lots == 0:
        return
    if used == MOST_LEVELS:
        if at == 0:
            return
        remove(book, side, 0)
        at, used = at - 1, used - 1
    for k in range(used, at, -1):
        keys[k] = keys[k - 1]
        cells[k, :] = cells[k - 1, :]
    keys[at], book.used[side] = key, used + 1
    cells[at, LOTS], cells[at, SINCE], cells[at, PEAK], cells[at, MET] = lots, time, lots, 0


@nb.njit(cache=True)
def begin_image(book: Book) -> None:
    """Put the book aside and begin an empty one."""
    book.old_key[:], book.old_cells[:], book.old_used[:] = book.key, book.cells, book.used
    book.used[:] = 0


@nb.njit(cache=True)
def remember(book: Book, side: int, key: float) -> None:
    """Give a level of an image the past that it had before the image."""
    at, was = place(book.key[side], book.used[side], key), place(book.old_key[side], book.old_used[side], key)
    if at >= book.used[side] or book.key[side, at] != key:
        return
    if was < book.old_used[side] and book.old_key[side, was] == key:
        old, new = book.old_cells[side, was], book.cells[side, at]
        if new[LOTS] < 2 * old[PEAK]:
            new[SINCE], new[PEAK], new[MET] = old[SINCE], max(old[PEAK], new[LOTS]), old[MET]


@nb.njit(cache=True)
def best(book: Book, side: int) -> float:
    """Return the best price of a side, NaN where it is empty."""
    used = book.used[side]
    return abs(book.key[side, used - 1]) if used > 0 else np.nan


@nb.njit(cache=True)
def depth(book: Book, side: int, worst: float) -> float:
    """Return the lots at a price and better; best first."""
    keys, least, lots = book.key[side], key_of(side, worst), 0.0
    for k in range(book.used[side] - 1, -1, -1):
        if keys[k] < least:
            break
        lots += book.cells[side, k, LOTS]
    return lots


@nb.njit(cache=True)
def nearest(book: Book, side: int) -> int:
    """Return the place of the first near level; near ones are those from there on."""
    used = book.used[side]
    if used == 0:
        return 0
    edge = abs(book.key[side, used - 1]) * NEAR_BPS * 1e-4
    at = place(book.key[side], used, book.key[side, used - 1] - edge)
    return int(min(at, max(0, used - NEAR_LEVELS)))
