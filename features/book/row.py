"""A bucket's row: features of the book grain from the state at its end, in catalogue order."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.book import state as st
from features.book.levels import best, depth, nearest
from features.book.state import BUY, LOTS, SELL, SINCE, Book
from features.book.walls import KNOWN_BUCKETS, SECOND, band_bps, pulled_ratio, usual_level
from features.book_catalogue import BOOK_COLUMN as _C
from features.book_catalogue import WITHIN_BPS

LEAST_PRECEDING, LONG = KNOWN_BUCKETS, 60
SPREAD, CLOSING, MID, OFFSET = _C["spread_bps"], _C["closing_spread_bps"], _C["mid"], _C["microprice_offset_bps"]
TOUCH, IMBALANCE = _C["touch_imbalance"], _C["depth_imbalance"]
BID, ASK = _C["bid_touch_depth"], _C["ask_touch_depth"]
N_BPS = len(WITHIN_BPS)
RATIO, LEAST, PULLED, WALL_SHARE, WALL_AGE = (1 + N_BPS + k for k in range(5))
"""Places after BID or ASK."""
W_SIDE, W_MULTIPLE, W_SHARE, W_AGE = _C["wall_side"], _C["wall_multiple"], _C["wall_share"], _C["wall_age_s"]
W_DISTANCE, W_PULLED, W_RETURNED = _C["wall_distance_bps"], _C["wall_pulled_ratio"], _C["wall_returned_ratio"]
W_LAG, WALLS, CANCELS, REFILL = _C["wall_trade_lag_s"], _C["walls_pulled"], _C["cancel_to_trade"], _C["refill_ratio"]
BAND, MOVE = _C["depth_band_bps"], _C["mid_move_bps"]
LEVELS, PACE, GAP, IMAGES = _C["near_levels"], _C["updates_per_s"], _C["book_gap_s"], _C["image_share"]
CROSSED, CHANGE, VOLUME = _C["crossed_share"], _C["price_change"], _C["volume_ratio"]


@nb.njit(cache=True)
def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


@nb.njit(cache=True)
def _trades_known(book: Book) -> bool:
    return bool(book.marks[st.NEWEST_TRADE_SELL] >= 0 or book.marks[st.NEWEST_TRADE_BUY] >= 0)


@nb.njit(cache=True)
def preceding(book: Book, column: int, bucket: int, buckets: int = LONG) -> NDArray[np.float64]:
    """Return the known values of a ring's column in so many buckets before one, oldest first."""
    out, n = np.empty(buckets), 0
    for b in range(max(book.marks[st.FIRST], bucket - buckets), bucket):
        value = book.ring[b % st.RING, column]
        if not np.isnan(value):
            out[n] = value
            n += 1
    return out[:n]


@nb.njit(cache=True)
def _at_the_end(row: NDArray[np.float64], book: Book, lot: float, end: int) -> None:
    bid, ask, mid = best(book, BUY), best(book, SELL), book.now[st.MID]
    bids, asks = depth(book, BUY, bid), depth(book, SELL, ask)
    row[MID], row[CLOSING] = mid, book.now[st.SPREAD]
    micro = (bid * asks + ask * bids) / (bids + asks)
    row[OFFSET], row[TOUCH] = (micro - mid) / mid * 1e4, (bids - asks) / (bids + asks)
    near = book.now[st.BID_DEPTH] + book.now[st.ASK_DEPTH]
    if near > 0:
        row[IMBALANCE] = (book.now[st.BID_DEPTH] - book.now[st.ASK_DEPTH]) / near
    row[LEVELS] = min(book.used[SELL] - nearest(book, SELL), book.used[BUY] - nearest(book, BUY))
    for side, at, touch in ((BUY, BID, bids), (SELL, ASK, asks)):
        row[at] = touch * lot
        for k in range(N_BPS):
            worst = mid * (1.0 - WITHIN_BPS[k] * 1e-4) if side == BUY else mid * (1.0 + WITHIN_BPS[k] * 1e-4)
            row[at + 1 + k] = depth(book, side, worst) * lot
        first, largest, lots = nearest(book, side), -1, 0.0
        for k in range(first, book.used[side]):
            lots += book.cells[side, k, LOTS]
            if largest < 0 or book.cells[side, k, LOTS] >= book.cells[side, largest, LOTS]:
                largest = k
        row[at + WALL_SHARE] = book.cells[side, largest, LOTS] / lots
        row[at + WALL_AGE] = (end - book.cells[side, largest, SINCE]) * SECOND


@nb.njit(cache=True)
def _against_before(row: NDArray[np.float64], book: Book, bucket: int) -> None:
    sums = book.sums
    for at, total, column, sold, r_sold in (
        (BID, st.BID_T, st.R_BID, st.TRADED_BIDS, st.R_BIDS_TRADED),
        (ASK, st.ASK_T, st.R_ASK, st.TRADED_ASKS, st.R_ASKS_TRADED),
    ):
        before = preceding(book, column, bucket)
        if len(before) < LEAST_PRECEDING or not sums[st.T_WHOLE] > 0:
            continue
        stood, median = sums[total] / sums[st.T_WHOLE], float(np.median(before))
        row[at + RATIO], row[at + LEAST] = _ratio(stood, median), _ratio(stood, float(before.min()))
        if stood < median and _trades_known(book):
            last = book.ring[(bucket - 1) % st.RING, r_sold]
            traded = sums[sold] + (0.0 if np.isnan(last) else last)
            row[at + PULLED] = min(1.0, max(0.0, 1.0 - traded / (median - stood)))
    row[BAND], mids = band_bps(book), preceding(book, st.R_MID, bucket)
    if len(mids) > 0:
        row[MOVE] = (book.now[st.MID] / mids[-1] - 1.0) * 1e4
        row[CHANGE] = book.now[st.MID] / mids.mean() - 1.0
    traded = preceding(book, st.R_ASKS_TRADED, bucket) + preceding(book, st.R_BIDS_TRADED, bucket)
    if len(traded) > 0:
        row[VOLUME] = _ratio(sums[st.TRADED_ASKS] + sums[st.TRADED_BIDS], traded.mean())


@nb.njit(cache=True)
def _over_minutes(row: NDArray[np.float64], book: Book, bucket: int) -> None:
    sums = book.sums
    traded = sums[st.TRADED_ASKS] + sums[st.TRADED_BIDS]
    traded += preceding(book, st.R_ASKS_TRADED, bucket).sum() + preceding(book, st.R_BIDS_TRADED, bucket).sum()
    taken = sums[st.TAKEN] + preceding(book, st.R_TAKEN, bucket).sum()
    added = sums[st.ADDED] + preceding(book, st.R_ADDED, bucket).sum()
    images = sums[st.IMAGES] + preceding(book, st.R_IMAGES, bucket).sum()
    updates = sums[st.UPDATES] + preceding(book, st.R_UPDATES, bucket).sum()
    row[PACE] = (sums[st.UPDATES] + sums[st.IMAGES]) / (book.marks[st.SPAN_NS] * SECOND)
    row[IMAGES] = _ratio(images, images + updates)
    if images == 0:
        row[CANCELS], row[REFILL] = _ratio(max(0.0, taken - traded), traded), _ratio(added, taken)
    gaps = preceding(book, st.R_GAP, bucket)
    gap = max(sums[st.GAP], gaps.max()) if len(gaps) > 0 else sums[st.GAP]
    row[GAP] = gap if gap > 0 else np.nan
    if not np.isnan(usual_level(book)):
        row[WALLS] = sums[st.WALLS] + preceding(book, st.R_WALLS, bucket, st.RING - 1).sum()


@nb.njit(cache=True)
def _vanished(row: NDArray[np.float64], wall: NDArray[np.float64], told: bool) -> None:  # noqa: FBT001 -- compiled
    if wall[st.W_SIDE] == 0.0:
        return
    row[W_SIDE], row[W_MULTIPLE], row[W_SHARE] = wall[st.W_SIDE], wall[st.W_MULTIPLE], wall[st.W_SHARE]
    row[W_AGE], row[W_DISTANCE], row[W_LAG] = wall[st.W_AGE], wall[st.W_DISTANCE], wall[st.W_LAG]
    row[W_RETURNED] = wall[st.W_BACK] / wall[st.W_GONE]
    if told:
        row[W_PULLED] = pulled_ratio(wall)


@nb.njit(cache=True)
def book_row(row: NDArray[np.float64], book: Book, bucket: int, lot: float) -> None:
    """Write the row of the open bucket, whose end has come.

    Args:
        row: Takes the features, shape (n_features,).
        book: The state, up to date.
        bucket: Number of the bucket.
        lot: Base units of a lot.
    """
    row[:] = np.nan
    sums = book.sums
    row[SPREAD] = _ratio(sums[st.SPREAD_T], sums[st.T_WHOLE])
    row[CROSSED] = _ratio(sums[st.T_CROSSED], sums[st.T_BOTH])
    if book.now[st.CROSSED] == 0.0:
        _at_the_end(row, book, lot, (bucket + 1) * book.marks[st.SPAN_NS])
    _against_before(row, book, bucket)
    _over_minutes(row, book, bucket)
    _vanished(row, book.vanished, _trades_known(book))
