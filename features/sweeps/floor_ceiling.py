"""Prices that are held: size put back at one price whenever it has been hit."""

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

_HORIZON_NS = 900 * SECOND_NS
_PRIME, _MASK, _APART = 1_000_003, (1 << 61) - 1, 1 << 61  # keys of prices lie above those of accounts
_STEP = 1e-9
_LEAST_SIZE = 2.0
_RENEWED_NS = 5 * SECOND_NS
(_START, _PUTS, _REFILLS, _HITS, _HIT_LOTS, _OPEN, _MOST, _ENDED, _BACK, _DUE, _BEFORE, _BACK_AT,
 _BACK_LATELY) = range(1, 14)  # fmt: skip
_SENT = 1
_FIRST_HOLDER, _HOLDERS = 1, 8


class State(NamedTuple):
    """What stands at each price, by account.

    Attributes:
        ledger: Of an account at a price and side: first order there, orders, orders after it had been hit, fills and
            their lots, lots that stand, most that stood, orders ended, orders taken back, whether it was hit since
            its last order, orders the account had sent anywhere before, when it last took one back, how many within
            seconds. Of an account: resting orders sent. Of a price and side: those who put back there, as codes and
            one.
    """

    ledger: Ledger


@nb.njit(cache=True)
def _place(price: float, side: int) -> int:
    """Return the key of a price and side."""
    step = int(np.floor(np.log(price) / _STEP))
    return ((step * 2 + (1 if side > 0 else 0)) * _PRIME & _MASK) | _APART


@nb.njit(cache=True)
def _share(place: int, entity: int) -> int:
    """Return the key of an account at a price and side."""
    return ((place ^ (int(entity) + 1) * 2_654_435_761) * _PRIME & _MASK) | _APART | (1 << 62)


@nb.njit(cache=True)
def _holder(ledger: Ledger, place: int, i: int, seen: Seen) -> None:
    """Note that an account put back at a price."""
    slot = entry(ledger, place, seen.time[i], _HORIZON_NS)
    whole, code = ledger.whole[slot], int(seen.entity[i]) + 1
    at = _FIRST_HOLDER
    while at < _HOLDERS and whole[at] != 0 and whole[at] != code:
        at += 1
    whole[at] = code


@nb.njit(cache=True)
def _purity(ledger: Ledger, slot: int, entity: int) -> float:
    """Return which share of what the account sent since it came to a price it sent there."""
    mine = find_slot(ledger.slots, entity)
    sent = ledger.whole[mine, _SENT] - ledger.whole[slot, _BEFORE] if mine >= 0 else 0
    return float(ledger.whole[slot, _PUTS] / max(sent, ledger.whole[slot, _PUTS]))


@nb.njit(cache=True)
def _add_friends(ledger: Ledger, place: int, i: int, at: int, seen: Seen, out: Out) -> None:
    """Add those who put back at the same price and hardly do anything else."""
    figures, n = out.figures[at], 1
    most = ledger.whole[find_slot(ledger.slots, _share(place, seen.entity[i])), _MOST]
    held = find_slot(ledger.slots, place)
    for k in range(_FIRST_HOLDER, _HOLDERS + 1):
        friend = int(ledger.whole[held, k]) - 1 if held >= 0 else -1
        if friend < 0 or friend == seen.entity[i] or n >= MOST_MEMBERS:
            continue
        slot = find_slot(ledger.slots, _share(place, friend))
        if slot < 0 or seen.time[i] - ledger.whole[slot, 0] > _HORIZON_NS or _purity(ledger, slot, friend) < 0.6:
            continue
        whole = ledger.whole[slot]
        if 3 * whole[_MOST] < most:
            continue
        figures[0] += whole[_REFILLS]
        figures[1] += whole[_HITS]
        figures[2] += whole[_OPEN] / seen.usual[i]
        figures[3] += whole[_MOST] / seen.usual[i]
        figures[4] += whole[_HIT_LOTS] / seen.usual[i]
        out.members[at, n] = friend
        n += 1
    figures[9] = n


@nb.njit(cache=True)
def _say(ledger: Ledger, slot: int, place: int, i: int, seen: Seen, out: Out) -> None:
    whole, usual = ledger.whole[slot], seen.usual[i]
    purity = _purity(ledger, slot, seen.entity[i])
    if whole[_REFILLS] < 1 or purity < 0.25:
        return
    at = write(out, whole[_START], seen.time[i], seen.side[i], seen.entity[i])
    figures = out.figures[at]
    figures[0], figures[1] = whole[_REFILLS], whole[_HITS]
    figures[2], figures[3] = whole[_OPEN] / usual, whole[_MOST] / usual
    figures[4] = whole[_HIT_LOTS] / usual
    figures[5] = purity
    figures[6] = whole[_BACK] / max(whole[_ENDED], 1)
    figures[7] = (seen.time[i] - whole[_START]) * 1e-9
    own = seen.bid[i] if seen.side[i] > 0 else seen.ask[i]
    figures[8] = (own - seen.price[i]) * seen.side[i] / (seen.ask[i] - seen.bid[i])
    _add_friends(ledger, place, i, at, seen, out)
    if figures[3] < _LEAST_SIZE:
        out.filled[0] -= 1
        out.members[at, 1:] = -1


@nb.njit(cache=True)
def _renew(whole: NDArray[np.int64], time: int) -> None:
    """Count what was taken back within the last seconds as changed, not as taken back: it is put there again."""
    if time - whole[_BACK_AT] <= _RENEWED_NS:
        whole[_ENDED] -= whole[_BACK_LATELY]
        whole[_BACK] -= whole[_BACK_LATELY]
    whole[_BACK_LATELY] = 0


@nb.njit(cache=True)
def _take_back(whole: NDArray[np.int64], time: int) -> None:
    if time - whole[_BACK_AT] > _RENEWED_NS:
        whole[_BACK_LATELY] = 0
    whole[_BACK_AT] = time
    whole[_BACK_LATELY] += 1
    whole[_BACK] += 1


@nb.njit(cache=True)
def _put(ledger: Ledger, i: int, seen: Seen, out: Out) -> None:
    side, time = seen.side[i], seen.time[i]
    mine = entry(ledger, seen.entity[i], time, _HORIZON_NS)
    other = seen.ask[i] if side > 0 else seen.bid[i]
    if not (other - seen.price[i]) * side > 0.0:
        return
    place = _place(seen.price[i], side)
    slot = entry(ledger, _share(place, seen.entity[i]), time, _HORIZON_NS)
    whole = ledger.whole[slot]
    if whole[_START] == 0:
        whole[_START], whole[_BEFORE] = time, ledger.whole[mine, _SENT]
    ledger.whole[mine, _SENT] += 1
    _renew(whole, time)
    whole[_PUTS] += 1
    whole[_OPEN] += seen.size[i]
    whole[_MOST] = max(whole[_MOST], whole[_OPEN])
    if whole[_DUE] == 1:
        whole[_DUE] = 0
        whole[_REFILLS] += 1
        _holder(ledger, place, i, seen)
        _say(ledger, slot, place, i, seen, out)


@nb.njit(cache=True)
def _ended(ledger: Ledger, i: int, seen: Seen, out: Out) -> None:
    """Take a fill, a cancel or a change of an order that stands at a price."""
    place = _place(seen.was[i], seen.side[i])
    slot = find_slot(ledger.slots, _share(place, seen.entity[i]))
    if slot < 0 or seen.time[i] - ledger.whole[slot, 0] > _HORIZON_NS or ledger.whole[slot, _START] > seen.placed[i]:
        return
    whole, kind = ledger.whole[slot], seen.kind[i]
    moved = kind == REPLACE and seen.price[i] != seen.was[i]
    left = 0 if moved else seen.after[i]
    whole[_OPEN] = max(whole[_OPEN] - (seen.left[i] - left), 0)
    if left == 0:
        whole[_ENDED] += 1
        if kind != FILL:
            _take_back(whole, seen.time[i])
    if kind == FILL:
        whole[0] = seen.time[i]
        whole[_HITS] += 1
        whole[_HIT_LOTS] += seen.left[i] - left
        whole[_DUE] = 1
        _say(ledger, slot, place, i, seen, out)


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        kind = seen.kind[i]
        if kind > 4 or seen.entity[i] < 0 or seen.side[i] == 0 or not seen.usual[i] > 0.0:
            continue
        if not (seen.ask[i] > seen.bid[i] and seen.price[i] > 0.0):
            continue
        if kind == NEW:
            _put(ledger, i, seen, out)
        elif seen.placed[i] > 0 and seen.was[i] > 0.0:
            _ended(ledger, i, seen, out)
    return len(seen.time)


class FloorCeiling(KernelSweep):
    """Prices where an account puts back what was hit: said at each hit and each time it puts back, from the first."""

    kind = "floor_ceiling"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "refills", "hits", "standing_size", "most_size", "absorbed_size", "at_price_share", "taken_back_share",
        "span_s", "behind_spreads", "accounts",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market where no price is held."""
        return State(new_ledger(14, 1))
