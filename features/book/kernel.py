"""The kernel of the book: event by event into levels, sums and, when a bucket ends, a row."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.book import state as st
from features.book import walls
from features.book.levels import begin_image, best, depth, key_of, lots_at, nearest, place, put, remember
from features.book.row import book_row
from features.book.state import BUY, LOTS, SELL, Book, is_full
from features.events import IMAGE, LEVEL, TRADE

SLOWNESS = 60.0
"""Buckets over which the usual level is learned."""


class BookOut(NamedTuple):
    """Rows as they are written, shape (capacity, …); `filled` says how many, shape (1,)."""

    values: NDArray[np.float64]
    end: NDArray[np.int64]
    filled: NDArray[np.int64]


@nb.njit(cache=True)
def _look(book: Book) -> None:
    # Figures of the moment, if the levels have changed.
    if book.marks[st.DIRTY] == 0:
        return
    bid, ask, now = best(book, BUY), best(book, SELL), book.now
    now[:] = np.nan
    book.marks[st.DIRTY] = 0
    if np.isnan(bid) or np.isnan(ask):
        return
    now[st.CROSSED] = 0.0 if bid < ask else 1.0
    if bid < ask:
        mid = (bid + ask) / 2.0
        now[st.MID], now[st.SPREAD] = mid, (ask - bid) / mid * 1e4
        band = walls.band_bps(book) * 1e-4
        now[st.BID_DEPTH], now[st.ASK_DEPTH] = (
            depth(book, BUY, mid * (1.0 - band)),
            depth(book, SELL, mid * (1.0 + band)),
        )


@nb.njit(cache=True)
def _pass_time(book: Book, time: int) -> None:
    if time <= book.marks[st.TIME]:
        return
    _look(book)
    dt, sums, now = float(time - book.marks[st.TIME]), book.sums, book.now
    if not np.isnan(now[st.CROSSED]):
        sums[st.T_BOTH] += dt
        sums[st.T_CROSSED] += dt * now[st.CROSSED]
    if now[st.CROSSED] == 0.0:
        sums[st.T_WHOLE] += dt
        sums[st.SPREAD_T] += dt * now[st.SPREAD]
        sums[st.BID_T] += dt * now[st.BID_DEPTH]
        sums[st.ASK_T] += dt * now[st.ASK_DEPTH]
    sums[st.MOMENT_ASKS] = sums[st.MOMENT_BIDS] = 0.0
    book.marks[st.TIME] = time
    if book.marks[st.PENDING] > 0:
        walls.settle(book, time)


@nb.njit(cache=True)
def _learn(book: Book) -> None:
    if book.now[st.CROSSED] != 0.0:
        return
    total, n = 0.0, 0
    for side in (BUY, SELL):
        for k in range(nearest(book, side), book.used[side]):
            total += np.log(float(book.cells[side, k, LOTS]))
            n += 1
    usual, count = book.usual, min(book.usual[st.BUCKETS] + 1.0, SLOWNESS)
    usual[st.BUCKETS] = count
    usual[st.LEVEL_MEAN] += (total / n - usual[st.LEVEL_MEAN]) / count
    usual[st.SPREAD_MEAN] += (book.now[st.SPREAD] - usual[st.SPREAD_MEAN]) / count
    book.marks[st.DIRTY] = 1


@nb.njit(cache=True)
def _push(book: Book, bucket: int) -> None:
    ring, sums = book.ring[bucket % st.RING], book.sums
    ring[:] = np.nan
    if sums[st.T_WHOLE] > 0:
        ring[st.R_BID], ring[st.R_ASK] = sums[st.BID_T] / sums[st.T_WHOLE], sums[st.ASK_T] / sums[st.T_WHOLE]
    ring[st.R_MID] = book.now[st.MID]
    ring[st.R_ASKS_TRADED], ring[st.R_BIDS_TRADED] = sums[st.TRADED_ASKS], sums[st.TRADED_BIDS]
    ring[st.R_ADDED], ring[st.R_TAKEN], ring[st.R_WALLS] = sums[st.ADDED], sums[st.TAKEN], sums[st.WALLS]
    ring[st.R_UPDATES], ring[st.R_IMAGES], ring[st.R_GAP] = sums[st.UPDATES], sums[st.IMAGES], sums[st.GAP]


@nb.njit(cache=True)
def _open(book: Book, time: int) -> None:
    # The buckets between had the book that stood.
    marks, bucket = book.marks, time // book.marks[st.SPAN_NS]
    marks[st.OPEN] = bucket
    if marks[st.FIRST] < 0:
        marks[st.FIRST], marks[st.TIME] = bucket, time
        return
    marks[st.TIME] = bucket * marks[st.SPAN_NS]
    _look(book)
    for between in range(max(marks[st.LAST] + 1, bucket - st.RING), bucket):
        ring = book.ring[between % st.RING]
        ring[:] = 0.0
        ring[st.R_BID], ring[st.R_ASK], ring[st.R_MID] = (
            book.now[st.BID_DEPTH], book.now[st.ASK_DEPTH], book.now[st.MID]
        )  # fmt: skip


@nb.njit(cache=True)
def close_until(book: Book, until: int, lot: float, out: BookOut) -> None:
    """Close the open bucket if it ends at or before a time, and the next one while a vanished wall waits for it."""
    marks = book.marks
    while marks[st.OPEN] >= 0 and (marks[st.OPEN] + 1) * marks[st.SPAN_NS] <= until:
        bucket = marks[st.OPEN]
        end = (bucket + 1) * marks[st.SPAN_NS]
        _pass_time(book, end)
        _look(book)
        at = out.filled[0]
        book_row(out.values[at], book, bucket, lot)
        out.end[at] = end
        out.filled[0] = at + 1
        _learn(book)
        _push(book, bucket)
        book.sums[:] = 0.0
        book.vanished[:] = 0.0
        marks[st.LAST], marks[st.OPEN] = bucket, -1
        if marks[st.PENDING] > 0:
            _open(book, end)


@nb.njit(cache=True)
def _note_level(book: Book, kind: int, side: int, key: float, lots: int, time: int) -> None:
    marks, sums = book.marks, book.sums
    if marks[st.HEARD] >= 0:
        sums[st.GAP] = max(sums[st.GAP], (time - marks[st.HEARD]) * walls.SECOND)
    if kind == IMAGE:
        if marks[st.KIND] != IMAGE or marks[st.HEARD] != time:
            begin_image(book)
            walls.blind(book)
            sums[st.IMAGES] += 1.0
        put(book, side, key, lots, time)
        remember(book, side, key)
    else:
        _set_level(book, side, key, lots, time)
        sums[st.UPDATES] += 1.0
    marks[st.KIND], marks[st.HEARD], marks[st.DIRTY] = kind, time, 1


@nb.njit(cache=True)
def _set_level(book: Book, side: int, key: float, lots: int, time: int) -> None:
    sums, before = book.sums, lots_at(book, side, key)
    if lots < before:
        if place(book.key[side], book.used[side], key) >= nearest(book, side):
            sums[st.TAKEN] += before - lots
        walls.note_fall(book, side, key, lots, time)
    put(book, side, key, lots, time)
    if lots > before and place(book.key[side], book.used[side], key) >= nearest(book, side):
        sums[st.ADDED] += lots - before
        sums[st.MOMENT_ASKS + side] += lots - before
        walls.note_added(book, side, float(lots - before))


@nb.njit(cache=True)
def _note_trade(book: Book, taker: int, price: float, lots: int, time: int) -> None:
    mid = book.now[st.MID]
    if taker == 0 and np.isnan(mid):
        return
    side = SELL if taker > 0 or (taker == 0 and price >= mid) else BUY
    book.sums[st.TRADED_ASKS + side] += lots
    book.marks[st.NEWEST_TRADE_SELL + side] = time
    walls.note_traded(book, side, key_of(side, price), lots)


@nb.njit(cache=True)
def fold_book(  # noqa: PLR0913, PLR0917 -- numba takes the columns one by one
    book: Book, begin: int, time: NDArray[np.int64], kind: NDArray[np.int8], side: NDArray[np.int8],
    price: NDArray[np.float64], lots: NDArray[np.int64], lot: float, out: BookOut,
) -> int:  # fmt: skip
    """Fold events from a row on; return the row that finds no room, or the number of events.

    Args:
        book: The state.
        begin: First row.
        time: Columns of `Events`, shape (n_events,) each.
        kind: See there.
        side: See there.
        price: See there.
        lots: See there.
        lot: Base units of a lot.
        out: Takes the rows of closed buckets.
    """
    marks = book.marks
    for i in range(begin, len(time)):
        is_level = kind[i] in (LEVEL, IMAGE)
        if not is_level and (kind[i] != TRADE or marks[st.KNOWN] == 0):
            continue
        if is_full(book):
            return i
        close_until(book, time[i], lot, out)
        if marks[st.OPEN] < 0:
            _open(book, time[i])
        _pass_time(book, time[i])
        if is_level:
            marks[st.KNOWN] = 1
            own = BUY if side[i] > 0 else SELL
            _note_level(book, kind[i], own, key_of(own, price[i]), lots[i], time[i])
        else:
            _note_trade(book, side[i], price[i], lots[i], time[i])
    return len(time)
