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


@nb.njit(cache=True)
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
    n, width = grid.volume.shape
    lag = max(round(60.0 / bucket_s), 1)
    fresh = grid.last[0] - grid.traded <= stale
    weight = np.zeros(n)
    for m in range(n):
        weight[m] = grid.volume[m, lag:].sum()
    for m in order:
        row = out[m]
        _write_gap(grid, m, order, fresh, fees, bucket_s, lag, row)
        theirs, weights, volumes, busy = np.zeros(width - 1), 0.0, np.zeros(width - lag), np.zeros(width - lag)
        level, lately, level_weight, bought, sold = 0.0, 0.0, 0.0, 0.0, 0.0
        for o in order:
            if o == m:
                continue
            volumes += grid.volume[o, lag:]
            busy += grid.trades[o, lag:]
            weights += weight[o]
            bought += grid.bought[o, width - lag :].sum()
            sold += grid.sold[o, width - lag :].sum()
            if fresh[o] and weight[o] > 0.0:
                level += weight[o] * grid.close[o, width - 1]
                level_weight += weight[o]
                moved = np.log(grid.close[o, width - 1] / grid.close[o, width - 1 - lag])
                lately += weight[o] * (moved if not np.isnan(moved) else 0.0)
            for t in range(width - 1):
                step = np.log(grid.close[o, t + 1] / grid.close[o, t])
                theirs[t] += weight[o] * (step if not np.isnan(step) else 0.0)
        if fresh[m] and level_weight > 0.0:
            row[_GAP] = (grid.close[m, width - 1] / (level / level_weight) - 1.0) * 1e4
            row[_RETURN] = 1e4 * np.log(grid.close[m, width - 1] / grid.close[m, width - 1 - lag])
            row[_THEIRS] = 1e4 * lately / level_weight
        if weight[m] + weights > 0.0:
            row[_SHARE] = weight[m] / (weight[m] + weights)
        row[_SIGNED_THERE] = _imbalance(bought, sold)
        row[_SIGNED] = _imbalance(grid.bought[m, width - lag :].sum(), grid.sold[m, width - lag :].sum())
        enough = np.count_nonzero(busy) >= _LEAST_BUCKETS and np.count_nonzero(grid.trades[m, lag:]) >= _LEAST_BUCKETS
        if enough:
            row[_TOGETHER] = _pearson(grid.volume[m, lag:], volumes)
            _write_lead(grid, m, theirs, lag, bucket_s, row)
        _write_context(grid, m, row)


@nb.njit(cache=True)
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


@nb.njit(cache=True)
def _imbalance(bought: float, sold: float) -> float:
    return (bought - sold) / (bought + sold) if bought + sold > 0.0 else np.nan


@nb.njit(cache=True)
def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    x, y = one - one.mean(), other - other.mean()
    spread = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / spread) if spread > 0.0 else np.nan


@nb.njit(cache=True)
def _write_lead(
    grid: Grid, m: int, theirs: NDArray[np.float64], lag: int, bucket_s: float, row: NDArray[np.float64]
) -> None:
    width = grid.close.shape[1]
    own = np.zeros(width - 1)
    for t in range(width - 1):
        step = np.log(grid.close[m, t + 1] / grid.close[m, t])
        own[t] = step if not np.isnan(step) else 0.0
    best = np.nan
    for distance in range(lag + 1):
        for shift in (distance, -distance):
            # The nearest lag first: of equals it is the answer.
            ahead = max(shift, 0)
            behind = max(-shift, 0)
            found = _pearson(own[behind : width - 1 - ahead], theirs[ahead : width - 1 - behind])
            if not np.isnan(found) and (np.isnan(best) or found > best):
                best = found
                row[_LEAD], row[_LEAD_R] = shift * bucket_s, found


@nb.njit(cache=True)
def _write_context(grid: Grid, m: int, row: NDArray[np.float64]) -> None:
    width = grid.close.shape[1]
    level, known, squares, returns = 0.0, 0, 0.0, 0
    for t in range(width - 1):
        if not np.isnan(grid.close[m, t]):
            level += grid.close[m, t]
            known += 1
            if t > 0 and not np.isnan(grid.close[m, t - 1]):
                squares += np.log(grid.close[m, t] / grid.close[m, t - 1]) ** 2
                returns += 1
    if known > 0:
        row[_CHANGE] = grid.close[m, width - 1] / (level / known) - 1.0
    if returns >= _LEAST_BUCKETS:
        row[_USUAL] = 1e4 * np.sqrt(squares / returns)
    before = grid.volume[m, : width - 1].sum()
    if before > 0.0:
        row[_RATIO] = grid.volume[m, width - 1] * (width - 1) / before
