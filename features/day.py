"""The day behind a market: exact sums over the day that ended some minutes ago, and its usual volatility.

Pumps are told by comparison with the quiet before them, so the last minutes are left out of the comparison.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.buckets import BUY, FIRST_TRADE, LAST, RETURN, RUSH, TRADES, VOLUME, Buckets, ring_size

DAY_NS = 86_400_000_000_000
LAG_NS = 300_000_000_000
LEAST_NS = 1_800_000_000_000

BOUGHT, TRADED, COUNT, RUSHED = range(4)
FIRST, NEWEST = 0, 1


class Day(NamedTuple):
    """Coarse buckets of the last day.

    Attributes:
        ring: Lots bought, lots traded, trades, rush orders of each coarse bucket, shape (a day and the lag, 4).
        sums: The same over the day that ended the lag ago, shape (4,).
        marks: Number of the first bucket on record and of the newest, -1 where none, shape (2,).
        habit: Exponentially weighted squared returns of coarse buckets, and their weight, shape (2,).
        sizes: Buckets of a day, buckets of the lag, least buckets for a comparison, ns of a bucket, shape (4,).
    """

    ring: NDArray[np.int64]
    sums: NDArray[np.int64]
    marks: NDArray[np.int64]
    habit: NDArray[np.float64]
    sizes: NDArray[np.int64]


def new_day(bucket_ns: int) -> Day:
    """Return a day of which nothing is known, of coarse buckets of `bucket_ns`."""
    day, lag = max(1, DAY_NS // bucket_ns), max(1, LAG_NS // bucket_ns)
    sizes = np.array([day, lag, max(1, LEAST_NS // bucket_ns), bucket_ns], np.int64)
    return Day(np.zeros((day + lag + 1, 4), np.int64), np.zeros(4, np.int64), np.full(2, -1), np.zeros(2), sizes)


@nb.njit(cache=True)
def on_record(day: Day) -> int:
    """Return how many coarse buckets the sums hold."""
    if day.marks[FIRST] < 0:
        return 0
    return int(max(0, min(day.sizes[0], day.marks[NEWEST] - day.sizes[1] - day.marks[FIRST] + 1)))


@nb.njit(cache=True)
def is_comparable(day: Day) -> bool:
    """Return whether the sums hold enough to compare with."""
    return bool(on_record(day) >= day.sizes[2])


@nb.njit(cache=True)
def rate(day: Day, figure: int, span_ns: int) -> float:
    """Return the mean of a figure over a span of time, lots or counts; there is something on record."""
    return float(day.sums[figure] / (on_record(day) * day.sizes[3]) * span_ns)


@nb.njit(cache=True)
def volatility(day: Day) -> float:
    """Return the root of the weighted mean squared return of coarse buckets; NaN where none is known."""
    return np.sqrt(day.habit[0] / day.habit[1]) if day.habit[1] > 0.0 else np.nan


@nb.njit(cache=True)
def _step(day: Day, number: int) -> None:
    size = len(day.ring)
    enters, leaves = number - day.sizes[1], number - day.sizes[1] - day.sizes[0]
    for f in range(4):
        if enters >= day.marks[FIRST]:
            day.sums[f] += day.ring[enters % size, f]
        if leaves >= day.marks[FIRST]:
            day.sums[f] -= day.ring[leaves % size, f]


@nb.njit(cache=True)
def pass_empty(day: Day, bucket: int) -> None:
    """Take in the coarse buckets before `bucket` that nothing happened in."""
    if day.marks[FIRST] < 0:
        return
    size, empty = len(day.ring), bucket - day.marks[NEWEST] - 1
    if empty <= 0:
        return
    if empty >= size:
        day.ring[:] = 0
        day.sums[:] = 0
    else:
        for number in range(day.marks[NEWEST] + 1, bucket):
            day.ring[number % size] = 0
            _step(day, number)
    # Empty buckets are returns of zero: they add weight, no square.
    faded = _decay(day) ** empty
    day.habit[0] *= faded
    day.habit[1] = day.habit[1] * faded + (1.0 - faded) / (1.0 - _decay(day))
    day.marks[NEWEST] = bucket - 1


@nb.njit(cache=True)
def remember(day: Day, coarse: Buckets) -> None:
    """Take in the coarse bucket that just closed; the empty ones before it have passed."""
    if coarse.marks[FIRST_TRADE] < 0:
        return
    bucket = coarse.marks[LAST]
    if day.marks[FIRST] < 0:
        day.marks[FIRST] = bucket
    whole = coarse.whole[:, bucket % ring_size(coarse)]
    row = day.ring[bucket % len(day.ring)]
    row[BOUGHT], row[TRADED], row[COUNT], row[RUSHED] = whole[BUY], whole[VOLUME], whole[TRADES], whole[RUSH]
    _step(day, bucket)
    day.marks[NEWEST] = bucket
    change = coarse.real[RETURN, bucket % ring_size(coarse)]
    if not np.isnan(change):
        day.habit[0] = day.habit[0] * _decay(day) + change * change
        day.habit[1] = day.habit[1] * _decay(day) + 1.0


@nb.njit(cache=True)
def _decay(day: Day) -> float:
    # Half-life: a quarter of a day.
    return float(0.5 ** (4.0 / day.sizes[0]))
