"""Walls: large near levels that vanish, and what of them was traded, moved or pulled."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.book import state as st
from features.book.levels import NEAR_BPS, nearest, place
from features.book.state import LOTS, MET, PEAK, SINCE, Book

GRACE_US = 1_000_000
"""How long trades and moved levels are waited for: feeds of trades and of books run apart."""
LEAST_MULTIPLE, LEFT = 3.0, 0.3
"""Usual levels that make a wall, and what may be left of one that vanished."""
REPEAT_MULTIPLE, REPEAT_SHARE, REPEAT_PULLED, REPEAT_RETURNED = 8.0, 0.4, 0.9, 0.2
KNOWN_BUCKETS, BAND_SPREADS = 12, 5.0
SECOND = 1e-9


@nb.njit(cache=True)
def usual_level(book: Book) -> float:
    """Return the usual lots of a near level, NaN until it is known."""
    return float(np.exp(book.usual[st.LEVEL_MEAN])) if book.usual[st.BUCKETS] >= KNOWN_BUCKETS else np.nan


@nb.njit(cache=True)
def band_bps(book: Book) -> float:
    """Return how far from the mid depth is counted: 25 bps, or 5 usual spreads where that is wider."""
    return float(max(NEAR_BPS, BAND_SPREADS * book.usual[st.SPREAD_MEAN]))


@nb.njit(cache=True)
def note_fall(book: Book, side: int, key: float, lots: int, time: int) -> None:
    """Note that a level is about to fall to `lots`: a wall that is hardly left has vanished."""
    at = place(book.key[side], book.used[side], key)
    cell, usual = book.cells[side, at], usual_level(book)
    peak = cell[PEAK]
    if not peak >= LEAST_MULTIPLE * usual or lots > LEFT * peak:
        return
    first = nearest(book, side)
    if at < first:
        return
    near = 0.0
    for k in range(first, book.used[side]):
        near += book.cells[side, k, LOTS]
    other = book.marks[st.NEWEST_TRADE_SELL + (1 - side)]
    wall = book.pending[_free(book)]
    best = book.key[side, book.used[side] - 1]
    wall[st.W_SIDE], wall[st.W_KEY], wall[st.W_TIME] = (1.0 if side == st.BUY else -1.0), key, float(time // 1000)
    wall[st.W_PEAK], wall[st.W_GONE], wall[st.W_SHARE] = peak, peak - lots, min(1.0, peak / max(near, peak))
    wall[st.W_AGE] = (time - cell[SINCE]) * SECOND
    wall[st.W_DISTANCE] = (best - key) / abs(best) * 1e4
    wall[st.W_MET] = cell[MET]
    wall[st.W_BACK] = book.sums[st.MOMENT_ASKS + side]
    wall[st.W_LAG] = (time - other) * SECOND if other >= 0 else np.nan
    wall[st.W_MULTIPLE], wall[st.W_BLIND] = peak / usual, 0.0
    # What is left is a level of its own.
    cell[PEAK], cell[MET], cell[SINCE] = max(lots, 1), 0, time


@nb.njit(cache=True)
def _free(book: Book) -> int:
    # Where there is no room, the smallest gives way.
    waiting = book.marks[st.PENDING]
    if waiting < st.MOST_PENDING:
        book.marks[st.PENDING] = waiting + 1
        return int(waiting)
    least = 0
    for k in range(st.MOST_PENDING):
        if book.pending[k, st.W_GONE] < book.pending[least, st.W_GONE]:
            least = k
    return least


@nb.njit(cache=True)
def note_added(book: Book, side: int, lots: float) -> None:
    """Note that lots were added near on a side: walls of it may only have been moved."""
    sign = 1.0 if side == st.BUY else -1.0
    for k in range(book.marks[st.PENDING]):
        if book.pending[k, st.W_SIDE] == sign:
            book.pending[k, st.W_BACK] += lots


@nb.njit(cache=True)
def note_traded(book: Book, side: int, key: float, lots: int) -> None:
    """Note a trade against a side: levels at its price were met, and those before it must have been eaten up."""
    for k in range(book.used[side] - 1, -1, -1):
        if book.key[side, k] < key:
            break
        cell = book.cells[side, k]
        cell[MET] = cell[MET] + lots if book.key[side, k] == key else cell[PEAK]
    sign = 1.0 if side == st.BUY else -1.0
    for k in range(book.marks[st.PENDING]):
        wall = book.pending[k]
        if wall[st.W_SIDE] == sign and wall[st.W_KEY] >= key:
            wall[st.W_MET] = wall[st.W_MET] + lots if wall[st.W_KEY] == key else wall[st.W_PEAK]


@nb.njit(cache=True)
def blind(book: Book) -> None:
    """Note that an image came: what became of the walls that wait is not known."""
    for k in range(book.marks[st.PENDING]):
        book.pending[k, st.W_BLIND] = 1.0


@nb.njit(cache=True)
def pulled_ratio(wall: NDArray[np.float64]) -> float:
    """Return the part of a wall's lots that vanished without a trade."""
    return float(max(0.0, 1.0 - wall[st.W_MET] / wall[st.W_GONE]))


@nb.njit(cache=True)
def _kept_away(wall: NDArray[np.float64]) -> float:
    return float(max(0.0, wall[st.W_GONE] - wall[st.W_MET] - wall[st.W_BACK]))


@nb.njit(cache=True)
def settle(book: Book, until: int) -> None:
    """Tell the walls whose second is over at a time, and keep the others waiting in their order."""
    kept = 0
    for k in range(book.marks[st.PENDING]):
        wall = book.pending[k]
        if wall[st.W_TIME] + GRACE_US > until // 1000:
            book.pending[kept, :] = wall
            kept += 1
            continue
        if wall[st.W_BLIND] > 0.0:
            continue
        gone = wall[st.W_GONE]
        if (wall[st.W_MULTIPLE] >= REPEAT_MULTIPLE and wall[st.W_SHARE] >= REPEAT_SHARE
                and pulled_ratio(wall) >= REPEAT_PULLED and wall[st.W_BACK] <= REPEAT_RETURNED * gone):  # fmt: skip
            book.sums[st.WALLS] += 1.0
        if book.vanished[st.W_SIDE] == 0.0 or _kept_away(wall) > _kept_away(book.vanished):
            book.vanished[:] = wall
    book.marks[st.PENDING] = kept
