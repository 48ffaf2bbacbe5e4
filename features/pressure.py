"""Buying pressure: what tells the first seconds of a pump from a trending or a thin market.

Multiplied buying, market orders that sweep the book within a millisecond, a rise beyond the market's own habit, all
against the quiet before. Logarithms of ratios are floored by 1 % of the usual volume, so that a dead market does not
divide by zero. Source: measured on `data/pumps`, see `training/README.md`; rush orders after La Morgia et al. 2020.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import day as past
from features.buckets import BUY, CLOSE, HIGH, LAST, RUSH, SELL, SWEEP, TRADES, VOLUME, Buckets
from features.catalogue import COLUMN as _C
from features.day import Day

SECOND_NS = 1_000_000_000
RECENT_NS = 30 * SECOND_NS
LEAST_VOLATILITY = 2e-4

RUSH_ORDERS, BUY_SURGE, IMBALANCE = _C["rush_orders"], _C["buy_surge"], _C["signed_imbalance"]
RUSH_RATE, SWEEPS, RECENT_TRADES, TRADE_SURGE = _C["rush_rate"], _C["sweep"], _C["recent_trades"], _C["trade_surge"]
BUY_RECORD, BUY_ACCELERATION, VOLUME_SURGE = _C["buy_record"], _C["buy_acceleration"], _C["volume_surge"]
BUY_SHARE_60, BUY_SHARE_300 = _C["buy_share_60s"], _C["buy_share_300s"]
RISE_10, RISE_120, RISE_DEVIATION = _C["rise_10s"], _C["rise_120s"], _C["rise_deviation"]
ABOVE_HIGH, DAY_VOLATILITY = _C["above_high"], _C["day_volatility"]
HOUR_PHASE, HALF_HOUR_PHASE = _C["hour_phase_s"], _C["half_hour_phase_s"]


@nb.njit(cache=True)
def _buckets(b: Buckets, seconds: int) -> int:
    return max(1, seconds * SECOND_NS // b.span_ns[0])


@nb.njit(cache=True)
def _sum(b: Buckets, figure: int, first: int, last: int) -> int:
    n, total = len(b.whole), 0
    for k in range(first, last + 1):
        total += b.whole[k % n, figure]
    return total


@nb.njit(cache=True)
def _rise(b: Buckets, seconds: int, first: int, last: int) -> float:
    n, before = len(b.real), last - _buckets(b, seconds)
    if before < first:
        return np.nan
    high = -np.inf
    for k in range(before + 1, last + 1):
        # NaN highs (buckets without a trade) never compare greater.
        if b.real[k % n, HIGH] > high:
            high = b.real[k % n, HIGH]
    return np.log(high / b.real[before % n, CLOSE]) if high > 0.0 else np.nan


@nb.njit(cache=True)
def _share(b: Buckets, seconds: int, first: int, last: int) -> float:
    begin = max(first, last - _buckets(b, seconds) + 1)
    bought = _sum(b, BUY, begin, last)
    signed = bought + _sum(b, SELL, begin, last)
    return bought / signed if signed > 0 else np.nan


@nb.njit(cache=True)
def _largest_buying(b: Buckets, span: int, first: int, last: int) -> int:
    # Largest sum of `span` successive buckets between first and last.
    n, total, largest = len(b.whole), 0, 0
    for k in range(first, last + 1):
        total += b.whole[k % n, BUY]
        if k - span >= first:
            total -= b.whole[(k - span) % n, BUY]
        largest = max(largest, total)
    return largest


@nb.njit(cache=True)
def _highest(b: Buckets, first: int, last: int) -> float:
    n, high = len(b.real), np.nan
    for k in range(first, last + 1):
        value = b.real[k % n, HIGH]
        if value > high or (np.isnan(high) and not np.isnan(value)):
            high = value
    return high


@nb.njit(cache=True)
def _bursts(row: NDArray[np.float64], b: Buckets, first: int, last: int, known: int) -> None:
    n, begin = len(b.whole), max(first, last - _buckets(b, 30) + 1)
    row[RECENT_TRADES] = _sum(b, TRADES, begin, last)
    if known > 0:
        row[RUSH_ORDERS] = _sum(b, RUSH, begin, last)
        sweep = 0.0
        for k in range(begin, last + 1):
            sweep += b.real[k % n, SWEEP]
        row[SWEEPS] = sweep
        row[BUY_SHARE_60] = _share(b, 60, first, last)
        row[BUY_SHARE_300] = _share(b, 300, first, last)
    signed = b.whole[last % n, BUY] + b.whole[last % n, SELL]
    if signed > 0:
        row[IMBALANCE] = (b.whole[last % n, BUY] - b.whole[last % n, SELL]) / signed


@nb.njit(cache=True)
def _surges(row: NDArray[np.float64], b: Buckets, first: int, last: int, day: Day) -> None:
    recent = _buckets(b, 30)
    span = recent * b.span_ns[0]
    begin = max(first, last - recent + 1)
    bought, traded = _sum(b, BUY, begin, last), _sum(b, VOLUME, begin, last)
    if not past.is_comparable(day):
        return
    usual_buy, usual = past.rate(day, past.BOUGHT, span), past.rate(day, past.TRADED, span)
    floor = 0.01 * usual + 1e-9
    row[TRADE_SURGE] = np.log((row[RECENT_TRADES] + 0.006) / (past.rate(day, past.COUNT, span) + 0.006))
    if np.isnan(row[RUSH_ORDERS]):
        return
    if usual_buy > 0.0:
        row[BUY_SURGE] = bought / usual_buy
    row[RUSH_RATE] = np.log((row[RUSH_ORDERS] + 0.006) / (past.rate(day, past.RUSHED, span) + 0.006))
    minute, hour = last - _buckets(b, 60), max(first, last - len(b.whole) + 1)
    if minute - recent >= hour:
        row[BUY_RECORD] = np.log((bought + floor) / (_largest_buying(b, recent, hour, minute) + floor))
    quiet = last - _buckets(b, 300)
    if quiet >= hour:
        mean = _sum(b, VOLUME, hour, quiet) * recent / (quiet - hour + 1)
        row[VOLUME_SURGE] = np.log((traded + floor) / (mean + floor))
        before = last - recent
        if before > quiet:
            mean = _sum(b, BUY, quiet + 1, before) * recent / (before - quiet)
            row[BUY_ACCELERATION] = np.log((bought + floor) / (mean + floor))


@nb.njit(cache=True)
def pressure(row: NDArray[np.float64], b: Buckets, first: int, day: Day, known: int) -> None:
    """Fill the features of buying pressure for the window that ends with the last closed bucket.

    Args:
        row: Output in catalogue order.
        b: The scale.
        first: First bucket of the window that is known.
        day: The day behind the market.
        known: Trades of the window whose aggressor is known.
    """
    last, n = b.marks[LAST], len(b.real)
    _bursts(row, b, first, last, known)
    _surges(row, b, first, last, day)
    row[RISE_10], row[RISE_120] = _rise(b, 10, first, last), _rise(b, 120, first, last)
    habit = past.volatility(day)
    row[DAY_VOLATILITY] = habit
    row[RISE_DEVIATION] = _rise(b, 30, first, last) / max(habit, LEAST_VOLATILITY)
    minute = last - _buckets(b, 60)
    if minute >= first:
        row[ABOVE_HIGH] = np.log(b.real[last % n, CLOSE] / _highest(b, first, minute))
    second = (last + 1) * b.span_ns[0] // SECOND_NS
    row[HOUR_PHASE] = (second + 1800) % 3600 - 1800
    row[HALF_HOUR_PHASE] = (second + 900) % 1800 - 900
