"""How sure a measured share or rate is, from the counts behind it."""

from __future__ import annotations

import math

from scipy.stats import binomtest, chi2

LEVEL = 0.9
Interval = tuple[float, float]


def share_interval(hits: int, of: int, level: float = LEVEL) -> Interval:
    """Return the interval, of 90 %, of a share by Wilson's score, in [0, 1]; NaN where there is nothing to count.

    Each one counts for itself: where several are of one event, the truth is less sure than this.

    Example:
        >>> tuple(round(bound, 2) for bound in share_interval(8, 10))
        (0.54, 0.93)
    """
    if not of:
        return math.nan, math.nan
    found = binomtest(hits, of).proportion_ci(level, "wilson")
    return float(found.low), float(found.high)


def rate_interval(count: int, days: float) -> Interval:
    """Return the 90 % interval of a rate a day, exact for independent events; NaN where there was no time.

    Example:
        >>> tuple(round(bound, 1) for bound in rate_interval(10, 2.0))
        (2.7, 8.5)
    """
    if not days > 0.0:
        return math.nan, math.nan
    tail = (1.0 - LEVEL) / 2.0
    low = float(chi2.ppf(tail, 2 * count)) / 2.0 if count else 0.0
    return low / days, float(chi2.ppf(1.0 - tail, 2 * count + 2)) / 2.0 / days
