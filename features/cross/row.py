"""A row of the cross grain from the grid."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.cross.grid import FROM_HERE, FROM_THERE, OTHER, SIDE, SINCE, TRADES_HERE, TRADES_THERE, Grid, follow_gap
from features.cross_catalogue import CROSS_COLUMN, CROSS_FEATURES

N_FEATURES = len(CROSS_FEATURES)
_GAP, _NET, _SIDE, _GAP_S = (CROSS_COLUMN[n] for n in ("price_gap_bps", "net_gap_bps", "gap_side", "gap_s"))
_GAP_TRADES, _SIZE, _VALUE = (CROSS_COLUMN[n] for n in ("gap_trades", "gap_size", "gap_value"))
_MOVED, _RETURN, _THEIRS = (CROSS_COLUMN[n] for n in ("moved_share", "return_bps", "others_return_bps"))
_USUAL, _LEAD, _LEAD_R = (CROSS_COLUMN[n] for n in ("usual_return_bps", "lead_s", "lead_correlation"))
_SHARE, _TOGETHER = CROSS_COLUMN["volume_share"], CROSS_COLUMN["volume_correlation"]
_SIGNED, _SIGNED_THERE = CROSS_COLUMN["signed_imbalance"], CROSS_COLUMN["others_imbalance"]
_CHANGE, _RATIO = CROSS_COLUMN["price_change"], CROSS_COLUMN["volume_ratio"]
_LEAST_BUCKETS = 20


@nb.njit(cache=True, error_model="numpy")
def write_rows(
    grid: Grid,
    order: NDArray[np.int64],
    fees: NDArray[np.float64],
    bucket_s: float,
    stale: int,
    out: NDArray[np.float64],
) -> None:
    """Write the row of every market of a group for the bucket that the grid has just taken.

    Args:
        grid: The grid; its gaps move on.
        order: Numbers of the markets in the order of their names, in which floats are summed.
        fees: Taker fees, basis points.
        bucket_s: Length of a bucket, seconds.
        stale: Buckets without a trade after which a price is unknown.
        out: Output, one row a market by its number, NaN at first, shape (n_markets, n_features).
    """
    n, lag = grid.volume.shape[0], max(round(60.0 / bucket_s), 1)
    fresh, steps, weight = grid.last[0] - grid.traded <= stale, _steps(grid), np.zeros(n)
    for m in range(n):
        weight[m] = grid.volume[m, lag:].sum()
    for m in order:
        _write_gap(grid, m, order, fresh, fees, bucket_s, lag, out[m])
        _write_level(grid, m, order, fresh, weight, lag, out[m])
        _write_pressure(grid, m, order, lag, out[m])
        _write_together(grid, m, order, steps, weight, lag, bucket_s, out[m])
        _write_context(grid, m, steps, out[m])


@nb.njit(cache=True, error_model="numpy")
def _steps(grid: Grid) -> NDArray[np.float64]:
    """Return the log return of each bucket after the first, NaN where unknown, shape (n_markets, n_buckets - 1)."""
    return np.log(grid.close[:, 1:] / grid.close[:, :-1])


@nb.njit(cache=True, error_model="numpy")
def _write_level(
    grid: Grid, m: int, order: NDArray[np.int64], fresh: NDArray[np.bool_], weight: NDArray[np.float64], lag: int,
    row: NDArray[np.float64],
) -> None:  # fmt: skip
    width = grid.volume.shape[1]
    level, lately, total = 0.0, 0.0, 0.0
    for o in order:
        if o != m and fresh[o] and weight[o] > 0.0:
            moved = np.log(grid.close[o, width - 1] / grid.close[o, width - 1 - lag])
            level += weight[o] * grid.close[o, width - 1]
            lately += weight[o] * (moved if not np.isnan(moved) else 0.0)
            total += weight[o]
    if fresh[m] and total > 0.0:
        row[_GAP] = (grid.close[m, width - 1] / (level / total) - 1.0) * 1e4
        row[_RETURN] = 1e4 * np.log(grid.close[m, width - 1] / grid.close[m, width - 1 - lag])
        row[_THEIRS] = 1e4 * lately / total


@nb.njit(cache=True, error_model="numpy")
def _write_pressure(grid: Grid, m: int, order: NDArray[np.int64], lag: int, row: NDArray[np.float64]) -> None:
    bought, sold, first = 0.0, 0.0, grid.volume.shape[1] - lag
    for o in order:
        if o != m:
            bought += grid.bought[o, first:].sum()
            sold += grid.sold[o, first:].sum()
    row[_SIGNED_THERE] = _imbalance(bought, sold)
    row[_SIGNED] = _imbalance(grid.bought[m, first:].sum(), grid.sold[m, first:].sum())


@nb.njit(cache=True, error_model="numpy")
def _write_together(
    grid: Grid, m: int, order: NDArray[np.int64], steps: NDArray[np.float64], weight: NDArray[np.float64], lag: int,
    bucket_s: float, row: NDArray[np.float64],
) -> None:  # fmt: skip
    width, weights = grid.volume.shape[1], 0.0
    volumes, busy, theirs = np.zeros(width - lag), np.zeros(width - lag), np.zeros(width - 1)
    for o in order:
        if o != m:
            volumes += grid.volume[o, lag:]
            busy += grid.trades[o, lag:]
            weights += weight[o]
            theirs += weight[o] * np.where(np.isnan(steps[o]), 0.0, steps[o])
    if weight[m] + weights > 0.0:
        row[_SHARE] = weight[m] / (weight[m] + weights)
    if min(np.count_nonzero(busy), np.count_nonzero(grid.trades[m, lag:])) >= _LEAST_BUCKETS:
        row[_TOGETHER] = _pearson(grid.volume[m, lag:], volumes)
        _write_lead(np.where(np.isnan(steps[m]), 0.0, steps[m]), theirs, lag, bucket_s, row)


@nb.njit(cache=True, error_model="numpy")
def _write_gap(
    grid: Grid, m: int, order: NDArray[np.int64], fresh: NDArray[np.bool_], fees: NDArray[np.float64],
    bucket_s: float, lag: int, row: NDArray[np.float64],
) -> None:  # fmt: skip
    net, gap, width = follow_gap(grid, m, order, fresh, fees, lag), grid.gap[m], grid.volume.shape[1]
    if np.isnan(net):
        return
    other = int(gap[OTHER])
    price = grid.close[m, width - 1]
    size = min(grid.volume[m, width - lag :].sum(), grid.volume[other, width - lag :].sum())
    row[_NET], row[_SIDE], row[_SIZE], row[_VALUE] = net, gap[SIDE], size, size * price * net / 1e4
    row[_GAP_S], row[_GAP_TRADES] = 0.0, 0.0
    if net > 0.0:
        row[_GAP_S] = (grid.last[0] - gap[SINCE] + 1.0) * bucket_s
        row[_GAP_TRADES] = min(gap[TRADES_HERE], gap[TRADES_THERE])
        here = abs(np.log(price) - gap[FROM_HERE])
        there = abs(np.log(grid.close[other, width - 1]) - gap[FROM_THERE])
        if here + there > 0.0:
            row[_MOVED] = here / (here + there)


@nb.njit(cache=True, error_model="numpy")
def _imbalance(bought: float, sold: float) -> float:
    return (bought - sold) / (bought + sold) if bought + sold > 0.0 else np.nan


@nb.njit(cache=True, error_model="numpy")
def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    x, y = one - one.mean(), other - other.mean()
    spread = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / spread) if spread > 0.0 else np.nan


@nb.njit(cache=True, error_model="numpy")
def _write_lead(
    own: NDArray[np.float64], theirs: NDArray[np.float64], lag: int, bucket_s: float, row: NDArray[np.float64]
) -> None:
    n = len(own)
    best = np.nan
    for distance in range(lag + 1):
        for shift in (distance, -distance):
            # The nearest lag first: of equals it is the answer.
            ahead = max(shift, 0)
            behind = max(-shift, 0)
            found = _pearson(own[behind : n - ahead], theirs[ahead : n - behind])
            if not np.isnan(found) and (np.isnan(best) or found > best):
                best = found
                row[_LEAD], row[_LEAD_R] = shift * bucket_s, found


@nb.njit(cache=True, error_model="numpy")
def _write_context(grid: Grid, m: int, steps: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    width = grid.close.shape[1]
    level, known, squares, returns = 0.0, 0, 0.0, 0
    for t in range(width - 1):
        if not np.isnan(grid.close[m, t]):
            level += grid.close[m, t]
            known += 1
        if t > 0 and not np.isnan(steps[m, t - 1]):
            squares += steps[m, t - 1] ** 2
            returns += 1
    if known > 0:
        row[_CHANGE] = grid.close[m, width - 1] / (level / known) - 1.0
    if returns >= _LEAST_BUCKETS:
        row[_USUAL] = 1e4 * np.sqrt(squares / returns)
    before = grid.volume[m, : width - 1].sum()
    if before > 0.0:
        row[_RATIO] = grid.volume[m, width - 1] * (width - 1) / before
