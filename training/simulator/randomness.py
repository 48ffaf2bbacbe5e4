"""Random numbers inside the kernels: a splitmix64 stream that the caller owns.

numba's own generator is hidden global state; this one is a single 64-bit word in an array, so the same seed gives the
same tape whatever else ran in the process.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from training.simulator.compiled import inner

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@inner
def uniform(stream: NDArray[np.uint64]) -> float:
    """Return the next number in [0, 1)."""
    stream[0] += _STEP
    z = stream[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inner
def exponential(stream: NDArray[np.uint64], mean: float) -> float:
    """Return an exponential number with the given mean."""
    return -mean * math.log(1.0 - uniform(stream))


@inner
def normal(stream: NDArray[np.uint64]) -> float:
    """Return a standard normal number (Box-Muller, one of the pair)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(stream)))
    return radius * math.cos(2.0 * math.pi * uniform(stream))


@inner
def log_uniform(stream: NDArray[np.uint64], low: float, high: float) -> float:
    """Return a number in [low, high) whose logarithm is uniform: no scale of its own."""
    return low * math.exp(uniform(stream) * math.log(high / low))


@inner
def poisson(stream: NDArray[np.uint64], mean: float) -> int:
    """Return a Poisson count; meant for small means."""
    limit = math.exp(-mean)
    product = uniform(stream)
    count = 0
    while product > limit:
        product *= uniform(stream)
        count += 1
    return count
