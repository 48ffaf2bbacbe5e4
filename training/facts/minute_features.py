"""What one minute of a public tape looks like, free of scale: what tells a real market from a simulated one.

Only trades are read, at milliseconds, as real tapes have them. Prices and sizes enter as ratios; what a minute is
compared with is the hour before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.time_units import MINUTE_NS
from training.facts.market import Market

HOUR = 60
LEAST_IN_HOUR = 10
PRECISION = 1e8
# Of the minute: how many, how large, how they come, at what prices. Of the hour before: how it went on. "Over hour" is
# over what was usual then: of counts and sizes the mean a minute, of distances in price the volatility a minute.
SHAPES = (
    "count_over_hour", "value_over_hour", "mean_size_over_hour", "max_over_mean_size", "size_cv", "one_digit_share",
    "repeated_size_share", "buy_share", "buy_imbalance", "buy_value_gap", "side_changes", "fills_per_taker",
    "most_fills", "walking_share", "walk_over_hour", "same_ms_share", "gap_cv", "gap_median_over_mean",
    "gaps_under_100ms", "gaps_under_1s", "minute_start_share", "return_over_hour", "range_over_hour", "range_ticks",
    "return_over_range", "prices_per_taker", "unchanged_share", "reversals", "flip_over_hour", "flip_unchanged",
    "tick_over_hour", "hour_empty_share", "hour_zero_returns", "hour_return_memory", "hour_count_memory",
    "hour_count_fano", "hour_size_cv",
)  # fmt: skip
# Levels, which a simulator can be set to market by market.
LEVELS = ("tick_bps", "hour_volatility_bps")
COLUMNS = (*SHAPES, *LEVELS)


@dataclass(frozen=True)
class _Fills:
    """Trades and the taker orders they belong to, all at milliseconds; `minute` and `taker` count from 0."""

    minute: NDArray[np.int64]
    price: NDArray[np.float64]
    value: NDArray[np.float64]
    taker: NDArray[np.int64]
    starts: NDArray[np.int64]
    time: NDArray[np.int64]
    side: NDArray[np.int8]
    quantity: NDArray[np.float64]
    n_minutes: int

    @property
    def taker_minute(self) -> NDArray[np.int64]:
        return self.minute[self.starts]

    @property
    def ends(self) -> NDArray[np.int64]:
        return np.append(self.starts[1:], len(self.price)) - 1


def minute_features(market: Market, least: int = 3) -> pd.DataFrame:
    """Return one row a minute that has at least so many taker orders, and an hour before it to compare with.

    Taker orders are successive trades of one millisecond and side, on simulated tapes, too, whatever else they tell.

    Args:
        market: Trades of one market.
        least: Fewest taker orders in a minute.

    Returns:
        `COLUMNS`, NaN where a minute cannot say, and `takers` (in the minute) and `hour_takers` (in the hour before),
        by which minutes are matched.
    """
    fills = _fills(market)
    if fills is None:
        return pd.DataFrame(columns=[*COLUMNS, "takers", "hour_takers"], dtype=float)
    count = _sum(fills, np.ones(len(fills.starts)), fills.taker_minute)
    hour = _hour_before(market, count, _sum(fills, fills.value, fills.minute))
    columns = {"takers": count, "hour_takers": hour.pop("hour_takers")} | hour
    columns |= _sizes(fills, count, hour.pop("_value"), hour.pop("_count"))
    columns |= _arrivals(fills, count, hour["hour_volatility_bps"])
    columns |= _prices(market, fills, count, hour["hour_volatility_bps"])
    kept = (count >= least) & market.minutes.counted & (columns["hour_takers"] >= LEAST_IN_HOUR)
    return pd.DataFrame({name: columns[name][kept] for name in (*COLUMNS, "takers", "hour_takers")})


def _fills(market: Market) -> _Fills | None:
    trades = market.trades
    if len(trades) < LEAST_IN_HOUR:
        return None
    time = trades.time // 1_000_000
    starts = np.flatnonzero(np.append(True, (np.diff(time) != 0) | (np.diff(trades.side) != 0)))
    taker = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(trades))))
    minute = trades.time // MINUTE_NS
    quantity = np.asarray(np.bincount(taker, market.quantity), dtype=np.float64)
    return _Fills(
        minute - minute[0], trades.price, trades.price * market.quantity, taker, starts, time[starts],
        trades.side[starts], quantity, len(market.minutes.number),
    )  # fmt: skip


def _sum(fills: _Fills, values: NDArray[np.float64], minute: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.bincount(minute, values, fills.n_minutes), dtype=np.float64)


def _count(fills: _Fills, which: NDArray[np.bool_], minute: NDArray[np.int64]) -> NDArray[np.float64]:
    return _sum(fills, which.astype(np.float64), minute)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=np.asarray(whole > 0.0)))


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(values, out=np.full(len(values), np.nan), where=np.asarray(values > 0.0)))


def _hour_before(
    market: Market, count: NDArray[np.float64], value: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    minutes = market.minutes
    known = minutes.counted
    change = pd.Series(minutes.change)
    counts, values = pd.Series(np.where(known, count, np.nan)), pd.Series(np.where(known, value, np.nan))

    def before(series: pd.Series) -> pd.Series:
        return series.rolling(HOUR, min_periods=HOUR).mean().shift(1)

    mean, variance = before(counts), before(counts**2)
    variance -= mean**2
    size = values / counts.where(counts > 0)
    usual, square = (one.rolling(HOUR, min_periods=5).mean().shift(1) for one in (size, size**2))
    square_change = before(change**2)
    told = {
        "hour_takers": mean * HOUR,
        "_count": mean,
        "_value": before(values),
        "hour_empty_share": before((counts == 0).astype(float).where(counts.notna())),
        "hour_zero_returns": before((change == 0).astype(float).where(change.notna())),
        "hour_volatility_bps": 1e4 * np.sqrt(square_change),
        "hour_return_memory": before(change * change.shift(1)) / square_change.where(square_change > 0),
        "hour_count_memory": (before(counts * counts.shift(1)) - mean**2) / variance.where(variance > 0),
        "hour_count_fano": np.log((variance / mean.where(mean > 0)).where(variance > 0)),
        "hour_size_cv": np.sqrt((square - usual**2).clip(lower=0)) / usual,
    }
    return {name: series.to_numpy(np.float64) for name, series in told.items()}


def _sizes(
    fills: _Fills, count: NDArray[np.float64], hour_value: NDArray[np.float64], hour_count: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    minute = fills.taker_minute
    size = np.asarray(np.bincount(fills.taker, fills.value), dtype=np.float64)
    total = _sum(fills, size, minute)
    mean = _ratio(total, count)
    largest = np.zeros(fills.n_minutes)
    np.maximum.at(largest, minute, size)
    square = _ratio(_sum(fills, size**2, minute), count)
    is_buy = (fills.side > 0).astype(np.float64)
    buys, bought = _sum(fills, is_buy, minute), _sum(fills, is_buy * size, minute)
    lots = np.rint(fills.quantity * PRECISION).astype(np.int64)
    pairs = pd.DataFrame({"minute": minute, "lots": lots}).drop_duplicates()["minute"].to_numpy()
    return {
        "count_over_hour": _log(_ratio(count, hour_count)),
        "value_over_hour": _log(_ratio(total, hour_value)),
        "mean_size_over_hour": _log(_ratio(mean, _ratio(hour_value, hour_count))),
        "max_over_mean_size": _ratio(largest, mean),
        "size_cv": np.sqrt(np.maximum(_ratio(square, mean**2) - 1.0, 0.0)),
        "one_digit_share": _ratio(_count(fills, _one_digit(lots), minute), count),
        "repeated_size_share": 1.0 - _ratio(_sum(fills, np.ones(len(pairs)), pairs), count),
        "buy_share": _ratio(buys, count),
        "buy_imbalance": np.abs(_ratio(buys, count) - 0.5),
        "buy_value_gap": _ratio(bought, total) - _ratio(buys, count),
    }


def _one_digit(lots: NDArray[np.int64]) -> NDArray[np.bool_]:
    leading = 10.0 ** np.floor(np.log10(np.maximum(lots, 1)) + 1e-12)
    return np.asarray(lots % leading.astype(np.int64) == 0)


def _arrivals(
    fills: _Fills, count: NDArray[np.float64], volatility: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    minute, size = fills.taker_minute, np.bincount(fills.taker).astype(np.float64)
    many = size > 1
    most = np.zeros(fills.n_minutes)
    np.maximum.at(most, minute, size)
    walk = 1e4 * np.abs(np.log(fills.price[fills.ends] / fills.price[fills.starts]))
    several = _count(fills, many, minute)
    follows = np.append(False, fills.time[1:] == fills.time[:-1])
    shares = many | follows | np.roll(follows, -1)
    return {
        "fills_per_taker": _ratio(_sum(fills, size, minute), count),
        "most_fills": _log(most),
        "walking_share": _ratio(_count(fills, many & (walk > 0.0), minute), several),
        "walk_over_hour": _ratio(_ratio(_sum(fills, walk * many, minute), several), volatility),
        "same_ms_share": _ratio(_sum(fills, size * shares, minute), _sum(fills, size, minute)),
        "minute_start_share": _ratio(_count(fills, fills.time % 60_000 < 2_000, minute), count),
    } | _gaps(fills)


def _gaps(fills: _Fills) -> dict[str, NDArray[np.float64]]:
    minute = fills.taker_minute
    within = minute[1:] == minute[:-1]
    gap, after = np.diff(fills.time)[within].astype(np.float64), minute[1:][within]
    gaps = _sum(fills, np.ones(len(gap)), after)
    mean = _ratio(_sum(fills, gap, after), gaps)
    square = _ratio(_sum(fills, gap**2, after), gaps)
    median = pd.Series(gap).groupby(after).median().reindex(range(fills.n_minutes)).to_numpy(np.float64)
    return {
        "side_changes": _ratio(_count(fills, (fills.side[1:] != fills.side[:-1])[within], after), gaps),
        "gap_cv": np.sqrt(np.maximum(_ratio(square, mean**2) - 1.0, 0.0)),
        "gap_median_over_mean": _ratio(median, mean),
        "gaps_under_100ms": _ratio(_count(fills, gap < 100.0, after), gaps),
        "gaps_under_1s": _ratio(_count(fills, gap < 1000.0, after), gaps),
    }


def _prices(
    market: Market, fills: _Fills, count: NDArray[np.float64], volatility: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    high, low = np.full(fills.n_minutes, -np.inf), np.full(fills.n_minutes, np.inf)
    np.maximum.at(high, fills.minute, fills.price)
    np.minimum.at(low, fills.minute, fills.price)
    span = np.where(np.isfinite(high), high, np.nan) - np.where(np.isfinite(low), low, np.nan)
    close, tick = market.minutes.close, tick_of(market.trades.price)
    moved, wide, least = 1e4 * np.abs(market.minutes.change), 1e4 * span / close, 1e4 * tick / close
    pairs = pd.DataFrame({"minute": fills.taker_minute, "price": fills.price[fills.starts]}).drop_duplicates()
    return {
        "return_over_hour": _ratio(moved, volatility),
        "range_over_hour": _ratio(wide, volatility),
        "range_ticks": np.log1p(span / tick),
        "return_over_range": _ratio(moved, wide),
        "prices_per_taker": _ratio(_sum(fills, np.ones(len(pairs)), pairs["minute"].to_numpy(np.int64)), count),
        "tick_over_hour": _ratio(least, volatility),
        "tick_bps": least,
    } | _steps(fills, volatility)


def _steps(fills: _Fills, volatility: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    # From one taker order to the next of the same minute.
    minute, first, last = fills.taker_minute, fills.price[fills.starts], fills.price[fills.ends]
    within = np.flatnonzero(minute[1:] == minute[:-1]) + 1
    after, step = minute[within], np.diff(first)
    flip = fills.side[within] != fills.side[within - 1]
    apart = 1e4 * np.abs(np.log(first[within] / last[within - 1]))
    steps, flips = _sum(fills, np.ones(len(after)), after), _count(fills, flip, after)
    third = within[1:][np.diff(within) == 1]
    return {
        "unchanged_share": _ratio(_count(fills, step[within - 1] == 0.0, after), steps),
        "reversals": _ratio(_count(fills, step[third - 1] * step[third - 2] < 0.0, minute[third]), steps - 1.0),
        "flip_over_hour": _ratio(_ratio(_sum(fills, apart * flip, after), flips), volatility),
        "flip_unchanged": _ratio(_count(fills, flip & (apart == 0.0), after), flips),
    }


def tick_of(price: NDArray[np.float64]) -> float:
    """Return the smallest step of which all differences between prices are multiples, to eight decimals.

    Args:
        price: Prices, shape (n,).

    Returns:
        The step, in quote currency; NaN where all prices are the same.
    """
    whole = np.unique(np.rint(price * PRECISION).astype(np.int64))
    return float(np.gcd.reduce(np.diff(whole)) / PRECISION) if len(whole) > 1 else np.nan
