"""Climbs: orders of one account that better the touch again and again while the earlier ones are taken back."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, FILL, NEW, REPLACE
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.slots import find_slot
from features.sweeps.base import MOST_MEMBERS, KernelSweep, Out, has_room, write
from features.time_units import SECOND_NS

_PAUSE_NS = 60 * SECOND_NS  # a longer one ends a climb
_HORIZON_NS = 900 * SECOND_NS
_LEAST, _LEAST_OF_FRIEND = 4, 3
_TOGETHER_NS = 30 * SECOND_NS
_ORDERS, _START, _LATEST, _UPS, _BEHIND, _TAKEN_BACK, _OPPOSITE, _PLACED, _FILLED, _OPEN, _OVER = range(1, 12)
_FIRST, _TOP, _NOW, _SIZE, _TOUCH, _RECENT, _RECENT_AT = range(7)
_LATELY_S = 30.0


class State(NamedTuple):
    """Climbs by account and side.

    Attributes:
        ledger: Of an account and side: orders of the climb, its first and last time, those at a better price than the
            one before, orders behind the touch, orders taken back, orders on the other side, lots placed and filled,
            open orders, orders placed while an earlier one stood; price of the first order, highest and last price,
            sum of log sizes in usual orders, own touch before the climb, orders that rested lately (faded) and when
            the last of them came, s.
        climbers: Keys of those who last took a step on each side, the latest first, shape (2, 8).
    """

    ledger: Ledger
    climbers: NDArray[np.int64]


@nb.njit(cache=True)
def _key(entity: int, side: int) -> int:
    return 2 * int(entity) + (1 if side > 0 else 0)


@nb.njit(cache=True)
def _lately(real: NDArray[np.float64], time: int) -> float:
    """Return how many orders rested within about the last half minute."""
    return float(real[_RECENT] * np.exp((real[_RECENT_AT] - time * 1e-9) / _LATELY_S))


@nb.njit(cache=True)
def _begin(ledger: Ledger, slot: int, other: int, i: int, own: float, seen: Seen) -> None:
    whole, real = ledger.whole[slot], ledger.real[slot]
    whole[1:] = 0
    real[:_RECENT] = 0.0
    whole[_START] = seen.time[i]
    if other >= 0 and seen.time[i] - ledger.whole[other, 0] <= _HORIZON_NS:
        whole[_OPPOSITE] = np.int64(_lately(ledger.real[other], seen.time[i]) + 0.5)
    real[_FIRST] = real[_TOP] = real[_NOW] = seen.price[i]
    real[_TOUCH] = own


@nb.njit(cache=True)
def _remember(climbers: NDArray[np.int64], key: int) -> None:
    """Put a climber first."""
    at = 0
    while at < len(climbers) - 1 and climbers[at] != key:
        at += 1
    for k in range(at, 0, -1):
        climbers[k] = climbers[k - 1]
    climbers[0] = key


@nb.njit(cache=True)
def _climbs(ledger: Ledger, slot: int, other: int, i: int, own: float, seen: Seen) -> bool:
    """Take an order that rests; return whether it is a step of a climb."""
    whole, real, side, price = ledger.whole[slot], ledger.real[slot], seen.side[i], seen.price[i]
    better = (price - own) * side
    if whole[_ORDERS] == 0 or seen.time[i] - whole[_LATEST] > _PAUSE_NS:
        if better < 0.0:
            return False
        _begin(ledger, slot, other, i, own, seen)
    elif better < 0.0 or seen.time[i] == whole[_LATEST]:  # of a ladder only the first leads
        whole[_BEHIND] += 1
        return False
    whole[_OVER] += whole[_OPEN] > 0
    whole[_UPS] += (price - real[_NOW]) * side > 0.0
    whole[_ORDERS] += 1
    whole[_OPEN] += 1
    whole[_PLACED] += seen.after[i]
    whole[_LATEST] = seen.time[i]
    real[_SIZE] += np.log(max(seen.after[i], 1) / seen.usual[i])
    real[_NOW] = price
    real[_TOP] = max(real[_TOP] * side, price * side) * side
    return True


@nb.njit(cache=True)
def _measure(whole: NDArray[np.int64], real: NDArray[np.float64], figures: NDArray[np.float64]) -> None:
    orders = whole[_ORDERS]
    figures[0], figures[1] = orders, whole[_UPS]
    figures[2] = whole[_OVER] / max(orders - 1, 1)
    figures[3] = whole[_TAKEN_BACK] / max(orders - whole[_OPEN], 1)
    figures[4] = whole[_FILLED] / max(whole[_PLACED], 1)
    figures[5] = (orders + whole[_BEHIND]) / (orders + whole[_BEHIND] + whole[_OPPOSITE])
    figures[6] = orders / (orders + whole[_BEHIND])
    figures[7] = np.exp(real[_SIZE] / max(orders, 1))


@nb.njit(cache=True)
def _add_friends(state: State, key: int, i: int, at: int, seen: Seen, out: Out) -> None:
    """Add those who climb on the same side at the same time in the same way."""
    ledger, figures, n = state.ledger, out.figures[at], 1
    theirs = np.zeros(figures.shape[0])
    for friend in state.climbers[key & 1]:
        slot = find_slot(ledger.slots, friend) if friend >= 0 and friend != key else -1
        if slot < 0 or n >= MOST_MEMBERS:
            continue
        whole, real = ledger.whole[slot], ledger.real[slot]
        if seen.time[i] - whole[_LATEST] > _TOGETHER_NS or whole[_ORDERS] < _LEAST_OF_FRIEND:
            continue
        _measure(whole, real, theirs)
        alike = abs(np.log(theirs[7] / figures[7])) < 1.0
        if alike and theirs[3] >= 0.6 and theirs[4] <= 0.5 and theirs[5] >= 0.9 and theirs[6] >= 0.8:
            figures[0] += theirs[0]
            figures[1] += theirs[1]
            out.members[at, n] = friend >> 1
            n += 1
    figures[11] = n


@nb.njit(cache=True)
def _say(state: State, slot: int, key: int, i: int, seen: Seen, out: Out) -> None:
    whole, real = state.ledger.whole[slot], state.ledger.real[slot]
    side = seen.side[i]
    at = write(out, whole[_START], seen.time[i], side, seen.entity[i])
    figures = out.figures[at]
    _measure(whole, real, figures)
    own = seen.bid[i] if side > 0 else seen.ask[i]
    sigma = seen.sigma[i] if seen.sigma[i] > 0.0 else np.nan
    figures[8] = np.log(real[_TOP] / real[_FIRST]) * side / sigma
    figures[9] = np.log(own / real[_TOUCH]) * side / sigma
    figures[10] = (seen.time[i] - whole[_START]) * 1e-9
    _add_friends(state, key, i, at, seen, out)


@nb.njit(cache=True)
def _is_climb(whole: NDArray[np.int64]) -> bool:
    orders = whole[_ORDERS]
    one_way = orders > whole[_BEHIND] and orders > 2 * whole[_OPPOSITE] and 5 * whole[_OVER] >= orders
    taken_back = 3 * whole[_TAKEN_BACK] > orders and 2 * whole[_FILLED] < whole[_PLACED]
    return bool(orders >= _LEAST and one_way and taken_back and whole[_UPS] > 0)


@nb.njit(cache=True)
def _rests(seen: Seen, i: int) -> bool:
    other = seen.ask[i] if seen.side[i] > 0 else seen.bid[i]
    return bool((other - seen.price[i]) * seen.side[i] > 0.0)


@nb.njit(cache=True)
def _take_order(state: State, i: int, seen: Seen, out: Out) -> None:
    ledger, side, time = state.ledger, seen.side[i], seen.time[i]
    own = seen.bid[i] if side > 0 else seen.ask[i]
    key = _key(seen.entity[i], side)
    other = find_slot(ledger.slots, key ^ 1)
    if seen.kind[i] == NEW and other >= 0:
        ledger.whole[other, _OPPOSITE] += 1
    if not _rests(seen, i) or seen.after[i] == 0:
        return
    slot = entry(ledger, key, time, _HORIZON_NS)
    if seen.kind[i] == REPLACE:
        if seen.price[i] == seen.was[i]:
            return
        ledger.whole[slot, _TAKEN_BACK] += 1
        ledger.whole[slot, _OPEN] -= 1
    real = ledger.real[slot]
    real[_RECENT], real[_RECENT_AT] = _lately(real, time) + 1.0, time * 1e-9
    if _climbs(ledger, slot, other, i, own, seen):
        _remember(state.climbers[key & 1], key)
        if _is_climb(ledger.whole[slot]):
            _say(state, slot, key, i, seen, out)


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        kind = seen.kind[i]
        if kind > FILL or seen.entity[i] < 0 or seen.side[i] == 0:
            continue
        if not (seen.usual[i] > 0.0 and seen.ask[i] > seen.bid[i] > 0.0 and seen.price[i] > 0.0):
            continue
        if kind in (NEW, REPLACE):
            _take_order(state, i, seen, out)
            continue
        slot = find_slot(ledger.slots, _key(seen.entity[i], seen.side[i]))
        if slot < 0 or seen.placed[i] < ledger.whole[slot, _START]:
            continue
        ended = seen.after[i] == 0 and seen.left[i] > 0
        if kind == FILL:
            ledger.whole[slot, _FILLED] += max(seen.lots[i], 0)
        elif kind == CANCEL and ended:
            ledger.whole[slot, _TAKEN_BACK] += 1
        ledger.whole[slot, _OPEN] -= ended
    return len(seen.time)


class AdvancingTheBid(KernelSweep):
    """Climbs, said at every step from the fourth on; of friends who climb together the steps are counted together."""

    kind = "advancing_the_bid"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "orders", "ups", "overlap_share", "taken_back_share", "filled_share", "one_sided_share", "leading_share",
        "size", "advance_sigma", "touch_sigma", "span_s", "accounts",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market in which nobody climbs."""
        return State(new_ledger(12, 7), np.full((2, MOST_MEMBERS), -1))
