"""Features of the market grain: one row from the trailing window of buckets, in catalogue order.

Every mean, deviation and correlation runs once over the window, oldest bucket first, so a row has the same bits
however its events arrived.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.buckets import (
    ATTRIBUTED,
    CANCELLED,
    CLOSE,
    FIRST_TRADE,
    GAP_M2,
    GAP_MEAN,
    GAPS,
    HIGH,
    KNOWN,
    LAST,
    LOW,
    MOMENTS,
    NEW,
    REPLACED,
    RETURN,
    SELF,
    TRADES,
    VOLUME,
    Buckets,
    merge_gaps,
    ring_size,
)  # fmt: skip
from features.catalogue import COLUMN
from features.day import Day
from features.onset import onset
from features.pressure import pressure
from features.shares import EITHER, NET, TAKEN, Shares, effective_takers
from features.shares import TRADES as N_TRADES
from features.shares import VOLUME as TRADED
from features.slots import Slots, find_slot
from features.time_units import MINUTE_NS

CROWD_NS = 30_000_000_000
LEAST_PAIR_TRADES = 3
LATELY_NS = 300_000_000_000
LEAST_SPIKE_NS = 30_000_000_000
"""Shorter buckets are bursts, not spikes."""
LEAST_PRECEDING = 10

_C = COLUMN
(VOLUME_VOLATILITY, PRICE_VOLATILITY, CORRELATION, CONCENTRATION, FREQUENCY, CANCELLATION) = range(6)
VOLUME_RATIO, ROBUST_VOLUME, PRICE_CHANGE = _C["volume_ratio"], _C["robust_volume_ratio"], _C["price_change"]
LASTING_VOLUME, COUNT_DEVIATION = _C["lasting_volume_ratio"], _C["count_deviation"]
BUCKET_RETURN, DEVIATION = _C["bucket_return"], _C["return_deviation"]
RISE, FALL = _C["rise"], _C["fall"]
BURSTINESS, BURST_DEVIATION = _C["arrival_burstiness"], _C["burstiness_deviation"]
TOP_SHARE, SELF_SHARE, PAIR_SHARE = _C["top_account_share"], _C["self_match_share"], _C["pair_share"]
PAIR_NET, PAIR_TRADES, PAIR_VOLUME = _C["pair_net_ratio"], _C["pair_trades"], _C["pair_volume_share"]
ORDER_TO_TRADE = _C["order_to_trade_ratio"]
TOP_NET, TOP_TAKER = _C["top_account_net_ratio"], _C["top_account_taker_ratio"]
ACCOUNT_COUNT, TRADE_COUNT, CROWD = _C["account_count"], _C["trade_count"], _C["crowd"]


@nb.njit(cache=True)
def _spread(row: NDArray[np.float64], volumes: NDArray[np.int64], closes: NDArray[np.float64], close: float) -> None:
    span, volume = len(closes), volumes.sum()
    if span < 2:
        return
    mean_volume, mean_close = volume / span, close / span
    volume_m2, close_m2, product = 0.0, 0.0, 0.0
    for k in range(span):
        from_volume, from_close = volumes[k] - mean_volume, closes[k] - mean_close
        volume_m2 += from_volume * from_volume
        close_m2 += from_close * from_close
        product += from_volume * from_close
    if volume > 0:
        row[VOLUME_VOLATILITY] = np.sqrt(volume_m2 / span) / mean_volume
    row[PRICE_VOLATILITY] = np.sqrt(close_m2 / span) / mean_close
    if volume_m2 > 0.0 and close_m2 > 1e-24 * mean_close * mean_close * span:
        row[CORRELATION] = min(1.0, max(-1.0, product / (np.sqrt(volume_m2) * np.sqrt(close_m2))))


@nb.njit(cache=True)
def _price_moves(row: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    # Returns the sum of the closes, oldest first.
    closes, changes = real[CLOSE], real[RETURN]
    now = len(closes) - 1
    if now < 1:
        return float(closes[now])
    close, squares, returns = 0.0, 0.0, 0
    for k in range(now):
        close += closes[k]
        if not np.isnan(changes[k]):
            squares += changes[k] * changes[k]
            returns += 1
    mean = close / now
    row[BUCKET_RETURN] = changes[now]
    row[RISE] = real[HIGH, now] / mean - 1.0
    row[FALL] = 1.0 - real[LOW, now] / mean
    if now >= 2:
        row[PRICE_CHANGE] = closes[now] / mean - 1.0
    if returns >= 10 and squares > 0.0:
        row[DEVIATION] = abs(changes[now]) / np.sqrt(squares / returns)
    return float(close + closes[now])


@nb.njit(cache=True)
def _volume_ratios(row: NDArray[np.float64], volumes: NDArray[np.int64]) -> None:
    now = len(volumes) - 1
    volume = volumes[:now].sum()
    if now >= 2 and volume > 0:
        row[VOLUME_RATIO] = volumes[now] / (volume / now)
    filled = volumes[:now][volumes[:now] > 0]
    if len(filled) >= 5:
        row[ROBUST_VOLUME] = volumes[now] / np.median(filled)


@nb.njit(cache=True)
def _spikes(row: NDArray[np.float64], volumes: NDArray[np.int64], moments: NDArray[np.int64]) -> None:
    now = len(volumes) - 1
    if now < LEAST_PRECEDING:
        return
    volume = volumes[: now - 1].sum()
    if volume > 0:
        row[LASTING_VOLUME] = min(volumes[now], volumes[now - 1]) / (volume / (now - 1))
    mean, m2 = moments[:now].sum() / now, 0.0
    for k in range(now):
        m2 += (moments[k] - mean) * (moments[k] - mean)
    # Counts spread at least by the root of their mean, by more where orders draw orders.
    row[COUNT_DEVIATION] = (moments[now] - mean) / np.sqrt(max(mean, 1.0) + m2 / now)


@nb.njit(cache=True)
def _arrivals(
    row: NDArray[np.float64], counts: NDArray[np.int64], real: NDArray[np.float64], habit: NDArray[np.float64], n: int
) -> None:
    means, squares = real[GAP_MEAN], real[GAP_M2]
    gaps, mean, m2 = 0, 0.0, 0.0
    for k in range(len(counts)):
        if counts[k] > 0:
            mean, m2 = merge_gaps(gaps, mean, m2, counts[k], means[k], squares[k])
            gaps += counts[k]
    if gaps < 9 or mean <= 0.0:
        return
    deviation = np.sqrt(m2 / gaps)
    burstiness = (deviation - mean) / (deviation + mean)
    row[BURSTINESS] = burstiness
    if habit[2] >= 30.0 and habit[1] > 0.0:
        row[BURST_DEVIATION] = (burstiness - habit[0]) / np.sqrt(habit[1])
    weight = max(1.0 / (habit[2] + 1.0), 0.5 / n)
    step = burstiness - habit[0]
    habit[0] += weight * step
    habit[1] = (1.0 - weight) * (habit[1] + weight * step * step)
    habit[2] += 1.0


@nb.njit(cache=True)
def _entities(row: NDArray[np.float64], window: NDArray[np.int64], volume: int, unknown: int) -> int:
    total, traders, most, best = 0, 0, 0, -1
    for slot in range(len(window)):
        total += window[slot, TRADED]
        traders += window[slot, N_TRADES] > 0
        if window[slot, EITHER] > most:
            most, best = window[slot, EITHER], slot
    if total == 0:
        return -1
    squares = 0.0
    for slot in range(len(window)):
        share = window[slot, TRADED] / total
        squares += share * share
    row[CONCENTRATION] = min(1.0, squares)
    row[TOP_SHARE] = most / volume
    row[TOP_NET] = abs(window[best, NET]) / window[best, TRADED]
    if unknown == 0:
        row[TOP_TAKER] = window[best, TAKEN] / most
    row[ACCOUNT_COUNT] = traders
    return best


@nb.njit(cache=True)
def _pairs(
    row: NDArray[np.float64],
    accounts: Slots,
    window: NDArray[np.int64],
    keys: NDArray[np.int64],
    common: NDArray[np.int64],
    latest: NDArray[np.int64],
    since: int,
    volume: int,
) -> int:
    # Only pairs that met since bucket `since`: what is over does not become news when the rest leaves the window.
    best, best_lots, best_share, settled = -1, 0, 0.0, False
    for slot in range(len(common)):
        if common[slot, N_TRADES] < LEAST_PAIR_TRADES or latest[slot] < since:
            continue
        lots = common[slot, TRADED]
        a, c = keys[slot] >> 32, keys[slot] & 0xFFFFFFFF
        theirs = window[find_slot(accounts, a), EITHER]
        if a != c:
            theirs += window[find_slot(accounts, c), EITHER] - lots
        share = lots / theirs
        # Among pairs that trade mostly with each other the largest counts; else the most exclusive one.
        mostly = share >= 0.5
        if (mostly and (not settled or lots > best_lots)) or (not mostly and not settled and share > best_share):
            best, best_lots, best_share, settled = slot, lots, share, mostly
    if best < 0:
        return -1
    row[PAIR_SHARE] = best_share
    row[PAIR_NET] = abs(common[best, NET]) / best_lots
    row[PAIR_TRADES] = common[best, N_TRADES]
    row[PAIR_VOLUME] = best_lots / volume
    return best


@nb.njit(cache=True)
def _messages(row: NDArray[np.float64], whole: NDArray[np.int64]) -> None:
    new, cancelled, trades = whole[NEW].sum(), whole[CANCELLED].sum(), whole[TRADES].sum()
    messages = new + whole[REPLACED].sum() + cancelled
    row[TRADE_COUNT] = trades
    if new > 0:
        row[CANCELLATION] = cancelled / new
    if messages > 0 and trades > 0:
        row[ORDER_TO_TRADE] = messages / trades


@nb.njit(cache=True)
def market_row(
    row: NDArray[np.float64],
    b: Buckets,
    day: Day,
    accounts: Slots,
    shares: Shares,
    pairs: Slots,
    common: Shares,
) -> tuple[int, int]:
    """Fill one feature row for the window that ends with the last closed bucket.

    Args:
        row: Output in catalogue order, shape (n_features,).
        b: The scale.
        day: The day behind the market.
        accounts: Slots of entities.
        shares: Entities' figures at this scale.
        pairs: Slots of pairs.
        common: Pairs' figures at this scale.

    Returns:
        Entity with the largest share, and the key of the most exclusive pair; -1 where unknown.
    """
    row[:] = np.nan
    n, last = ring_size(b), b.marks[LAST]
    begin = max(0, last - n + 1)
    whole = b.whole[:, begin % n : begin % n + last - begin + 1]
    known = whole[KNOWN].sum()
    _messages(row, whole)
    if b.marks[FIRST_TRADE] >= 0:
        first = max(b.marks[FIRST_TRADE], begin)
        priced, real = whole[:, first - begin :], b.real[:, first % n : first % n + last - first + 1]
        row[FREQUENCY] = priced[TRADES].sum() / (priced.shape[1] * b.span_ns[0] / MINUTE_NS)
        _volume_ratios(row, priced[VOLUME])
        if b.span_ns[0] >= LEAST_SPIKE_NS:
            _spikes(row, priced[VOLUME], priced[MOMENTS])
        close = _price_moves(row, real)
        _spread(row, priced[VOLUME], real[CLOSE], close)
        _arrivals(row, priced[GAPS], real, b.habit, n)
        pressure(row, priced, real, b.span_ns[0], (last + 1) * b.span_ns[0], day, known)
        onset(row, priced, real, b.span_ns[0], known)
    volume = whole[VOLUME].sum()
    if volume == 0 or whole[ATTRIBUTED].sum() == 0:
        return -1, -1
    row[SELF_SHARE] = whole[SELF].sum() / volume
    if known > 0:
        row[CROWD] = effective_takers(shares, last + 1 - max(1, CROWD_NS // b.span_ns[0]))
    window, keys = shares.window[: accounts.used[0]], pairs.keys[: pairs.used[0]]
    top = _entities(row, window, volume, whole[TRADES].sum() - known)
    since = last - LATELY_NS // b.span_ns[0] + 1
    pair = _pairs(row, accounts, window, keys, common.window[: len(keys)], common.latest, since, volume)
    return (accounts.keys[top] if top >= 0 else -1), (keys[pair] if pair >= 0 else -1)
