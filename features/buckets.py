"""Buckets: sums over a short span of time, a ring of them as trailing window, and how they merge.

Integers (lots, counts) are exact. Floats come from a fixed order, oldest event first; times between trades are kept
as Welford moments and merged by Chan's formula, never as raw squares.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

# Whole figures of a bucket: lots and counts.
# RUSH and RUSH_SELL count market orders that took several orders in one millisecond, by side; MOMENTS counts timestamps
# with a trade, so that one order that meets many counts once.
(VOLUME, BUY, SELL, TRADES, KNOWN, RUSH, NEW, REPLACED, CANCELLED, ATTRIBUTED, SELF, GAPS, RUSH_SELL,
 MOMENTS) = range(14)  # fmt: skip
N_WHOLE = 14
# Real figures. RETURN is filled in when the bucket closes; GAP_* are moments of seconds between trades.
CLOSE, HIGH, LOW, RETURN, GAP_MEAN, GAP_M2, SWEEP = range(7)
N_REAL = 7

UNKNOWN_BUCKET = np.int64(-1)


class Buckets(NamedTuple):
    """One scale of one market: the open bucket and the ring of closed ones.

    Attributes:
        whole: Ring of whole figures, shape (N_WHOLE, 2 * n_buckets). Bucket b stands in column b % n_buckets and again
            n_buckets further on, so that every window is one slice.
        real: Ring of real figures, shape (N_REAL, 2 * n_buckets); NaN is unknown.
        open_whole: Whole figures of the open bucket, shape (N_WHOLE,).
        open_real: Real figures of the open bucket, shape (N_REAL,).
        marks: Number of the open bucket, of the last closed one and of the first with a trade, -1 where none.
        span_ns: Length of a bucket, ns, shape (1,).
        habit: Exponentially weighted mean and variance of arrival burstiness, and how many rows they hold, shape (3,).
    """

    whole: NDArray[np.int64]
    real: NDArray[np.float64]
    open_whole: NDArray[np.int64]
    open_real: NDArray[np.float64]
    marks: NDArray[np.int64]
    span_ns: NDArray[np.int64]
    habit: NDArray[np.float64]


OPEN, LAST, FIRST_TRADE = 0, 1, 2


def new_buckets(span_ns: int, n_buckets: int) -> Buckets:
    """Return an empty scale of `n_buckets` buckets of `span_ns` nanoseconds."""
    buckets = Buckets(
        whole=np.zeros((N_WHOLE, 2 * n_buckets), np.int64),
        real=np.full((N_REAL, 2 * n_buckets), np.nan),
        open_whole=np.zeros(N_WHOLE, np.int64),
        open_real=np.full(N_REAL, np.nan),
        marks=np.full(3, UNKNOWN_BUCKET),
        span_ns=np.array([span_ns], np.int64),
        habit=np.zeros(3),
    )
    clear_open(buckets)
    return buckets


@nb.njit(cache=True)
def clear_open(buckets: Buckets) -> None:
    """Empty the open bucket."""
    buckets.open_whole[:] = 0
    buckets.open_real[:] = np.nan
    buckets.open_real[GAP_MEAN] = 0.0
    buckets.open_real[GAP_M2] = 0.0
    buckets.open_real[SWEEP] = 0.0


@nb.njit(cache=True)
def merge_gaps(n: int, mean: float, m2: float, n_more: int, mean_more: float, m2_more: float) -> tuple[float, float]:
    """Return mean and summed squared deviation of two samples together (Chan, Golub, LeVeque 1979)."""
    if n_more == 0:
        return mean, m2
    if n == 0:
        return mean_more, m2_more
    # One division, and not of the carried figures: this loop is the longest of a row.
    share, delta = n_more / (n + n_more), mean_more - mean
    return mean + delta * share, m2 + m2_more + delta * delta * (n * share)


@nb.njit(cache=True)
def merge(fine: Buckets, coarse: Buckets) -> None:
    """Add the fine scale's open bucket to the coarse scale's."""
    n, n_more = coarse.open_whole[GAPS], fine.open_whole[GAPS]
    real, more = coarse.open_real, fine.open_real
    real[GAP_MEAN], real[GAP_M2] = merge_gaps(n, real[GAP_MEAN], real[GAP_M2], n_more, more[GAP_MEAN], more[GAP_M2])
    for k in range(N_WHOLE):
        coarse.open_whole[k] += fine.open_whole[k]
    if fine.open_whole[TRADES] > 0:
        real[CLOSE] = more[CLOSE]
        real[HIGH] = more[HIGH] if np.isnan(real[HIGH]) else max(real[HIGH], more[HIGH])
        real[LOW] = more[LOW] if np.isnan(real[LOW]) else min(real[LOW], more[LOW])
    real[SWEEP] += more[SWEEP]


@nb.njit(cache=True)
def ring_size(buckets: Buckets) -> int:
    """Return how many buckets the ring holds."""
    return int(buckets.whole.shape[1] // 2)


@nb.njit(cache=True)
def shut(buckets: Buckets) -> None:
    """Put the open bucket into the ring, and the empty ones between it and the last closed one before it."""
    bucket, last = buckets.marks[OPEN], buckets.marks[LAST]
    n, whole, real, opened = ring_size(buckets), buckets.whole, buckets.real, buckets.open_real
    close = np.nan
    if last >= 0:
        close = real[CLOSE, last % n]
        for empty in range(max(last + 1, bucket - n), bucket):
            _shut_empty(whole, real, empty % n, close)
    if buckets.open_whole[TRADES] == 0:
        opened[CLOSE] = close
    elif buckets.marks[FIRST_TRADE] < 0:
        buckets.marks[FIRST_TRADE] = bucket
    opened[RETURN] = opened[CLOSE] / close - 1.0
    for column in (bucket % n, bucket % n + n):
        for k in range(N_WHOLE):
            whole[k, column] = buckets.open_whole[k]
        for k in range(N_REAL):
            real[k, column] = opened[k]
    buckets.marks[LAST] = bucket
    buckets.marks[OPEN] = UNKNOWN_BUCKET


@nb.njit(cache=True)
def _shut_empty(whole: NDArray[np.int64], real: NDArray[np.float64], row: int, close: float) -> None:
    for column in (row, row + whole.shape[1] // 2):
        for k in range(N_WHOLE):
            whole[k, column] = 0
        for k in range(N_REAL):
            real[k, column] = np.nan if k in (HIGH, LOW) else 0.0
        real[CLOSE, column] = close
        real[RETURN, column] = close / close - 1.0
