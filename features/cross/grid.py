"""The grid: what each market of a group did in the buckets of the window, and the gap in which it stands."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.cross.prints import Prints

WINDOW_S, LAG_S = 600, 60
_NO_BUCKET = -(2**62)


class Grid(NamedTuple):
    """The window of a group's markets, oldest bucket first.

    Attributes:
        last: Number of the last bucket, shape (1,).
        volume: Base units, shape (n_markets, n_buckets).
        bought: Base units that takers bought, likewise.
        sold: Base units that takers sold, likewise.
        trades: Number of trades, likewise.
        close: Last price, carried through empty buckets, NaN before the first, likewise.
        extremes: Lowest and highest price of the last bucket with trades, shape (n_markets, 2).
        traded: Number of the last bucket with trades, far below 0 before the first, shape (n_markets,).
        gap: Of the gap: the other market's number (-1: none), side, first bucket, trades here and there, log price
            here and there a minute before it, shape (n_markets, 7).
    """

    last: NDArray[np.int64]
    volume: NDArray[np.float64]
    bought: NDArray[np.float64]
    sold: NDArray[np.float64]
    trades: NDArray[np.float64]
    close: NDArray[np.float64]
    extremes: NDArray[np.float64]
    traded: NDArray[np.int64]
    gap: NDArray[np.float64]


OTHER, SIDE, SINCE, TRADES_HERE, TRADES_THERE, FROM_HERE, FROM_THERE = range(7)


def new_grid(n_buckets: int) -> Grid:
    """Return the grid of a group without markets."""
    ring = np.zeros((0, n_buckets))
    return Grid(
        np.array([_NO_BUCKET]), ring, ring, ring, ring, ring, np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 7))
    )  # fmt: skip


def with_market(grid: Grid) -> Grid:
    """Return the grid with one market more, of which nothing is known."""
    blank = np.zeros((1, grid.volume.shape[1]))
    rings = {name: np.concatenate([getattr(grid, name), blank]) for name in ("volume", "bought", "sold", "trades")}
    no_gap = np.full((1, 7), np.nan)
    no_gap[0, OTHER] = -1.0
    return grid._replace(
        **rings,
        close=np.concatenate([grid.close, blank * np.nan]),
        extremes=np.concatenate([grid.extremes, np.full((1, 2), np.nan)]),
        traded=np.append(grid.traded, _NO_BUCKET),
        gap=np.concatenate([grid.gap, no_gap]),
    )


@nb.njit(cache=True, error_model="numpy")
def take_bucket(grid: Grid, bucket: int, prints: Prints, begin: int, end: int) -> None:
    """Move the window to a bucket and put its trades in.

    Args:
        grid: The grid, changed in place.
        bucket: Number of the bucket, beyond the last one.
        prints: Trades of the group.
        begin: The first trade of the bucket.
        end: The first trade after it.
    """
    n, width = grid.volume.shape
    steps = min(bucket - grid.last[0], width) if grid.last[0] != _NO_BUCKET else width
    for m in range(n):
        carried = grid.close[m, width - 1]
        for ring in (grid.volume, grid.bought, grid.sold, grid.trades, grid.close):
            ring[m, : width - steps] = ring[m, steps:].copy()
            ring[m, width - steps :] = 0.0
        grid.close[m, width - steps :] = carried
    grid.last[0] = bucket
    for i in range(begin, end):
        m, price, quantity = prints.slot[i], prints.price[i], prints.quantity[i]
        if grid.traded[m] != bucket:
            grid.traded[m] = bucket
            grid.extremes[m] = price
        grid.extremes[m, 0] = min(grid.extremes[m, 0], price)
        grid.extremes[m, 1] = max(grid.extremes[m, 1], price)
        grid.close[m, width - 1] = price
        grid.volume[m, width - 1] += quantity
        grid.trades[m, width - 1] += 1.0
        if prints.side[i] > 0:
            grid.bought[m, width - 1] += quantity
        elif prints.side[i] < 0:
            grid.sold[m, width - 1] += quantity


@nb.njit(cache=True, error_model="numpy")
def net_gap(grid: Grid, m: int, other: int, side: int, fees: NDArray[np.float64]) -> float:
    """Return what is left of the gap between two markets, basis points, if market m is the dearer (side 1) or cheaper.

    Args:
        grid: The grid.
        m: Number of the one.
        other: Number of the other.
        side: 1 or -1.
        fees: Taker fees of the markets, basis points.
    """
    dear, cheap = (m, other) if side > 0 else (other, m)
    return float((grid.extremes[dear, 0] / grid.extremes[cheap, 1] - 1.0) * 1e4 - fees[m] - fees[other])


@nb.njit(cache=True, error_model="numpy")
def follow_gap(
    grid: Grid, m: int, order: NDArray[np.int64], fresh: NDArray[np.bool_], fees: NDArray[np.float64], lag: int
) -> float:
    """Let a market's gap go on, end or begin; return the net gap, NaN where it cannot be told.

    Args:
        grid: The grid, after the bucket; its `gap` is changed in place.
        m: Number of the market.
        order: Numbers of the markets in the order of their names.
        fresh: Which of them have a price that is not stale.
        fees: Taker fees, basis points.
        lag: Buckets of a minute.
    """
    gap, width = grid.gap[m], grid.volume.shape[1]
    other = int(gap[OTHER])
    if other >= 0 and fresh[m] and fresh[other]:
        net = net_gap(grid, m, other, int(gap[SIDE]), fees)
        if net > 0.0 and gap[SINCE] >= 0.0:
            gap[TRADES_HERE] += grid.trades[m, width - 1]
            gap[TRADES_THERE] += grid.trades[other, width - 1]
            return net
    gap[OTHER], best = -1.0, np.nan
    for other in order:
        if other == m or not fresh[m] or not fresh[other]:
            continue
        for side in (1, -1):
            net = net_gap(grid, m, other, side, fees)
            if np.isnan(best) or net > best:
                best = net
                gap[OTHER], gap[SIDE], gap[SINCE] = other, side, -1.0
    if best > 0.0:
        other = int(gap[OTHER])
        gap[SINCE] = grid.last[0]
        gap[TRADES_HERE], gap[TRADES_THERE] = grid.trades[m, width - 1], grid.trades[other, width - 1]
        gap[FROM_HERE], gap[FROM_THERE] = _log_before(grid, m, lag), _log_before(grid, other, lag)
    return best


@nb.njit(cache=True, error_model="numpy")
def _log_before(grid: Grid, m: int, lag: int) -> float:
    width = grid.close.shape[1]
    for at in range(width - 1 - lag, width):
        if not np.isnan(grid.close[m, at]):
            return float(np.log(grid.close[m, at]))
    return np.nan
