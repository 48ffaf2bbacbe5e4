"""Random numbers: splitmix64 streams that the caller owns, for kernels and for Python.

Generators of numpy and numba may change from version to version and lean on the C library; these are fixed for good by
whole-number arithmetic and `arithmetic`. A stream is one 64-bit word; kernels draw from row `s` of an array of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.simulator.arithmetic import exp, log, power
from training.simulator.compiled import entry, inner

T = TypeVar("T")
Streams = NDArray[np.uint64]
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1


@inner
def uniform(streams: Streams, s: int) -> float:
    """Return the next number in [0, 1)."""
    streams[s] += _STEP
    z = streams[s]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inner
def exponential(streams: Streams, s: int, mean: float) -> float:
    """Return an exponential number with the given mean."""
    return -mean * log(1.0 - uniform(streams, s))


@inner
def normal(streams: Streams, s: int) -> float:
    """Return a standard normal number (Marsaglia's polar method, one of the pair)."""
    while True:
        x, y = 2.0 * uniform(streams, s) - 1.0, 2.0 * uniform(streams, s) - 1.0
        square = x * x + y * y
        if 0.0 < square < 1.0:
            return x * math.sqrt(-2.0 * log(square) / square)


@inner
def log_uniform(streams: Streams, s: int, low: float, high: float) -> float:
    """Return a number in [low, high) whose logarithm is uniform: no scale of its own."""
    return low * exp(uniform(streams, s) * log(high / low))


@inner
def pareto(streams: Streams, s: int, exponent: float) -> float:
    """Return a number >= 1 with P(X > x) = x ** -exponent."""
    return power(1.0 - uniform(streams, s), -1.0 / exponent)


@inner
def poisson(streams: Streams, s: int, mean: float) -> int:
    """Return a Poisson count; meant for small means."""
    limit, product, count = exp(-mean), uniform(streams, s), 0
    while product > limit:
        product *= uniform(streams, s)
        count += 1
    return count


@entry
def _draw(streams: Streams, kind: int, parameter: float) -> float:
    if kind == 0:
        return uniform(streams, 0)
    if kind == 1:
        return normal(streams, 0)
    if kind == 2:
        return exponential(streams, 0, parameter)
    return pareto(streams, 0, parameter)


def seed_of(*key: int) -> int:
    """Return a stream's first word from whole numbers >= 0, by mixing them in one after the other."""
    word = 0x243F6A8885A308D3
    for part in key:
        word = (word ^ (part + 1)) * 0xD6E8FEB86659FD93 & _MASK
        word ^= word >> 32
        word = word * 0xD6E8FEB86659FD93 & _MASK
        word ^= word >> 29
    return word


class Chance:
    """One stream with what plans and people draw; the same key gives the same numbers everywhere.

    Args:
        key: Whole numbers that name the stream, such as seed, purpose, tape, symbol.
    """

    def __init__(self, *key: int) -> None:
        self._stream = np.array([seed_of(*key)], np.uint64)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * _draw(self._stream, 0, 0.0)

    def log_uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high) whose logarithm is uniform."""
        return low * float(power(high / low, self.uniform()))

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Return a normal number."""
        return mean + deviation * _draw(self._stream, 1, 0.0)

    def log_normal(self, deviation: float) -> float:
        """Return a positive number of median 1 whose logarithm has that standard deviation."""
        return float(exp(self.normal(0.0, deviation)))

    def exponential(self, mean: float) -> float:
        """Return an exponential number."""
        return _draw(self._stream, 2, mean)

    def pareto(self, exponent: float) -> float:
        """Return a number >= 1 with P(X > x) = x ** -exponent."""
        return _draw(self._stream, 3, exponent)

    def poisson(self, mean: float) -> int:
        """Return a Poisson count, by adding up exponential waits."""
        count, waited = 0, self.exponential(1.0)
        while waited < mean:
            count += 1
            waited += self.exponential(1.0)
        return count

    def integer(self, low: int, high: int) -> int:
        """Return a whole number in [low, high)."""
        return low + min(int(self.uniform() * (high - low)), high - low - 1)

    def happens(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.uniform() < probability

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options, each with equal chance."""
        return options[self.integer(0, len(options))]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Return that many different options, in random order."""
        rest = list(options)
        for i in range(min(count, len(rest))):
            j = self.integer(i, len(rest))
            rest[i], rest[j] = rest[j], rest[i]
        return rest[:count]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """Return one of the options with chances in proportion to the weights."""
        target = self.uniform() * math.fsum(weights)
        for option, weight in zip(options, weights, strict=True):
            target -= weight
            if target < 0.0:
                return option
        return options[-1]

    def times(self, count: int, low: float, high: float) -> list[float]:
        """Return that many uniform numbers in [low, high), sorted."""
        return sorted(self.uniform(low, high) for _ in range(count))
