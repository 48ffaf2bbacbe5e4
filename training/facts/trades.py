"""Facts of trades one by one: sizes, arrivals, signs, the bounce between bid and ask, impact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.facts.market import Market, Takers, gaps_s
from training.facts.statistics import (
    FEWEST,
    autocorrelation,
    branching,
    correlation,
    decay,
    hill,
    slope_of,
    weibull_shape,
)

SIGN_LAGS = (1, 2, 4, 8, 16, 32, 64, 128)
IMPACT_LAG, IMPACT_GROUPS, IMPACT_FEWEST = 5, 8, 2000
PRECISION = 1e8
NEAR_NS = 60_000_000_000


def size_facts(market: Market) -> dict[str, float]:
    """Return the facts of taker orders' sizes: tail, concentration, roundness."""
    takers = market.takers
    if len(takers) < FEWEST:
        return dict.fromkeys(
            ("size_tail", "top_share", "one_digit_share", "common_size_share", "max_over_median_size"), np.nan
        )
    sizes = np.sort(takers.value)
    counts = np.sort(np.unique(np.rint(takers.quantity * PRECISION), return_counts=True)[1])
    return {
        "size_tail": hill(takers.value),
        "top_share": float(sizes[-max(len(sizes) // 100, 1) :].sum() / sizes.sum()),
        "max_over_median_size": float(sizes[-1] / np.median(sizes)),
        "one_digit_share": one_digit_share(takers.quantity),
        "common_size_share": float(counts[-10:].sum() / len(sizes)),
    }


def one_digit_share(quantity: NDArray[np.float64]) -> float:
    """Return the share of sizes with one digit other than zero (200, 0.03), of those with room for two.

    Args:
        quantity: Sizes, shape (n,), > 0. The smallest step between them, in powers of ten, is their unit; those of
            less than ten units are left out, for they have one digit anyhow.

    Returns:
        Share in [0, 1]; NaN for fewer than 50 such sizes.
    """
    whole = np.rint(quantity * PRECISION).astype(np.int64)
    while len(whole) and not (whole % 10).any() and whole.any():
        whole //= 10
    whole = whole[whole >= 10]
    if len(whole) < FEWEST:
        return np.nan
    leading = 10.0 ** np.floor(np.log10(whole) + 1e-12)
    return float((whole % leading.astype(np.int64) == 0).mean())


def arrival_facts(market: Market) -> dict[str, float]:
    """Return the facts of arrivals: clustering of taker orders, trades at one moment, sweeps through prices."""
    takers, gaps = market.takers, gaps_s(market)
    counts = market.minutes.takers
    many = takers.fills > 1
    return {
        "takers_per_minute": float(np.nanmean(counts)) if np.isfinite(counts).any() else np.nan,
        "gap_cv": float(gaps.std() / gaps.mean()) if len(gaps) >= FEWEST else np.nan,
        "gap_shape": weibull_shape(gaps),
        "branching": branching(counts),
        "count_memory_1min": autocorrelation(counts, 1),
        "count_memory_60min": autocorrelation(counts, 60),
        "several_fills_share": float(many.mean()) if len(takers) >= FEWEST else np.nan,
        "walking_share": float((takers.first != takers.last)[many].mean()) if many.sum() >= FEWEST else np.nan,
        "same_time_share": _same_time_share(takers),
    }


def _same_time_share(takers: Takers) -> float:
    # By milliseconds, as venues publish them, so that finer clocks do not differ.
    if len(takers) < FEWEST:
        return np.nan
    _, moment = np.unique(takers.time // 1_000_000, return_inverse=True)
    fills = np.bincount(moment, takers.fills)
    return float(fills[fills > 1].sum() / fills.sum())


def sign_facts(market: Market) -> dict[str, float]:
    """Return the memory of taker orders' sides at 1, 10 and 100 orders, and the exponent with which it fades."""
    signs = market.takers.side.astype(np.float64)
    signs[signs == 0.0] = np.nan
    memory = {f"sign_memory_{lag}": autocorrelation(signs, lag) for lag in (1, 10, 100)}
    return memory | {"sign_decay": decay(signs, SIGN_LAGS)}


def bounce_facts(market: Market) -> dict[str, float]:
    """Return what the bid-ask bounce and the tick do to successive taker orders' prices.

    `bounce` is the autocorrelation of successive price changes, `flip_bps` the mean distance between a buy and a sell
    that follow one another within a minute: an effective spread, for a public tape.
    """
    takers = market.takers
    change = np.diff(np.log(takers.first))
    flip = (np.diff(takers.side) != 0) & (np.diff(takers.time) < NEAR_NS)
    apart = np.abs(np.log(takers.first[1:] / takers.last[:-1]))[flip]
    return {
        "bounce": autocorrelation(change, 1),
        "flip_bps": float(1e4 * apart.mean()) if len(apart) >= FEWEST else np.nan,
        "unchanged_share": float((change == 0.0).mean()) if len(change) >= FEWEST else np.nan,
        "impact_exponent": impact_exponent(takers),
    }


def impact_exponent(takers: Takers) -> float:
    """Return the exponent of the price impact of one taker order: mean signed change ~ value^exponent.

    The price is the middle between the last buy and the last sell, so that the bounce is no impact; the change runs
    until five taker orders later. Orders are taken in eight groups of equal number by value.

    Returns:
        The exponent; below 1 impact is concave. NaN for fewer than 2,000 orders, or fewer than four groups with an
        impact above 0.
    """
    if len(takers) < IMPACT_FEWEST:
        return np.nan
    middle = np.log(_last_of(takers, 1) * _last_of(takers, -1)) / 2.0
    signed = takers.side[1:-IMPACT_LAG] * (middle[IMPACT_LAG:-1] - middle[: -IMPACT_LAG - 1])
    value, known = takers.value[1:-IMPACT_LAG], np.isfinite(signed)
    groups = np.array_split(np.flatnonzero(known)[np.argsort(value[known], kind="stable")], IMPACT_GROUPS)
    impact = np.array([signed[group].mean() for group in groups])
    typical = np.array([np.log(value[group]).mean() for group in groups])
    moved = impact > 0.0
    return slope_of(typical[moved], np.log(impact[moved])) if moved.sum() >= IMPACT_GROUPS // 2 else np.nan


def _last_of(takers: Takers, side: int) -> NDArray[np.float64]:
    # Last price on a side, as after each order; NaN before the first.
    last = np.maximum.accumulate(np.where(takers.side == side, np.arange(len(takers)), -1))
    return np.where(last >= 0, takers.last[np.maximum(last, 0)], np.nan)


def volume_facts(market: Market) -> dict[str, float]:
    """Return how traded value and the size of price changes go together by rank, over minutes with a trade."""
    minutes = market.minutes
    known = np.isfinite(minutes.change) & (minutes.value > 0.0)
    ranks = [_ranks(one[known]) for one in (minutes.value, np.abs(minutes.change))]
    return {"volume_volatility": correlation(*ranks)}


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # Ties share their middle rank: many minutes end at the price they began with.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - 0.5 * (counts + 1))[place])
