"""The onset of a burst: what tells its first seconds from its continuation.

A pump stays loud for minutes, and an alert is due once, at its beginning. There the last 25 seconds stand out from the
25 before them, from the loudest 25 of the minutes before, and from a price that hardly moved. All of it lies within the
window, so that a market with an hour of history is judged like an old one. Source: the features of La Morgia et al.
2020 are changes of moving sums from one 25 s bin to the next; measured on `data/pumps`, see `training/README.md`.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.buckets import BUY, CLOSE, HIGH, LOW, RUSH, TRADES, VOLUME
from features.catalogue import COLUMN as _C
from features.time_units import SECOND_NS

BURST_S, SOON_S, LONG_S = 25, 300, 1800
FLOOR_COUNT, FLOOR_SHARE = 0.006, 0.01
"""What is added to both sides of a ratio: of counts, and of lots as a share of the window's mean."""

_BUY, _TRADE, _RUSH = (
    (_C[f"{name}_jump"], _C[f"{name}_record_300s"], _C[f"{name}_record_1800s"]) for name in ("buy", "trade", "rush")
)
RANGE_300, RANGE_1800 = _C["range_before_300s"], _C["range_before_1800s"]


@nb.njit(cache=True)
def _buckets(seconds: int, span_ns: int) -> int:
    return max(1, seconds * SECOND_NS // span_ns)


@nb.njit(cache=True)
def _stand_out(
    row: NDArray[np.float64], into: tuple[int, int, int], amount: NDArray[np.int64], floor: float, span_ns: int
) -> None:
    burst, soon, long = _buckets(BURST_S, span_ns), _buckets(SOON_S, span_ns), _buckets(LONG_S, span_ns)
    size = len(amount)
    if size < 2 * burst:
        return
    now = amount[size - burst :].sum() + floor
    total = amount[size - 2 * burst : size - burst].sum()
    row[into[0]] = np.log(now / (total + floor))
    # The first bucket of each earlier burst, from the latest one backwards.
    largest, first = total, size - 2 * burst
    for back in range(1, min(long, first + 1)):
        if back == soon:
            row[into[1]] = np.log(now / (largest + floor))
        total += amount[first - back] - amount[first - back + burst]
        largest = max(largest, total)
    reached = min(long, first + 1)
    if reached == soon:
        row[into[1]] = np.log(now / (largest + floor))
    if reached == long:
        row[into[2]] = np.log(now / (largest + floor))


@nb.njit(cache=True)
def _range(real: NDArray[np.float64], seconds: int, span_ns: int) -> float:
    burst, span = _buckets(BURST_S, span_ns), _buckets(seconds, span_ns)
    end = real.shape[1] - burst
    if end < span:
        return np.nan
    high, low = -np.inf, np.inf
    for k in range(end - span, end):
        # A bucket without a trade has the price that stood; NaN never compares.
        high, low = max(high, real[CLOSE, k]), min(low, real[CLOSE, k])
        high = max(high, real[HIGH, k])
        low = min(low, real[LOW, k])
    return float(np.log(high / low))


@nb.njit(cache=True)
def onset(
    row: NDArray[np.float64], whole: NDArray[np.int64], real: NDArray[np.float64], span_ns: int, known: int
) -> None:
    """Fill the features of the onset of a burst.

    Args:
        row: Output in catalogue order.
        whole: Whole figures of the window's buckets from the first trade on, oldest first, shape (N_WHOLE, buckets).
        real: Their real figures, shape (N_REAL, buckets).
        span_ns: Length of a bucket, ns.
        known: Trades of the window whose aggressor is known.
    """
    _stand_out(row, _TRADE, whole[TRADES], FLOOR_COUNT, span_ns)
    row[RANGE_300], row[RANGE_1800] = _range(real, SOON_S, span_ns), _range(real, LONG_S, span_ns)
    if known > 0:
        mean = whole[VOLUME].sum() / whole.shape[1] * _buckets(BURST_S, span_ns)
        _stand_out(row, _BUY, whole[BUY], FLOOR_SHARE * mean + 1e-9, span_ns)
        _stand_out(row, _RUSH, whole[RUSH], FLOOR_COUNT, span_ns)
