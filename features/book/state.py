"""What is carried of a market's book: levels, the open bucket's sums, walls that just vanished, a ring of buckets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

MOST_LEVELS = 4096
"""Levels that are kept of a side; beyond it the worst is forgotten."""
_FIRST_ROOM = 64
RING = 120
"""Buckets that stand behind the open one."""
MOST_PENDING = 8
SELL, BUY = 0, 1
LOTS, SINCE, PEAK, MET = range(4)
"""Of a level: lots now, when it came or doubled, most lots since, lots traded at or through it since."""
N_CELLS = 4

(SPAN_NS, OPEN, FIRST, LAST, KNOWN, TIME, KIND, HEARD, NEWEST_TRADE_SELL, NEWEST_TRADE_BUY, DIRTY,
 PENDING) = range(12)  # fmt: skip
"""Whole marks: bucket length, open bucket, first bucket and last closed one (-1 none), whether a book is known, time
that the sums reach, kind and time of the last book message, time of the last trade against asks and bids, whether the
moment's figures are out of date, walls that wait."""
N_MARKS = 12
SPREAD, BID_DEPTH, ASK_DEPTH, CROSSED, MID = range(5)
"""Figures of the moment: spread in bps and depths (NaN unless both sides stand uncrossed), crossed (NaN: one-sided)."""
(T_WHOLE, T_BOTH, T_CROSSED, SPREAD_T, BID_T, ASK_T, UPDATES, IMAGES, GAP, ADDED, TAKEN, TRADED_ASKS, TRADED_BIDS,
 WALLS, MOMENT_ASKS, MOMENT_BIDS) = range(16)  # fmt: skip
"""Sums of the open bucket: ns and ns-weighted figures, messages and images, longest silence (s), lots, walls pulled;
lots added to each side in the open moment."""
N_SUMS = 16
(R_BID, R_ASK, R_MID, R_ASKS_TRADED, R_BIDS_TRADED, R_ADDED, R_TAKEN, R_WALLS, R_UPDATES, R_IMAGES, R_GAP) = range(11)
N_RING = 11
(W_SIDE, W_KEY, W_TIME, W_PEAK, W_GONE, W_SHARE, W_AGE, W_DISTANCE, W_MET, W_BACK, W_LAG, W_MULTIPLE, W_BLIND) = range(
    13
)
"""A wall: side, key, time it vanished, most lots, lots that vanished, share, age (s), distance (bps), lots traded, lots
that came back, time since a trade on the other side (s), multiple of the usual level, whether an image came since."""
N_WALL = 13
LEVEL_MEAN, BUCKETS, SPREAD_MEAN = range(3)


class Book(NamedTuple):
    """A market's book.

    Attributes:
        key: The price of a bid, minus that of an ask, ascending: the best stands last, shape (2, capacity).
        cells: Lots, since, peak, met of each level, shape (2, capacity, 4).
        used: Levels of each side, shape (2,).
        old_key: The book before the last image began, likewise; so `old_cells` and `old_used`.
        old_cells: See there.
        old_used: See there.
        marks: Whole marks, shape (12,).
        now: Figures of the moment, shape (5,).
        sums: Sums of the open bucket, shape (16,).
        usual: Mean log lots of near levels, of how many buckets, and mean spread (bps), shape (3,).
        pending: Walls that vanished less than a second ago, shape (8, 13).
        vanished: The open bucket's strongest, side 0 for none, shape (13,).
        ring: Closed buckets, bucket b in row b % 120, shape (120, 11).
    """

    key: NDArray[np.float64]
    cells: NDArray[np.int64]
    used: NDArray[np.int64]
    old_key: NDArray[np.float64]
    old_cells: NDArray[np.int64]
    old_used: NDArray[np.int64]
    marks: NDArray[np.int64]
    now: NDArray[np.float64]
    sums: NDArray[np.float64]
    usual: NDArray[np.float64]
    pending: NDArray[np.float64]
    vanished: NDArray[np.float64]
    ring: NDArray[np.float64]


def new_book(span_ns: int) -> Book:
    """Return the state of a market whose book is not known, in buckets of `span_ns`."""
    marks = np.full(N_MARKS, -1, np.int64)
    marks[SPAN_NS], marks[[KNOWN, TIME, DIRTY, PENDING]] = span_ns, 0
    room = _FIRST_ROOM
    return Book(
        np.zeros((2, room)), np.zeros((2, room, N_CELLS), np.int64), np.zeros(2, np.int64),
        np.zeros((2, room)), np.zeros((2, room, N_CELLS), np.int64), np.zeros(2, np.int64),
        marks, np.full(5, np.nan), np.zeros(N_SUMS), np.zeros(3), np.zeros((MOST_PENDING, N_WALL)), np.zeros(N_WALL),
        np.full((RING, N_RING), np.nan),
    )  # fmt: skip


def roomier(book: Book) -> Book:
    """Return the book with room for twice as many levels."""
    grown: dict[str, Any] = {}
    for name in ("key", "cells", "old_key", "old_cells"):
        array = getattr(book, name)
        grown[name] = np.concatenate([array, np.zeros_like(array)], axis=1)
    return book._replace(**grown)


@nb.njit(cache=True)
def is_full(book: Book) -> bool:
    """Return whether a side has no room for another level, and may have more."""
    room = book.key.shape[1]
    return bool(room < MOST_LEVELS and max(book.used[0], book.used[1]) >= room)
