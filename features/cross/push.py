"""Pushes: one entity's burst of takes that moves one venue, and what it trades the other way on others.

Followed for a minute and a half after the burst; the position on the other venues is looked for in the two and a half
minutes before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.cross.prints import Prints, Takes
from features.sweeps.base import Out, write

KIND = "cross_push"
FIGURES = (
    "move_bps", "sigmas", "taken_share", "takes", "built", "exit_share", "exit_s", "gain_bps", "lift_bps", "opposed",
    "size_ratio", "usual_trades",
)  # fmt: skip
BURST_NS = 15_000_000_000
FOLLOWED_NS = 90_000_000_000
BUILT_NS = 150_000_000_000
_LEAST_BPS = 3.0
_LEAST_SHARE = 0.25
_MOVE, _SIGMAS, _TAKEN, _TAKES, _BUILT, _EXIT, _EXIT_S, _GAIN, _LIFT, _OPPOSED, _SIZE, _USUAL = range(len(FIGURES))


class Pushes(NamedTuple):
    """Bursts that are followed, by when they began, shape (n,) each.

    Attributes:
        entity: Who took.
        slot: Number of the market.
        side: 1 bought, -1 sold.
        first: Time of the first take, ns.
        last: Time of the last take, ns.
        takes: Number of takes.
        quantity: Base units.
        move: From the last price before to the furthest that it paid, basis points in the direction of the burst.
        sigmas: The same in usual moves of a time as long, NaN where unknown.
        share: Of what was taken on the side from first to last.
    """

    entity: NDArray[np.int32]
    slot: NDArray[np.int64]
    side: NDArray[np.int8]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    takes: NDArray[np.float64]
    quantity: NDArray[np.float64]
    move: NDArray[np.float64]
    sigmas: NDArray[np.float64]
    share: NDArray[np.float64]


def no_pushes() -> Pushes:
    """Return no bursts."""
    whole, real = np.empty(0, np.int64), np.empty(0)
    return Pushes(
        np.empty(0, np.int32), whole, np.empty(0, np.int8), whole, whole, real, real, real, real, real
    )  # fmt: skip


@nb.njit(cache=True, error_model="numpy")
def bursts(
    takes: Takes, begin: int, prints: Prints, usual_bps: NDArray[np.float64], bucket_s: float, now: int, found: Pushes
) -> int:
    """Write the bursts of 15 s that end with a new take and moved their market, and return how many.

    Args:
        takes: Takes of the group, at least of the last half minute.
        begin: The first new take.
        prints: Trades of the group, at least of the last half minute.
        usual_bps: Usual move of a bucket of each market, basis points, NaN where unknown, shape (n_markets,).
        bucket_s: Length of a bucket, seconds.
        now: End of the bucket, ns.
        found: Output, shape (number of new takes,) each.
    """
    filled = 0
    for i in range(begin, len(takes.time)):
        entity, slot, side = takes.entity[i], takes.slot[i], takes.side[i]
        if _goes_on(takes, i, entity, slot, side):
            continue
        first, count, quantity = i, 0, 0.0
        j = i
        while j >= 0 and takes.time[j] > takes.time[i] - BURST_NS:
            if takes.entity[j] == entity and takes.slot[j] == slot and takes.side[j] == side:
                first, count, quantity = j, count + 1, quantity + takes.quantity[j]
            j -= 1
        start, last = takes.time[first], takes.time[i]
        move, share = _moved(prints, slot, side, entity, start, last)
        if move < _LEAST_BPS or share < _LEAST_SHARE or now < last:
            continue
        found.entity[filled], found.slot[filled], found.side[filled] = entity, slot, side
        found.first[filled], found.last[filled], found.takes[filled] = start, last, count
        found.quantity[filled], found.move[filled], found.share[filled] = quantity, move, share
        usual = usual_bps[slot] * np.sqrt(1.0 + (last - start) / 1e9 / bucket_s)
        found.sigmas[filled] = move / usual if usual > 0.0 else np.nan
        filled += 1
    return filled


@nb.njit(cache=True, error_model="numpy")
def _goes_on(takes: Takes, i: int, entity: int, slot: int, side: int) -> bool:
    # Only the last take of an entity in the bucket ends a burst.
    for j in range(i + 1, len(takes.time)):
        if takes.entity[j] == entity and takes.slot[j] == slot and takes.side[j] == side:
            return True
    return False


@nb.njit(cache=True, error_model="numpy")
def _moved(prints: Prints, slot: int, side: int, entity: int, start: int, last: int) -> tuple[float, float]:
    own, everybody, furthest, before = 0.0, 0.0, np.nan, np.nan
    for k in range(len(prints.time) - 1, -1, -1):
        if prints.slot[k] != slot or prints.time[k] > last:
            continue
        if prints.time[k] < start:
            before = prints.price[k]
            break
        if prints.side[k] == side:
            everybody += prints.quantity[k]
            if (prints.buyer[k] if side > 0 else prints.seller[k]) == entity:
                own += prints.quantity[k]
                if np.isnan(furthest) or side * (prints.price[k] - furthest) > 0.0:
                    furthest = prints.price[k]
    if np.isnan(before) or np.isnan(furthest) or everybody == 0.0:
        return 0.0, 0.0
    return side * 1e4 * np.log(furthest / before), own / everybody


@nb.njit(cache=True, error_model="numpy")
def tell_pushes(pushes: Pushes, prints: Prints, begin: int, out: Out, slots: NDArray[np.int64]) -> None:
    """Write an episode for each burst whose entity traded the other way on another venue since `begin`.

    Args:
        pushes: Bursts that are followed.
        prints: Trades of the group, at least of the last seven minutes.
        begin: The first new trade.
        out: Output.
        slots: Output: number of the moved market of each episode.
    """
    for p in range(len(pushes.entity)):
        if pushes.last[p] > prints.time[-1] or not _exits(pushes, p, prints, begin):
            continue
        at = write(out, pushes.first[p], prints.time[-1], pushes.side[p], pushes.entity[p])
        slots[at] = pushes.slot[p]
        figures = out.figures[at]
        figures[_MOVE], figures[_SIGMAS], figures[_TAKEN] = pushes.move[p], pushes.sigmas[p], pushes.share[p]
        figures[_TAKES] = pushes.takes[p]
        _tell_position(pushes, p, prints, figures)


@nb.njit(cache=True, error_model="numpy")
def _exits(pushes: Pushes, p: int, prints: Prints, begin: int) -> bool:
    entity, side = pushes.entity[p], pushes.side[p]
    for i in range(begin, len(prints.time)):
        who = prints.seller[i] if side > 0 else prints.buyer[i]
        if who == entity and prints.slot[i] != pushes.slot[p] and prints.time[i] >= pushes.first[p]:
            return True
    return False


@nb.njit(cache=True, error_model="numpy")
def _tell_position(pushes: Pushes, p: int, prints: Prints, figures: NDArray[np.float64]) -> None:
    entity, side, first = pushes.entity[p], pushes.side[p], pushes.first[p]
    built, bought, paid, sold, got, opposed, until, lift = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, first, 0.0
    others, theirs = 0, 0.0
    for k in range(len(prints.time) - 1, -1, -1):
        if prints.time[k] < first - BUILT_NS:
            break
        buys, sells = prints.buyer[k] == entity, prints.seller[k] == entity
        if buys == sells:
            others += 1
            theirs += prints.quantity[k]
            continue
        along, quantity = buys == (side > 0), prints.quantity[k]
        elsewhere, before = prints.slot[k] != pushes.slot[p], prints.time[k] < first
        if before and not elsewhere:
            opposed += -quantity if along else quantity
        elif before and along:
            bought += quantity
            paid += quantity * prints.price[k]
        elif before:
            built -= quantity
        elif elsewhere and not along:
            sold += quantity
            got += quantity * prints.price[k]
            until = max(until, prints.time[k])
            lift += quantity * side * 1e4 * np.log(prints.price[k] / _before(prints, prints.slot[k], first))
    built += bought
    figures[_BUILT], figures[_SIZE] = built, built / pushes.quantity[p]
    figures[_EXIT_S] = (until - first) / 1e9
    figures[_EXIT], figures[_OPPOSED], figures[_GAIN] = 0.0, np.nan, np.nan
    figures[_LIFT] = lift / sold if sold > 0.0 else np.nan
    figures[_USUAL] = built * others / theirs if others > 0 else np.nan
    # What rounding leaves of a position that came and went is none.
    if built > 1e-9 * bought:
        figures[_EXIT], figures[_OPPOSED] = min(sold / built, 1.0), max(opposed, 0.0) / built
        figures[_GAIN] = side * 1e4 * np.log((got / sold) / (paid / bought)) if sold > 0.0 else np.nan


@nb.njit(cache=True, error_model="numpy")
def _before(prints: Prints, slot: int, moment: int) -> float:
    for k in range(len(prints.time) - 1, -1, -1):
        if prints.slot[k] == slot and prints.time[k] < moment:
            return float(prints.price[k])
    return np.nan
