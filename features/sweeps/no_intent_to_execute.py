"""Large orders far from where the market could come: how many stand, how far, and what becomes of them."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import FILL, NEW, REPLACE
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.slots import find_slot
from features.sweeps.base import MOST_MEMBERS, KernelSweep, Out, has_room, write
from features.time_units import SECOND_NS

_HORIZON_NS = 3_600 * SECOND_NS
_FAR = 6.0  # usual moves of a minute
_LARGE = 1.5  # usual orders
_LEAST_ORDERS, _LEAST_OF_FRIEND, _LEAST_SIZE = 2, 2, 3.0
_TOGETHER_NS = 1_200 * SECOND_NS
_ORDERS, _START, _GONE, _NEAR, _OPEN, _LOTS, _FLED, _FILLS = range(1, 9)
_DISTANCE, _SIZE, _NEAREST = range(3)


class State(NamedTuple):
    """Far orders by account and side, and one by one.

    Attributes:
        ledger: Of an account and side: far large orders so far, the first of them, those taken back unfilled, other
            orders of either side, far ones that stand, their lots, times one was moved away, fills of them; sums of
            their distances and of log sizes, least distance. Of a far order: its lots.
        keepers: Keys of those who last sent a far order on each side, the latest first, shape (2, 16).
    """

    ledger: Ledger
    keepers: NDArray[np.int64]


@nb.njit(cache=True)
def _distance(seen: Seen, i: int) -> float:
    """Return how far behind the mid price an order stands, usual moves of a minute; NaN where unknown.

    Where trades are rare most minutes bring no move at all, so a move is at least half the spread.
    """
    middle = 0.5 * (seen.bid[i] + seen.ask[i])
    if not (seen.sigma[i] >= 0.0 and seen.usual[i] > 0.0 and seen.ask[i] > seen.bid[i] and seen.price[i] > 0.0):
        return np.nan
    move = max(seen.sigma[i], (seen.ask[i] - middle) / middle)
    return float(np.log(middle / seen.price[i]) * seen.side[i] / move)


@nb.njit(cache=True)
def _remember(keepers: NDArray[np.int64], key: int) -> None:
    """Put one who keeps orders far away first."""
    at = 0
    while at < len(keepers) - 1 and keepers[at] != key:
        at += 1
    for k in range(at, 0, -1):
        keepers[k] = keepers[k - 1]
    keepers[0] = key


@nb.njit(cache=True)
def _alike(ledger: Ledger, one: int, other: int, now: int) -> bool:
    """Tell whether two accounts keep orders of like size as far away, at the same time, and do nothing else."""
    mine, theirs = ledger.whole[one], ledger.whole[other]
    if now - theirs[0] > _HORIZON_NS or theirs[_ORDERS] < _LEAST_OF_FRIEND or theirs[_OPEN] < 1 or theirs[_FILLS] > 0:
        return False
    if theirs[_NEAR] > 0 or abs(theirs[_START] - mine[_START]) > _TOGETHER_NS:
        return False
    n, m = mine[_ORDERS], theirs[_ORDERS]
    far = np.log(ledger.real[one, _DISTANCE] / n) - np.log(ledger.real[other, _DISTANCE] / m)
    size = ledger.real[one, _SIZE] / n - ledger.real[other, _SIZE] / m
    return bool(abs(far) < 0.25 and abs(size) < 0.5)


@nb.njit(cache=True)
def _add_friends(state: State, slot: int, key: int, i: int, at: int, seen: Seen, out: Out) -> None:
    ledger, figures, n = state.ledger, out.figures[at], 1
    for friend in state.keepers[key & 1]:
        other = find_slot(ledger.slots, friend) if friend >= 0 and friend != key else -1
        if other < 0 or n >= MOST_MEMBERS or not _alike(ledger, slot, other, seen.time[i]):
            continue
        figures[0] += ledger.whole[other, _ORDERS]
        figures[1] += ledger.whole[other, _OPEN]
        figures[2] += ledger.whole[other, _LOTS] / seen.usual[i]
        out.members[at, n] = friend >> 1
        n += 1
    figures[12] = n


@nb.njit(cache=True)
def _say(state: State, slot: int, key: int, i: int, seen: Seen, out: Out) -> None:
    ledger = state.ledger
    whole, real = ledger.whole[slot], ledger.real[slot]
    if whole[_ORDERS] < _LEAST_ORDERS or whole[_LOTS] < _LEAST_SIZE * seen.usual[i] or whole[_NEAR] > whole[_ORDERS]:
        return
    at = write(out, whole[_START], seen.time[i], seen.side[i], seen.entity[i])
    figures, n = out.figures[at], whole[_ORDERS]
    depth = seen.bid_depth[i] if seen.side[i] > 0 else seen.ask_depth[i]
    figures[0], figures[1] = n, whole[_OPEN]
    figures[2] = whole[_LOTS] / seen.usual[i]
    figures[3] = whole[_LOTS] / depth if depth > 0 else np.nan
    figures[4], figures[5] = real[_DISTANCE] / n, real[_NEAREST]
    figures[6] = np.exp(real[_SIZE] / n)
    figures[7], figures[8], figures[9] = whole[_GONE], whole[_FILLS], whole[_FLED]
    figures[10] = n / (n + whole[_NEAR])
    figures[11] = (seen.time[i] - whole[_START]) * 1e-9
    _add_friends(state, slot, key, i, at, seen, out)


@nb.njit(cache=True)
def _placed(state: State, i: int, seen: Seen, out: Out) -> None:
    ledger = state.ledger
    distance, side = _distance(seen, i), seen.side[i]
    if np.isnan(distance) or seen.order[i] == 0:
        return
    key = 2 * int(seen.entity[i]) + (1 if side > 0 else 0)
    if distance < _FAR or seen.size[i] < _LARGE * seen.usual[i]:
        for each in (key, key ^ 1):
            slot = find_slot(ledger.slots, each)
            if slot >= 0:
                ledger.whole[slot, _NEAR] += 1
        return
    slot = entry(ledger, key, seen.time[i], _HORIZON_NS)
    whole, real = ledger.whole[slot], ledger.real[slot]
    if whole[_ORDERS] == 0:
        whole[_START], real[_NEAREST] = seen.time[i], distance
    whole[_ORDERS] += 1
    facing = find_slot(ledger.slots, key ^ 1)
    if facing >= 0:
        ledger.whole[facing, _NEAR] += 1
    whole[_OPEN] += 1
    whole[_LOTS] += seen.size[i]
    real[_DISTANCE] += distance
    real[_SIZE] += np.log(seen.size[i] / seen.usual[i])
    real[_NEAREST] = min(real[_NEAREST], distance)
    _remember(state.keepers[key & 1], key)
    order = entry(ledger, seen.order[i], seen.time[i], _HORIZON_NS)
    ledger.whole[order, 1] = seen.size[i]
    _say(state, slot, key, i, seen, out)


@nb.njit(cache=True)
def _changed(state: State, order: int, i: int, seen: Seen, out: Out) -> None:
    """Take what becomes of a far order."""
    ledger = state.ledger
    held = ledger.whole[order, 1]
    if held <= 0:
        return
    key = 2 * int(seen.entity[i]) + (1 if seen.side[i] > 0 else 0)
    slot = entry(ledger, key, seen.time[i], _HORIZON_NS)
    whole, kind = ledger.whole[slot], seen.kind[i]
    if kind == REPLACE:
        ledger.whole[order, 0] = seen.time[i]
        whole[_FLED] += (seen.was[i] - seen.price[i]) * seen.side[i] > 0.0
    elif kind == FILL:
        whole[_FILLS] += 1
    if seen.after[i] == 0 and whole[_ORDERS] > 0:
        ledger.whole[order, 1] = 0
        whole[_OPEN] -= 1
        whole[_LOTS] -= held
        whole[_GONE] += seen.filled[i] == 0 and kind != FILL
    elif kind == REPLACE:
        _say(state, slot, key, i, seen, out)


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        kind = seen.kind[i]
        if kind > 4 or seen.entity[i] < 0 or seen.side[i] == 0:
            continue
        if kind == NEW:
            _placed(state, i, seen, out)
        elif seen.placed[i] > 0:
            order = find_slot(ledger.slots, seen.order[i])
            if order >= 0 and seen.time[i] - ledger.whole[order, 0] <= _HORIZON_NS:
                _changed(state, order, i, seen, out)
    return len(seen.time)


class NoIntentToExecute(KernelSweep):
    """Large orders that stand far away: said when another one comes, or one is moved."""

    kind = "no_intent_to_execute"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "orders", "standing", "standing_size", "depth_multiple", "distance_sigma", "nearest_sigma", "size",
        "taken_back", "fills", "fled", "far_share", "span_s", "accounts",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market without far orders."""
        return State(new_ledger(9, 3), np.full((2, 16), -1))
