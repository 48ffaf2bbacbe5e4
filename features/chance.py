"""How unlikely counts are by chance, in decimal digits: 3 is one in a thousand.

Tails are Chernoff's bounds, so they never claim more than is true; scalar arithmetic, so they have the same bits on
arrays of any length.
"""

from __future__ import annotations

import math

import numba as nb

_DIGIT = math.log(10.0)


@nb.njit(cache=True)
def poisson_digits(count: float, mean: float) -> float:
    """Return the digits of the chance that a Poisson count of this mean (> 0) is `count` or more; 0 up to the mean."""
    if count <= mean:
        return 0.0
    return (count * math.log(count / mean) - count + mean) / _DIGIT


@nb.njit(cache=True)
def binomial_digits(count: float, trials: float, rate: float) -> float:
    """Return the digits of the chance of `count` or more hits in trials that each hit at a rate in (0, 1)."""
    if trials <= 0.0 or count <= rate * trials:
        return 0.0
    share = count / trials
    rest = (1.0 - share) * math.log((1.0 - share) / (1.0 - rate)) if share < 1.0 else 0.0
    return trials * (share * math.log(share / rate) + rest) / _DIGIT


@nb.njit(cache=True)
def choice_digits(size: int, among: int) -> float:
    """Return the digits of the number of groups of `size` among as many: what searching them all costs in evidence."""
    ways = math.lgamma(among + 1.0) - math.lgamma(size + 1.0) - math.lgamma(among - size + 1.0)
    return ways / _DIGIT


@nb.njit(cache=True)
def both_digits(one: float, other: float) -> float:
    """Return the digits of the chance that the product of two independent chances is as small as theirs (Fisher)."""
    together = one + other
    return max(one, other, together - math.log(1.0 + _DIGIT * together) / _DIGIT)
