"""The day behind a market: exact sums over the day that ended some minutes ago, and its usual volatility.

Pumps are told by comparison with the quiet before them, so the last minutes are left out of the comparison. An earlier
pump must not hide the next: where figures are called usual, no half hour counts for more than four typical ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.buckets import BUY, FIRST_TRADE, LAST, RETURN, RUSH, SELL, TRADES, VOLUME, Buckets, ring_size
from features.time_units import DAY_NS

LAG_NS = 300_000_000_000
LEAST_NS = 1_800_000_000_000
BLOCK_NS = 1_800_000_000_000
CAP = 4.0
"""How many typical half hours one may count for: seldom passed on honest days, far below a pump."""
LEAST_BLOCKS = 3

BOUGHT, SOLD, TRADED, COUNT, RUSHED, SQUARES = range(6)
N_DAY = 6
_PER_SQUARE, _MOST_SQUARE = 1e12, 1e3
"""Squared returns are kept as whole numbers, so that sums are exact: to a millionth, and up to thirtyfold moves."""
FIRST, NEWEST = 0, 1


class Day(NamedTuple):
    """Coarse buckets of the last day.

    Attributes:
        ring: Lots bought, lots sold, lots traded, trades, rush orders and squared return (in 1e-12) of each coarse
            bucket, shape (a day and the lag, 6).
        sums: Sums of the ring over the day that ended the lag ago, shape (6,).
        blocks: The same by half hour, a ring, shape (half hours of a day and two, 6).
        usual: Mean a coarse bucket of each figure with half hours capped, NaN before anything is on record, shape (6,).
        marks: Number of the first bucket on record and of the newest, -1 where none, shape (2,).
        habit: Exponentially weighted squared returns of coarse buckets, and their weight, shape (2,).
        sizes: Buckets of a day, of the lag, least buckets for a comparison, ns of a bucket, buckets of a half hour,
            shape (5,).
    """

    ring: NDArray[np.int64]
    sums: NDArray[np.int64]
    blocks: NDArray[np.int64]
    usual: NDArray[np.float64]
    marks: NDArray[np.int64]
    habit: NDArray[np.float64]
    sizes: NDArray[np.int64]


def new_day(bucket_ns: int) -> Day:
    """Return a day of which nothing is known, of coarse buckets of `bucket_ns`."""
    day, lag = max(1, DAY_NS // bucket_ns), max(1, LAG_NS // bucket_ns)
    block = max(1, BLOCK_NS // bucket_ns)
    sizes = np.array([day, lag, max(1, LEAST_NS // bucket_ns), bucket_ns, block], np.int64)
    n_blocks, held = day // block + 2, day + lag + 1
    return Day(
        ring=np.zeros((held, N_DAY), np.int64),
        sums=np.zeros(N_DAY, np.int64),
        blocks=np.zeros((n_blocks, N_DAY), np.int64),
        usual=np.full(N_DAY, np.nan),
        marks=np.full(2, -1),
        habit=np.zeros(2),
        sizes=sizes,
    )


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
def usual_rate(day: Day, figure: int, span_ns: int) -> float:
    """Return the mean of a figure over a span of time, no half hour counting for more than four typical ones."""
    return float(day.usual[figure] / day.sizes[3] * span_ns)


@nb.njit(cache=True)
def usual_return(day: Day) -> float:
    """Return the root mean squared return of coarse buckets, half hours capped alike; NaN where none is known."""
    return float(np.sqrt(day.usual[SQUARES] / _PER_SQUARE))


@nb.njit(cache=True)
def volatility(day: Day) -> float:
    """Return the root of the weighted mean squared return of coarse buckets; NaN where none is known."""
    return np.sqrt(day.habit[0] / day.habit[1]) if day.habit[1] > 0.0 else np.nan


@nb.njit(cache=True)
def _capped(blocks: NDArray[np.float64]) -> float:
    filled = blocks[blocks > 0.0]
    if len(filled) < LEAST_BLOCKS:
        return float(filled.sum())
    cap, total = CAP * np.median(filled), 0.0
    for k in range(len(blocks)):
        total += min(blocks[k], cap)
    return float(total)


@nb.njit(cache=True)
def _learn_usual(day: Day) -> None:
    recorded = on_record(day)
    if recorded == 0:
        return
    for figure in range(N_DAY):
        day.usual[figure] = _capped(day.blocks[:, figure].astype(np.float64)) / recorded


@nb.njit(cache=True)
def _step(day: Day, number: int) -> None:
    size, n_blocks, block = len(day.ring), len(day.blocks), day.sizes[4]
    enters, leaves = number - day.sizes[1], number - day.sizes[1] - day.sizes[0]
    if enters >= day.marks[FIRST]:
        at, into = enters % size, enters // block % n_blocks
        for f in range(N_DAY):
            day.sums[f] += day.ring[at, f]
            day.blocks[into, f] += day.ring[at, f]
    if leaves >= day.marks[FIRST]:
        at, out_of = leaves % size, leaves // block % n_blocks
        for f in range(N_DAY):
            day.sums[f] -= day.ring[at, f]
            day.blocks[out_of, f] -= day.ring[at, f]


@nb.njit(cache=True)
def pass_empty(day: Day, bucket: int) -> None:
    """Take in the coarse buckets before `bucket` that nothing happened in."""
    if day.marks[FIRST] < 0:
        return
    size, empty = len(day.ring), bucket - day.marks[NEWEST] - 1
    if empty <= 0:
        return
    if empty >= size:
        day.ring[:], day.sums[:], day.blocks[:] = 0, 0, 0
    else:
        for number in range(day.marks[NEWEST] + 1, bucket):
            day.ring[number % size] = 0
            _step(day, number)
    # Empty buckets are returns of zero: they add weight, no square.
    faded = _decay(day) ** empty
    day.habit[0] *= faded
    day.habit[1] = day.habit[1] * faded + (1.0 - faded) / (1.0 - _decay(day))
    day.marks[NEWEST] = bucket - 1
    _learn_usual(day)


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
    row[BOUGHT], row[SOLD], row[TRADED] = whole[BUY], whole[SELL], whole[VOLUME]
    row[COUNT], row[RUSHED] = whole[TRADES], whole[RUSH]
    change = coarse.real[RETURN, bucket % ring_size(coarse)]
    row[SQUARES] = 0 if np.isnan(change) else round(min(change * change, _MOST_SQUARE) * _PER_SQUARE)
    _step(day, bucket)
    day.marks[NEWEST] = bucket
    if not np.isnan(change):
        day.habit[0] = day.habit[0] * _decay(day) + change * change
        day.habit[1] = day.habit[1] * _decay(day) + 1.0
    _learn_usual(day)


@nb.njit(cache=True)
def _decay(day: Day) -> float:
    # Half-life: a quarter of a day.
    return float(0.5 ** (4.0 / day.sizes[0]))
