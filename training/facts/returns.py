"""Facts of one-minute returns: tails, memory of their size but not of their sign, and the shape of the day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.time_units import MINUTE_NS
from training.facts.market import Market
from training.facts.statistics import FEWEST, autocorrelation, decay, excess_kurtosis, hill

SIZE_LAGS = (1, 2, 4, 8, 16, 32, 64, 128)
LATER_LAGS = range(5, 16)
DAY_MINUTES, LEAST_DAYS = 1440, 2


def return_facts(market: Market) -> dict[str, float]:
    """Return tails and memory of one-minute returns of the last price; minutes without a trade have return 0."""
    minutes = market.minutes
    change = minutes.change
    moved = np.abs(change[np.isfinite(change)])
    size = np.abs(change)
    hourly = excess_kurtosis(spaced_changes(market, 60))
    minutely = excess_kurtosis(change)
    return {
        "return_tail": hill(moved),
        "kurtosis_1min": minutely,
        "kurtosis_60min": hourly,
        "kurtosis_kept": hourly / minutely if minutely > 0.0 else np.nan,
        "return_memory": float(np.mean([autocorrelation(change, lag) for lag in LATER_LAGS])),
        "volatility_memory_1min": autocorrelation(size, 1),
        "volatility_memory_10min": autocorrelation(size, 10),
        "volatility_memory_60min": autocorrelation(size, 60),
        "volatility_decay": decay(size, SIZE_LAGS),
        "volatility_1min_bps": float(1e4 * np.sqrt(np.mean(moved**2))) if len(moved) >= FEWEST else np.nan,
    }


def spaced_changes(market: Market, span: int) -> NDArray[np.float64]:
    """Return log changes of the close over successive spans, those left out with a minute that does not count.

    Args:
        market: The market.
        span: Minutes, >= 1.

    Returns:
        Changes, shape (at most n_minutes // span,).
    """
    minutes = market.minutes
    known = np.isfinite(minutes.change)
    whole = len(known) // span * span
    counted = known[:whole].reshape(-1, span).all(axis=1)
    return np.asarray(np.where(known, minutes.change, 0.0)[:whole].reshape(-1, span).sum(axis=1)[counted])


def day_facts(market: Market) -> dict[str, float]:
    """Return how many times more taker orders come in the busiest four hours of the day than in the quietest four.

    Medians over days of each hour, so that one busy day is not taken for a habit; NaN for less than two days.
    """
    minutes = market.minutes
    if len(minutes.number) < LEAST_DAYS * DAY_MINUTES:
        return {"day_shape": np.nan}
    hour, counts = minutes.number * MINUTE_NS // (60 * MINUTE_NS), minutes.takers
    known = np.isfinite(counts)
    names, place = np.unique(hour[known], return_inverse=True)
    rate = np.bincount(place, counts[known]) / np.bincount(place)
    usual = np.array([_median(rate[names % 24 == one]) for one in range(24)])
    smooth = np.mean([np.roll(usual, shift) for shift in range(4)], axis=0)
    return {"day_shape": float(smooth.max() / smooth.min()) if smooth.min() > 0.0 else np.nan}


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else np.nan
