"""Wash rounds over venues: two entities trade one way on one venue and back on another, in like sizes."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.cross.prints import Prints
from features.sweeps.base import Out, write

KIND = "cross_wash"
FIGURES = ("rounds", "volume_share", "net_ratio", "size_ratio", "seconds", "cost_bps")
BACK_NS = 240_000_000_000
REMEMBERED_NS = 7_200_000_000_000
SHARE_NS = 1_800_000_000_000
_MOST_BACK = 4_096
_LIKE = 0.6
_ROUNDS, _SHARE, _NET, _SIZE, _SECONDS, _COST = range(len(FIGURES))


class Rounds(NamedTuple):
    """Rounds of the last two hours, oldest first, shape (n,) each.

    Attributes:
        time: When the way back traded, ns.
        one: Entity with the smaller code.
        other: The other one, or the same.
        ratio: Smaller over larger quantity of the two legs.
        seconds: Time between them.
        gap: |log price difference| of the legs, basis points.
    """

    time: NDArray[np.int64]
    one: NDArray[np.int32]
    other: NDArray[np.int32]
    ratio: NDArray[np.float64]
    seconds: NDArray[np.float64]
    gap: NDArray[np.float64]


def no_rounds() -> Rounds:
    """Return no rounds."""
    entity, real = np.empty(0, np.int32), np.empty(0)
    return Rounds(np.empty(0, np.int64), entity, entity, real, real, real)


@nb.njit(cache=True, error_model="numpy")
def first_leg(prints: Prints, i: int) -> int:
    """Return the latest trade of the same two, the other way on another venue, that trade i takes back; -1 for none.

    Args:
        prints: Trades of the group, at least of the last four minutes.
        i: A trade.
    """
    buyer, seller = prints.buyer[i], prints.seller[i]
    if buyer < 0 or seller < 0:
        return -1
    for j in range(i - 1, max(i - _MOST_BACK, 0) - 1, -1):
        if prints.time[i] - prints.time[j] > BACK_NS:
            return -1
        if prints.used[j] or prints.slot[j] == prints.slot[i]:
            continue
        if prints.buyer[j] == seller and prints.seller[j] == buyer:
            smaller, larger = sorted2(prints.quantity[i], prints.quantity[j])
            if smaller >= _LIKE * larger:
                return j
    return -1


@nb.njit(cache=True, error_model="numpy")
def sorted2(one: float, other: float) -> tuple[float, float]:
    """Return two numbers, the smaller first."""
    return (one, other) if one < other else (other, one)


@nb.njit(cache=True, error_model="numpy")
def match_rounds(prints: Prints, begin: int, end: int, legs: NDArray[np.int64]) -> None:
    """Find the first leg of each new trade that ends a round.

    Args:
        prints: Trades of the group; `used` is changed in place.
        begin: The first new trade.
        end: The first trade that is not looked at.
        legs: Output: number of the first leg, -1 where there is none, shape (end - begin,).
    """
    for i in range(begin, end):
        j = first_leg(prints, i)
        legs[i - begin] = j
        if j >= 0:
            prints.used[i] = prints.used[j] = True


def round_of(prints: Prints, i: int, j: int) -> Rounds:
    """Return the round of the trades i and j, as a table of one row."""
    one, other = sorted((int(prints.buyer[i]), int(prints.seller[i])))
    few, many = sorted((float(prints.quantity[i]), float(prints.quantity[j])))
    gap = abs(1e4 * np.log(prints.price[i] / prints.price[j]))
    seconds = (prints.time[i] - prints.time[j]) / 1e9
    row = (prints.time[i], np.int32(one), np.int32(other), few / many, seconds, gap)
    return Rounds(*(np.array([cell]) for cell in row))


@nb.njit(cache=True, error_model="numpy")
def tell_round(prints: Prints, rounds: Rounds, i: int, j: int, out: Out) -> int:
    """Write the episode of a round and return its row.

    Args:
        prints: Trades of the group, at least of the last half hour.
        rounds: Rounds, the one of trade i the last.
        i: The way back.
        j: The way there.
        out: Output.
    """
    one, other = min(prints.buyer[i], prints.seller[i]), max(prints.buyer[i], prints.seller[i])
    at = write(out, prints.time[j], prints.time[i], 0, prints.buyer[i])
    if other != one:
        out.members[at, 1] = prints.seller[i]
    figures, count = out.figures[at], 0
    figures[:] = 0.0
    for k in range(len(rounds.time)):
        if rounds.one[k] == one and rounds.other[k] == other and rounds.time[k] > prints.time[i] - REMEMBERED_NS:
            count += 1
            figures[_SIZE] += rounds.ratio[k]
            figures[_SECONDS] += rounds.seconds[k]
            figures[_COST] += rounds.gap[k]
    figures[_SIZE], figures[_SECONDS], figures[_COST] = (
        figures[_SIZE] / count, figures[_SECONDS] / count, figures[_COST] / count,
    )  # fmt: skip
    figures[_ROUNDS] = count
    _tell_shares(prints, i, one, other, figures)
    return int(at)


@nb.njit(cache=True, error_model="numpy")
def _tell_shares(prints: Prints, i: int, one: int, other: int, figures: NDArray[np.float64]) -> None:
    common, gross, net = 0.0, 0.0, 0.0
    for k in range(i, -1, -1):
        if prints.time[i] - prints.time[k] > SHARE_NS:
            break
        buyer, seller, quantity = prints.buyer[k], prints.seller[k], prints.quantity[k]
        bought, sold = buyer in (one, other), seller in (one, other)
        if bought and sold:
            gross += 2.0 * quantity
            common += 2.0 * quantity if prints.used[k] else 0.0
            net += quantity if buyer == one else -quantity
        elif bought or sold:
            gross += quantity
    figures[_SHARE] = common / gross
    figures[_NET] = abs(net) / (common / 2.0) if one != other else 0.0
