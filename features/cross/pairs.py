"""Pairs: what one entity takes on one venue and, within a second, the other way on another."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.cross.prints import Takes
from features.sweeps.base import Out, write

KIND = "cross_pairs"
FIGURES = ("pairs", "pair_share", "others_pairs", "next_pairs", "gain_share", "gain_bps", "value", "net_ratio")
APART_NS = 1_000_000_000
REMEMBERED_NS = 900_000_000_000
_MOST_BACK = 1_024
_LIKE = 0.5
_PAIRS, _SHARE, _OTHERS, _NEXT, _GAIN_SHARE, _GAIN, _VALUE, _NET = range(len(FIGURES))


class Pairs(NamedTuple):
    """Pairs of the last quarter of an hour, oldest first, shape (n,) each.

    Attributes:
        time: When the second leg was taken, ns.
        entity: Who took.
        quantity: Smaller quantity of both legs, base units.
        gap: Log of the mean price sold at over the mean price bought at, basis points.
        value: Quote units earned, before fees.
        net: Quantity bought more than sold.
    """

    time: NDArray[np.int64]
    entity: NDArray[np.int32]
    quantity: NDArray[np.float64]
    gap: NDArray[np.float64]
    value: NDArray[np.float64]
    net: NDArray[np.float64]


def no_pairs() -> Pairs:
    """Return no pairs."""
    real = np.empty(0)
    return Pairs(np.empty(0, np.int64), np.empty(0, np.int32), real, real, real, real)


@nb.njit(cache=True, error_model="numpy")
def match_pairs(takes: Takes, begin: int, end: int, legs: NDArray[np.int64]) -> None:
    """Find the first leg of each new take that ends a pair.

    Args:
        takes: Takes of the group, at least of the last second; `used` is changed in place.
        begin: The first new take.
        end: The first take that is not looked at.
        legs: Output: number of the first leg, -1 where there is none, shape (end - begin,).
    """
    for i in range(begin, end):
        legs[i - begin] = -1
        for j in range(i - 1, max(i - _MOST_BACK, 0) - 1, -1):
            if takes.time[i] - takes.time[j] > APART_NS:
                break
            if takes.entity[j] != takes.entity[i] or takes.slot[j] == takes.slot[i] or takes.used[j]:
                continue
            one, other = takes.quantity[i], takes.quantity[j]
            if takes.side[j] != takes.side[i] and min(one, other) >= _LIKE * max(one, other):
                takes.used[i] = takes.used[j] = True
                legs[i - begin] = j
                break


def pair_of(takes: Takes, i: int, j: int) -> Pairs:
    """Return what the takes i and j earned, as a table of one row."""
    bought, sold = (i, j) if takes.side[i] > 0 else (j, i)
    quantity = min(takes.quantity[i], takes.quantity[j])
    paid, got = takes.value[bought] / takes.quantity[bought], takes.value[sold] / takes.quantity[sold]
    return Pairs(
        takes.time[i : i + 1].copy(), takes.entity[i : i + 1].copy(), np.array([quantity]),
        np.array([1e4 * np.log(got / paid)]), np.array([quantity * (got - paid)]),
        np.array([takes.quantity[bought] - takes.quantity[sold]]),
    )  # fmt: skip


@nb.njit(cache=True)
def _next_pairs(pairs: Pairs, entity: int, since: int) -> int:
    """Return the most pairs that any other entity has after a time."""
    others = np.sort(pairs.entity[(pairs.time > since) & (pairs.entity != entity)])
    most = run = 0
    for k in range(len(others)):
        run = run + 1 if k > 0 and others[k] == others[k - 1] else 1
        most = max(most, run)
    return most


@nb.njit(cache=True, error_model="numpy")
def tell_pair(takes: Takes, pairs: Pairs, i: int, j: int, out: Out) -> int:
    """Write the episode of a pair, with what its entity did in the last quarter of an hour, and return its row.

    Args:
        takes: Takes of the group.
        pairs: Pairs, that of take i the last.
        i: The second leg.
        j: The first leg.
        out: Output.
    """
    entity, now = takes.entity[i], takes.time[i]
    at = write(out, takes.time[j], now, 0, entity)
    figures, everybody, net, own = out.figures[at], 0.0, 0.0, 0.0
    figures[:] = 0.0
    for k in range(len(pairs.time)):
        if pairs.time[k] <= now - REMEMBERED_NS:
            continue
        everybody += pairs.quantity[k]
        if pairs.entity[k] != entity:
            figures[_OTHERS] += 1.0
            continue
        figures[_PAIRS] += 1.0
        figures[_GAIN_SHARE] += 1.0 if pairs.gap[k] > 0.0 else 0.0
        figures[_GAIN] += pairs.quantity[k] * pairs.gap[k]
        figures[_VALUE] += pairs.value[k]
        net += pairs.net[k]
        own += pairs.quantity[k]
    figures[_NEXT] = _next_pairs(pairs, entity, now - REMEMBERED_NS)
    figures[_SHARE], figures[_GAIN] = own / everybody, figures[_GAIN] / own
    figures[_GAIN_SHARE] /= figures[_PAIRS]
    figures[_NET] = abs(net) / own
    return int(at)
