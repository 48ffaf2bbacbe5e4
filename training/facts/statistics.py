"""Statistics of series: tails, memory, clustering. Each is NaN where a sample is too small to say."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 50
_STEPS = 60


def hill(values: NDArray[np.float64], share: float = 0.05) -> float:
    """Return the exponent of a power-law tail, by Hill's estimator: P(X > x) ~ x^-exponent.

    Args:
        values: Sample, shape (n,); values that are not > 0 are left out.
        share: Share of the largest values that make the tail, in (0, 1).

    Returns:
        The exponent, > 0; below 2 the variance is infinite. NaN for fewer than 50 values, or a tail of equal values.

    Example:
        >>> hill(np.array([1.0, 2.0]))
        nan
    """
    kept = np.sort(values[values > 0.0])
    if len(kept) < FEWEST:
        return np.nan
    tail = kept[-max(int(len(kept) * share), 10) - 1 :]
    excess = np.log(tail[1:] / tail[0]).mean()
    return float(1.0 / excess) if excess > 0.0 else np.nan


def autocorrelation(series: NDArray[Any], lag: int) -> float:
    """Return the autocorrelation at a lag, over the pairs of which both are known.

    Args:
        series: Evenly spaced values, shape (n,), NaN where unknown.
        lag: Steps, >= 1.

    Returns:
        Pearson's correlation, in [-1, 1]. NaN with fewer than 50 pairs or 3 lags of them, or where nothing varies.
    """
    first, second = series[:-lag].astype(np.float64), series[lag:].astype(np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < max(FEWEST, 3 * lag):
        return np.nan
    return correlation(first[known], second[known])


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's correlation; NaN for fewer than 50 pairs or where one of them does not vary."""
    if len(first) < FEWEST or np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])


def excess_kurtosis(values: NDArray[np.float64]) -> float:
    """Return how much fatter the tails are than normal ones (0); NaN for fewer than 50 values, or all the same."""
    known = values[np.isfinite(values)]
    if len(known) < FEWEST or np.ptp(known) == 0.0:
        return np.nan
    centred = known - known.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2 - 3.0)


def weibull_shape(gaps: NDArray[np.float64]) -> float:
    """Return the shape of a Weibull distribution of waiting times, by maximum likelihood.

    Args:
        gaps: Waiting times, shape (n,); those that are not > 0 are left out.

    Returns:
        1 for arrivals by chance, below 1 for clusters, above for regular ones. NaN for fewer than 50 gaps.
    """
    kept = gaps[gaps > 0.0]
    if len(kept) < FEWEST or np.ptp(kept) == 0.0:
        return np.nan
    logs = np.log(kept / kept.mean())
    shape = 1.0
    for _ in range(_STEPS):
        powers = np.exp(shape * logs)
        total, first, second = powers.sum(), (powers * logs).sum(), (powers * logs**2).sum()
        error = first / total - 1.0 / shape - logs.mean()
        slope = (second * total - first**2) / total**2 + 1.0 / shape**2
        shape = float(max(shape - error / slope, shape / 3.0))
    return shape


def branching(counts: NDArray[np.float64]) -> float:
    """Return the share of arrivals that others set off: 1 - sqrt(mean / variance) of counts in windows.

    Args:
        counts: Arrivals by window, shape (n,), NaN where unknown.

    Returns:
        0 for arrivals by chance, near 1 for a market that moves by itself, below 0 for regular arrivals. NaN for fewer
        than 50 windows, or none of them with an arrival. Windows must be longer than the memory, else it is too low.

    Source: Hardiman & Bouchaud 2014, Phys. Rev. E 90, 062807.
    """
    known = counts[np.isfinite(counts)]
    if len(known) < FEWEST or known.mean() == 0.0 or np.ptp(known) == 0.0:
        return np.nan
    return float(1.0 - np.sqrt(known.mean() / known.var()))


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the value below which half of the weight lies; NaN without weight."""
    if not weights.sum() > 0.0:
        return np.nan
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, 0.5 * below[-1])])


def decay(series: NDArray[Any], lags: tuple[int, ...]) -> float:
    """Return the exponent with which autocorrelation falls off: C(lag) ~ lag^-exponent, by regression of logs.

    Args:
        series: Evenly spaced values, shape (n,), NaN where unknown.
        lags: Lags to take, rising; each stands for the mean of the lags around it, up to the middle of the next.

    Returns:
        The exponent; below 1 memory is long. NaN where fewer than three lags have a positive autocorrelation.
    """
    middles, means = [], []
    for lag, following in pairwise(lags):
        around = np.unique(np.linspace(lag, following - 1, 5).astype(int))
        mean = float(np.mean([autocorrelation(series, int(one)) for one in around]))
        if mean > 0.0:
            middles.append(float(np.log(around).mean()))
            means.append(np.log(mean))
    return -slope_of(np.array(middles), np.array(means)) if len(means) > 2 else np.nan


def slope_of(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the slope of second on first by least squares."""
    centred = first - first.mean()
    return float((centred * (second - second.mean())).sum() / (centred**2).sum())
