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
from features.buckets import BUY, CLOSE, HIGH, RUSH, RUSH_SELL, SELL, SWEEP, TRADES, VOLUME
from features.catalogue import COLUMN as _C
from features.day import Day
from features.time_units import SECOND_NS

LEAST_VOLATILITY = 2e-4

RUSH_ORDERS, BUY_SURGE, IMBALANCE = _C["rush_orders"], _C["buy_surge"], _C["signed_imbalance"]
RUSH_RATE, SWEEPS, RECENT_TRADES, TRADE_SURGE = _C["rush_rate"], _C["sweep"], _C["recent_trades"], _C["trade_surge"]
BUY_RECORD, BUY_ACCELERATION, VOLUME_SURGE = _C["buy_record"], _C["buy_acceleration"], _C["volume_surge"]
BUY_SHARE_60, BUY_SHARE_300 = _C["buy_share_60s"], _C["buy_share_300s"]
RISE_10, RISE_120, RISE_DEVIATION = _C["rise_10s"], _C["rise_120s"], _C["rise_deviation"]
ABOVE_HIGH, DAY_VOLATILITY = _C["above_high"], _C["day_volatility"]
RUSH_SELLS, SELL_SURGE = _C["rush_sells"], _C["sell_surge"]
USUAL_TRADES, USUAL_RETURN = _C["usual_trades"], _C["usual_return"]
HOUR_PHASE, HALF_HOUR_PHASE = _C["hour_phase_s"], _C["half_hour_phase_s"]


@nb.njit(cache=True)
def _buckets(seconds: int, span_ns: int) -> int:
    return max(1, seconds * SECOND_NS // span_ns)


@nb.njit(cache=True)
def _rise(real: NDArray[np.float64], buckets: int) -> float:
    before = real.shape[1] - 1 - buckets
    if before < 0:
        return np.nan
    return float(np.log(_highest(real[HIGH, before + 1 :]) / real[CLOSE, before]))


@nb.njit(cache=True)
def _share(bought: NDArray[np.int64], sold: NDArray[np.int64], buckets: int) -> float:
    begin = max(0, len(bought) - buckets)
    buying = bought[begin:].sum()
    signed = buying + sold[begin:].sum()
    return buying / signed if signed > 0 else np.nan


@nb.njit(cache=True)
def _largest(lots: NDArray[np.int64], buckets: int) -> int:
    # Largest sum of successive buckets.
    total, largest = 0, 0
    for k in range(len(lots)):
        total += lots[k]
        if k >= buckets:
            total -= lots[k - buckets]
        largest = max(largest, total)
    return largest


@nb.njit(cache=True)
def _highest(highs: NDArray[np.float64]) -> float:
    high = -np.inf
    for k in range(len(highs)):
        # NaN highs (buckets without a trade) never compare greater.
        if highs[k] > high:  # noqa: PLR1730 - max is not told what to do with NaN
            high = highs[k]
    return high if high > 0.0 else np.nan


@nb.njit(cache=True)
def _bursts(
    row: NDArray[np.float64], whole: NDArray[np.int64], sweeps: NDArray[np.float64], known: int, span_ns: int
) -> None:
    bought, sold, now = whole[BUY], whole[SELL], whole.shape[1] - 1
    begin = max(0, now + 1 - _buckets(30, span_ns))
    row[RECENT_TRADES] = whole[TRADES, begin:].sum()
    if known > 0:
        row[RUSH_ORDERS] = whole[RUSH, begin:].sum()
        row[RUSH_SELLS] = whole[RUSH_SELL, begin:].sum()
        sweep = 0.0
        for k in range(begin, len(sweeps)):
            sweep += sweeps[k]
        row[SWEEPS] = sweep
        row[BUY_SHARE_60] = _share(bought, sold, _buckets(60, span_ns))
        row[BUY_SHARE_300] = _share(bought, sold, _buckets(300, span_ns))
    signed = bought[now] + sold[now]
    if signed > 0:
        row[IMBALANCE] = (bought[now] - sold[now]) / signed


@nb.njit(cache=True)
def _surge(lots: NDArray[np.int64], figure: int, recent: int, span_ns: int, day: Day) -> float:
    usual = past.usual_rate(day, figure, recent * span_ns)
    return lots[max(0, len(lots) - recent) :].sum() / usual if usual > 0.0 else np.nan


@nb.njit(cache=True)
def _surges(row: NDArray[np.float64], whole: NDArray[np.int64], span_ns: int, day: Day) -> None:
    if not past.is_comparable(day):
        return
    recent = _buckets(30, span_ns)
    span = recent * span_ns
    row[TRADE_SURGE] = np.log((row[RECENT_TRADES] + 0.006) / (past.rate(day, past.COUNT, span) + 0.006))
    row[USUAL_TRADES] = past.usual_rate(day, past.COUNT, span)
    row[USUAL_RETURN] = past.usual_return(day)
    if np.isnan(row[RUSH_ORDERS]):
        return
    row[BUY_SURGE] = _surge(whole[BUY], past.BOUGHT, recent, span_ns, day)
    row[SELL_SURGE] = _surge(whole[SELL], past.SOLD, recent, span_ns, day)
    row[RUSH_RATE] = np.log((row[RUSH_ORDERS] + 0.006) / (past.rate(day, past.RUSHED, span) + 0.006))
    _against_the_hour(row, whole[BUY], whole[VOLUME], span_ns, 0.01 * past.rate(day, past.TRADED, span) + 1e-9)


@nb.njit(cache=True)
def _against_the_hour(
    row: NDArray[np.float64], bought: NDArray[np.int64], traded: NDArray[np.int64], span_ns: int, floor: float
) -> None:
    recent, size = _buckets(30, span_ns), len(bought)
    begin = max(0, size - recent)
    buying, trading = bought[begin:].sum(), traded[begin:].sum()
    earlier = size - _buckets(60, span_ns)
    if earlier > recent:
        row[BUY_RECORD] = np.log((buying + floor) / (_largest(bought[:earlier], recent) + floor))
    quiet, before = size - _buckets(300, span_ns), size - recent
    if quiet > 0:
        mean = traded[:quiet].sum() * recent / quiet
        row[VOLUME_SURGE] = np.log((trading + floor) / (mean + floor))
        if before > quiet:
            mean = bought[quiet:before].sum() * recent / (before - quiet)
            row[BUY_ACCELERATION] = np.log((buying + floor) / (mean + floor))


@nb.njit(cache=True)
def pressure(
    row: NDArray[np.float64],
    whole: NDArray[np.int64],
    real: NDArray[np.float64],
    span_ns: int,
    end: int,
    day: Day,
    known: int,
) -> None:
    """Fill the features of buying pressure for a window.

    Args:
        row: Output in catalogue order.
        whole: Whole figures of the window's buckets from the first trade on, oldest first, shape (N_WHOLE, buckets).
        real: Their real figures, shape (N_REAL, buckets).
        span_ns: Length of a bucket, ns.
        end: End of the last bucket, ns.
        day: The day behind the market.
        known: Trades of the window whose aggressor is known.
    """
    _bursts(row, whole, real[SWEEP], known, span_ns)
    _surges(row, whole, span_ns, day)
    row[RISE_10], row[RISE_120] = _rise(real, _buckets(10, span_ns)), _rise(real, _buckets(120, span_ns))
    habit = past.volatility(day)
    row[DAY_VOLATILITY] = habit
    row[RISE_DEVIATION] = _rise(real, _buckets(30, span_ns)) / max(habit, LEAST_VOLATILITY)
    earlier = real.shape[1] - _buckets(60, span_ns)
    if earlier > 0:
        row[ABOVE_HIGH] = np.log(real[CLOSE, -1] / _highest(real[HIGH, :earlier]))
    second = end // SECOND_NS
    row[HOUR_PHASE] = (second + 1800) % 3600 - 1800
    row[HALF_HOUR_PHASE] = (second + 900) % 1800 - 900
