"""The book rebuilt out of order messages: spread and depth over time, and each order's placement and life.

A message is applied as it comes; the book is read between timestamps, for what happens at one timestamp is
simultaneous. A replaced order ends and a new one begins, as in LOBSTER's messages, with which the lives are compared.
Orders that were open before the tape began are unknown: the first readings of a tape that begins mid-day are thin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE, Events

N_BINS = 20
OPEN, DELETED, FILLED, EXPIRED, REJECTED = range(5)
_BUY, _SELL = 0, 1
# Whole figures of an added order: how long it stayed (ns), how it ended, whether it could trade at once.
LIFE, END, MARKETABLE = range(3)


@dataclass(frozen=True)
class Placements:
    """Every order that was added to the book, replacements included, shape (n_added,) each.

    Attributes:
        row: Row of the message that added it.
        is_new: Whether it is a new order, not a replacement.
        marketable: Whether it reached the best price of the other side, or had no price at all.
        behind: How far behind the best price of its own side it was placed, as a share of that price; below 0 inside
            the spread. NaN where that side was empty.
        life_s: Seconds until it was deleted, replaced, filled, expired or rejected; NaN where it stayed open.
        end: OPEN, DELETED (replaced, too), FILLED, EXPIRED or REJECTED.
    """

    row: NDArray[np.int64]
    is_new: NDArray[np.bool_]
    marketable: NDArray[np.bool_]
    behind: NDArray[np.float64]
    life_s: NDArray[np.float64]
    end: NDArray[np.int8]


@dataclass(frozen=True)
class Walk:
    """A book over time.

    Attributes:
        spread: Best ask less best bid over their mean, after each timestamp, shape (n_times,); NaN while a side is
            empty or the book is crossed.
        mid: Their mean.
        held_s: Seconds until the next timestamp.
        time: The timestamps, ns.
        added: Orders that were added.
    """

    spread: NDArray[np.float64]
    mid: NDArray[np.float64]
    held_s: NDArray[np.float64]
    time: NDArray[np.int64]
    added: Placements


@nb.njit(cache=True)
def _best(depth: NDArray[np.int64], best: NDArray[np.int64]) -> None:
    # The pointers wait at the last best price; they move away from the other side over emptied levels.
    while best[_BUY] >= 0 and depth[_BUY, best[_BUY]] <= 0:
        best[_BUY] -= 1
    while best[_SELL] < depth.shape[1] and depth[_SELL, best[_SELL]] <= 0:
        best[_SELL] += 1


@nb.njit(cache=True)
def _rest(depth: NDArray[np.int64], best: NDArray[np.int64], side: int, level: int, lots: int) -> None:
    depth[side, level] += lots
    if lots > 0:
        best[side] = max(best[side], level) if side == _BUY else min(best[side], level)
    _best(depth, best)


@nb.njit(cache=True)
def _placed(
    prices: NDArray[np.float64], best: NDArray[np.int64], side: int, level: int, behind: NDArray[np.float64], row: int
) -> bool:
    # Writes how far behind the touch an order is placed; returns whether it can trade at once.
    if level < 0:
        return True
    own, other = best[side], best[1 - side]
    if 0 <= own < len(prices):
        away = prices[own] - prices[level] if side == _BUY else prices[level] - prices[own]
        behind[row] = away / prices[own]
    if side == _BUY:
        return bool(other < len(prices) and level >= other)
    return bool(other >= 0 and level <= other)


@nb.njit(cache=True)
def _left(kind: int, left: int, lots: int, leaves: int) -> int:
    if kind in (EXPIRE, REJECT) or (kind == CANCEL and lots < 0 and leaves < 0):
        return 0
    if leaves >= 0:
        return leaves
    if kind in (NEW, REPLACE):
        return max(lots, 0)
    return max(left - max(lots, 0), 0)


@nb.njit(cache=True)
def _end(kind: int) -> int:
    if kind == FILL:
        return FILLED
    if kind == EXPIRE:
        return EXPIRED
    return REJECTED if kind == REJECT else DELETED


@nb.njit(cache=True)
def _walk(  # noqa: PLR0913, PLR0917 - numba takes the columns one by one
    time: NDArray[np.int64], kind: NDArray[np.int8], side: NDArray[np.int8], level: NDArray[np.int64],
    lots: NDArray[np.int64], leaves: NDArray[np.int64], order: NDArray[np.int64], n_orders: int,
    prices: NDArray[np.float64], every: int, unit: float, n_bins: int,
    touch: NDArray[np.int64], profile: NDArray[np.float64], whole: NDArray[np.int64], behind: NDArray[np.float64],
) -> None:  # fmt: skip
    depth = np.zeros((2, max(len(prices), 1)), np.int64)
    best = np.array([-1, len(prices)], np.int64)
    left, place = np.zeros(n_orders, np.int64), np.full(n_orders, -1, np.int64)
    placed_side, birth = np.zeros(n_orders, np.int8), np.full(n_orders, -1, np.int64)
    for row in range(len(time)):
        steps = time[row] // every - time[row - 1] // every if row else 0
        if steps > 0:
            _sample(depth, best, prices, unit, n_bins, profile, steps)
        one, what = order[row], kind[row]
        begins = what in (NEW, REPLACE)
        remaining = _left(what, left[one], lots[row], leaves[row])
        if not begins and birth[one] < 0:
            remaining = 0
        if place[one] >= 0:
            # An order without a price, or one that is not known, rests nowhere.
            change = -left[one] if begins else remaining - left[one]
            _rest(depth, best, placed_side[one], place[one], change)
        if birth[one] >= 0 and (begins or remaining == 0):
            whole[birth[one], LIFE], whole[birth[one], END] = time[row] - time[birth[one]], _end(what)
            birth[one] = -1
        if begins:
            keeps = what == REPLACE and level[row] < 0
            place[one] = place[one] if keeps else level[row]
            placed_side[one], birth[one] = (_BUY if side[row] > 0 else _SELL), row
            whole[row, MARKETABLE] = _placed(prices, best, placed_side[one], place[one], behind, row)
            if place[one] >= 0:
                _rest(depth, best, placed_side[one], place[one], remaining)
        left[one] = remaining
        touch[row, _BUY], touch[row, _SELL] = best[_BUY], best[_SELL]


@nb.njit(cache=True)
def _sample(
    depth: NDArray[np.int64], best: NDArray[np.int64], prices: NDArray[np.float64], unit: float, n_bins: int,
    profile: NDArray[np.float64], steps: int,
) -> None:  # fmt: skip
    # Adds the lots within n_bins units of the touch by whole units behind it, and last those at the touch; once for
    # each step of the clock that the book stood so.
    if best[_BUY] < 0 or best[_SELL] >= len(prices) or best[_BUY] >= best[_SELL]:
        return
    for level in range(best[_BUY], -1, -1):
        away = (prices[best[_BUY]] - prices[level]) / unit + 1e-9
        if away >= n_bins:
            break
        profile[int(away)] += steps * depth[_BUY, level]
    for level in range(best[_SELL], len(prices)):
        away = (prices[level] - prices[best[_SELL]]) / unit + 1e-9
        if away >= n_bins:
            break
        profile[int(away)] += steps * depth[_SELL, level]
    profile[n_bins] += steps * (depth[_BUY, best[_BUY]] + depth[_SELL, best[_SELL]])


def walk(orders: Events) -> Walk:
    """Return the book over time and the life of each order that was added to it.

    Args:
        orders: Order messages of one market in total order.
    """
    touch, _, whole, behind, prices = _run(orders, np.inf)
    last = np.flatnonzero(np.append(np.diff(orders.time) > 0, len(orders) > 0))
    bid, ask = touch[last, _BUY], touch[last, _SELL]
    whole_book = (bid >= 0) & (ask < len(prices)) & (bid < ask)
    known = np.append(prices, np.nan)
    mid = np.where(whole_book, 0.5 * (known[bid] + known[ask]), np.nan)
    spread = np.where(whole_book, (known[ask] - known[bid]) / mid, np.nan)
    held = np.append(np.diff(orders.time[last]) / 1e9, 0.0)[: len(last)]
    row = np.flatnonzero((orders.kind == NEW) | (orders.kind == REPLACE))
    life = np.where(whole[row, END] == OPEN, np.nan, whole[row, LIFE] / 1e9)
    added = Placements(
        row, orders.kind[row] == NEW, whole[row, MARKETABLE] == 1, behind[row], life, whole[row, END].astype(np.int8)
    )
    return Walk(spread, mid, held, orders.time[last], added)


def depth_profile(orders: Events, unit: float, every_s: float = 10.0) -> NDArray[np.float64]:
    """Return the mean displayed depth by distance behind the touch, both sides together.

    Args:
        orders: Order messages of one market in total order.
        unit: Width of a bin, in price: the usual spread, say.
        every_s: How often the book is read, seconds.

    Returns:
        Shares of the depth within 20 units of the touch, shape (21,): by bins of one unit, the first of which holds
        the touch, and last the share at the touch itself. All NaN where no book was read.
    """
    _, profile, _, _, _ = _run(orders, unit, every_s)
    total = profile[:N_BINS].sum()
    return profile / total if total > 0.0 else np.full(N_BINS + 1, np.nan)


def _run(
    orders: Events, unit: float, every_s: float = 10.0
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    prices, level = np.unique(orders.price, return_inverse=True)
    prices = prices[np.isfinite(prices)]
    level = np.where(np.isfinite(orders.price), level, -1).astype(np.int64)
    names, order = np.unique(orders.order, return_inverse=True)
    size = len(orders)
    touch, profile = np.zeros((size, 2), np.int64), np.zeros(N_BINS + 1)
    whole, behind = np.zeros((size, 3), np.int64), np.full(size, np.nan)
    every = int(every_s * 1e9)
    _walk(
        orders.time, orders.kind, orders.side, level, orders.lots, orders.leaves, order.astype(np.int64), len(names),
        prices, every, unit, N_BINS if np.isfinite(unit) else 0, touch, profile, whole, behind,
    )  # fmt: skip
    return touch, profile, whole, behind, prices
