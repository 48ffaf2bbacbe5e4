"""The book of a market from its order lives: resting quantity on a grid, and best bid and ask over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from training.pictures.lives import FloatArray, IntArray, Lives

_MOST_LEVELS = 260


@dataclass(frozen=True)
class Depth:
    """Resting quantity by time and price.

    Attributes:
        bids: Mean lots that rested in each cell, shape (n_levels, n_columns), lowest price first.
        asks: As `bids`.
        low: Price at the lower edge of the first level.
        high: Price at the upper edge of the last level.
    """

    bids: FloatArray
    asks: FloatArray
    low: float
    high: float


@dataclass(frozen=True)
class Touch:
    """Best prices, one row a change, shape (n_changes,) each.

    Attributes:
        time: When they became so, ns.
        bid: Best bid; NaN without bids.
        ask: Best ask; NaN without asks.
    """

    time: IntArray
    bid: FloatArray
    ask: FloatArray

    def between(self, start: int, end: int) -> Touch:
        """Return the best prices from a time to another, ns; the first row holds those at the start."""
        first, last = np.searchsorted(self.time, [start, end], side="right")
        rows = slice(max(int(first) - 1, 0), int(last))
        time = np.maximum(self.time[rows], start)
        bid, ask = self.bid[rows], self.ask[rows]
        if not len(time):
            return Touch(time, bid, ask)
        return Touch(np.append(time, end), np.append(bid, bid[-1]), np.append(ask, ask[-1]))


def tick_of(prices: FloatArray) -> float:
    """Return the smallest step between prices; NaN where there are fewer than two different ones."""
    # Float prices of one level differ in their last digits after a round trip through text.
    steps = np.diff(np.unique(np.round(prices[np.isfinite(prices)], 10)))
    return float(steps.min()) if len(steps) else float("nan")


def depth(lives: Lives, span: tuple[int, int], prices: tuple[float, float], columns: int) -> Depth:
    """Return the book over a span, averaged over the time of each column.

    Args:
        lives: Pieces of one market.
        span: First and last ns.
        prices: Lowest and highest price shown.
        columns: Number of columns, > 0.
    """
    shown = lives.rests & (lives.end > span[0]) & (lives.start < span[1])
    shown &= (lives.price >= prices[0]) & (lives.price <= prices[1])
    pieces = lives.take(shown)
    tick = tick_of(pieces.price)
    tick = tick if np.isfinite(tick) else max(prices[1] * 1e-4, 1e-12)
    tick *= max(1, int(np.ceil((prices[1] - prices[0]) / tick / _MOST_LEVELS)))
    low = (np.floor(prices[0] / tick) - 0.5) * tick
    levels = int(np.ceil((prices[1] - low) / tick + 1e-9)) + 1
    level = np.minimum(np.floor((pieces.price - low) / tick + 1e-9).astype(np.int64), levels - 1)
    width = (span[1] - span[0]) / columns
    first, last = (np.clip((time - span[0]) / width, 0.0, columns) for time in (pieces.start, pieces.end))
    grids = []
    for side in (1, -1):
        mine = pieces.side == side
        grid = np.zeros((levels, columns))
        _fill(first[mine], last[mine], level[mine], pieces.lots[mine].astype(np.float64), grid)
        grids.append(grid)
    return Depth(grids[0], grids[1], float(low), float(low + levels * tick))


@njit(cache=True)
def _fill(first: FloatArray, last: FloatArray, level: IntArray, lots: FloatArray, grid: FloatArray) -> None:
    """Add each piece to the cells it covers, by the share of the cell's time; times in columns."""
    columns = grid.shape[1]
    for i in range(len(first)):
        column = int(first[i])
        while column < columns and column < last[i]:
            covered = min(last[i], column + 1.0) - max(first[i], float(column))
            grid[level[i], column] += lots[i] * covered
            column += 1


def touch(lives: Lives) -> Touch:
    """Return the best bid and ask whenever one of them changed; of simultaneous messages the last state counts."""
    resting = lives.take(lives.rests)
    prices, level = np.unique(resting.price, return_inverse=True)
    time = np.concatenate([resting.start, resting.end])
    order = np.argsort(time, kind="stable")
    change = np.concatenate([resting.lots, -resting.lots])[order]
    is_ask = (np.concatenate([resting.side, resting.side]) < 0)[order]
    where, bid, ask = _sweep(time[order], np.concatenate([level, level])[order], change, is_ask, len(prices))
    known = np.append(prices, np.nan)
    return Touch(where, known[bid], known[ask])


@njit(cache=True)
def _sweep(
    time: IntArray, level: IntArray, change: IntArray, is_ask: NDArray[np.bool_], levels: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return times and levels of best bid and ask at each change; -1 stands for none."""
    bids, asks = np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    out_time, out_bid, out_ask = np.empty_like(time), np.empty_like(time), np.empty_like(time)
    bid, ask, count = -1, levels, 0
    for i in range(len(time)):
        here = level[i]
        if is_ask[i]:
            asks[here] += change[i]
            ask = min(ask, here) if asks[here] > 0 else ask
            while ask < levels and asks[ask] <= 0:
                ask += 1
        else:
            bids[here] += change[i]
            bid = max(bid, here) if bids[here] > 0 else bid
            while bid >= 0 and bids[bid] <= 0:
                bid -= 1
        if i + 1 < len(time) and time[i + 1] == time[i]:
            continue
        best = ask if ask < levels else -1
        if count == 0 or out_bid[count - 1] != bid or out_ask[count - 1] != best:
            out_time[count], out_bid[count], out_ask[count] = time[i], bid, best
            count += 1
    return out_time[:count], out_bid[:count], out_ask[:count]
