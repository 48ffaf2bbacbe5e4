"""Logarithm and exponential from additions, multiplications and divisions alone.

The C library's differ in the last bit from one machine to the next, and one bit is another tape. IEEE 754 fixes the
result of every operation used here, and numba fuses none of them, so the same seed gives the same bytes everywhere.
"""

from __future__ import annotations

import math

from training.simulator.compiled import entry

_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_SQRT_HALF = 0.7071067811865476
_EXTREME = 700.0


@entry
def log(x: float) -> float:
    """Return the natural logarithm of x > 0, to about 1e-15."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, term, total = s * s, s, 0.0
    for odd in range(1, 25, 2):
        total += term / odd
        term *= square
    return exponent * _LN2_HIGH + (2.0 * total + exponent * _LN2_LOW)


@entry
def exp(x: float) -> float:
    """Return e to the power of x, to about 1e-15 of it; x beyond ±700 counts as ±700."""
    x = min(max(x, -_EXTREME), _EXTREME)
    whole = math.floor(x / _LN2_HIGH + 0.5)
    rest = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    total = 1.0
    for k in range(14, 0, -1):
        total = 1.0 + total * rest / k
    return math.ldexp(total, int(whole))


@entry
def power(x: float, exponent: float) -> float:
    """Return x >= 0 to the power of the exponent; 0 for 0."""
    if x <= 0.0:
        return 0.0
    return exp(exponent * log(x))


@entry
def tanh(x: float) -> float:
    """Return the hyperbolic tangent."""
    twice = exp(2.0 * min(max(x, -20.0), 20.0))
    return (twice - 1.0) / (twice + 1.0)
