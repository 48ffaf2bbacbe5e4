"""Orders that better the touch and are made worse within seconds, and who trades with them then."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np

from features.events import CANCEL, FILL, NEW, REPLACE
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.slots import find_slot
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.time_units import SECOND_NS

_SOON_NS = 5 * SECOND_NS
_ANEW_NS = SECOND_NS // 2  # a cancel and a worse order within it are one change
_HORIZON_NS = 1_200 * SECOND_NS
_LEAST, _MOST = 2, 512
_LEAST_SHARE = 0.15  # of the account's orders; of makers' and fleeting quoters' a few in a hundred
_INSIDE, _ROUNDS, _CAUGHT, _START, _TAKEN_BACK, _SIDE, _ORDERS = range(1, 8)
_OF_ORDER = 1  # 1 inside, 2 made worse
_AGE, _SIZE, _RETREAT, _BACK_PRICE, _BACK_GAIN, _BACK_AGE = range(6)
_GAIN = 0


class State(NamedTuple):
    """Generous orders, by account and by order.

    Attributes:
        ledger: Of an account: orders that bettered the touch, those made worse, fills of these, first of them, when it
            last took one back and on which side, all new orders; sums of log age, of log size in usual orders, of the
            retreat, price, gain and age of the order last taken back. Of an order inside: what became of it; by how
            much it bettered the touch.
    """

    ledger: Ledger


@nb.njit(cache=True)
def _round(ledger: Ledger, slot: int, i: int, seen: Seen, age_s: float, retreat: float, lots: int) -> None:
    whole, real = ledger.whole[slot], ledger.real[slot]
    if whole[_ROUNDS] == 0:
        whole[_START] = seen.time[i]
    whole[_ROUNDS] += 1
    real[_AGE] += np.log(max(age_s, 1e-4))
    real[_SIZE] += np.log(max(lots, 1) / seen.usual[i])
    real[_RETREAT] += min(retreat, 2.0)
    if whole[_INSIDE] > _MOST:  # so that the share follows what the account does lately
        for name in (_INSIDE, _ROUNDS, _CAUGHT, _ORDERS):
            whole[name] //= 2
        real[:] *= 0.5


@nb.njit(cache=True)
def _say(ledger: Ledger, slot: int, i: int, seen: Seen, out: Out) -> None:
    whole, real = ledger.whole[slot], ledger.real[slot]
    n = whole[_ROUNDS]
    if n < _LEAST or n < _LEAST_SHARE * whole[_ORDERS]:
        return
    at = write(out, whole[_START], seen.time[i], seen.side[i], seen.entity[i])
    figures = out.figures[at]
    figures[0], figures[1] = n, whole[_CAUGHT]
    figures[2] = n / max(whole[_INSIDE], 1)
    figures[3] = n / max(whole[_ORDERS], 1)
    figures[4] = np.exp(real[_AGE] / n)
    figures[5] = np.exp(real[_SIZE] / n)
    figures[6] = real[_RETREAT] / n


@nb.njit(cache=True)
def _placed(ledger: Ledger, i: int, seen: Seen, out: Out) -> None:
    time, side = seen.time[i], seen.side[i]
    slot = entry(ledger, seen.entity[i], time, _HORIZON_NS)
    whole, real = ledger.whole[slot], ledger.real[slot]
    whole[_ORDERS] += 1
    own = seen.bid[i] if side > 0 else seen.ask[i]
    other = seen.ask[i] if side > 0 else seen.bid[i]
    worse = (real[_BACK_PRICE] - seen.price[i]) * side
    if whole[_TAKEN_BACK] > 0 and time - whole[_TAKEN_BACK] <= _ANEW_NS and whole[_SIDE] == side and worse > 0.0:
        whole[_TAKEN_BACK] = 0
        order = entry(ledger, seen.order[i], time, _HORIZON_NS)
        ledger.whole[order, _OF_ORDER] = 2
        _round(ledger, slot, i, seen, real[_BACK_AGE], worse / real[_BACK_GAIN], seen.size[i])
        _say(ledger, slot, i, seen, out)
    elif (seen.price[i] - own) * side > 0.0 and (other - seen.price[i]) * side > 0.0:
        whole[_INSIDE] += 1
        order = entry(ledger, seen.order[i], time, _HORIZON_NS)
        ledger.whole[order, _OF_ORDER], ledger.real[order, _GAIN] = 1, (seen.price[i] - own) * side


@nb.njit(cache=True)
def _changed(ledger: Ledger, order: int, i: int, seen: Seen, out: Out) -> None:
    """Take a change, cancel or fill of an order that bettered the touch, or was made worse."""
    time, kind, side = seen.time[i], seen.kind[i], seen.side[i]
    what, gain, age = ledger.whole[order, _OF_ORDER], ledger.real[order, _GAIN], time - seen.placed[i]
    if what == 0:
        return
    slot = entry(ledger, seen.entity[i], time, _HORIZON_NS)
    whole, real = ledger.whole[slot], ledger.real[slot]
    if what == 2 and kind == FILL:
        whole[_CAUGHT] += 1
        _say(ledger, slot, i, seen, out)
    if what != 1 or age > _SOON_NS:
        return
    worse = (seen.was[i] - seen.price[i]) * side
    if kind == REPLACE and worse > 0.0 and seen.after[i] > 0:
        ledger.whole[order, _OF_ORDER] = 2
        _round(ledger, slot, i, seen, age * 1e-9, worse / gain, seen.left[i])
        _say(ledger, slot, i, seen, out)
    elif kind == CANCEL and seen.after[i] == 0:
        whole[_TAKEN_BACK], whole[_SIDE] = time, side
        real[_BACK_PRICE], real[_BACK_GAIN], real[_BACK_AGE] = seen.was[i], gain, age * 1e-9


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        kind = seen.kind[i]
        if kind > FILL or seen.entity[i] < 0 or seen.order[i] == 0 or seen.side[i] == 0 or np.isnan(seen.usual[i]):
            continue
        if kind == NEW:
            _placed(ledger, i, seen, out)
        elif seen.placed[i] > 0:
            order = find_slot(ledger.slots, seen.order[i])
            if order >= 0 and seen.time[i] - ledger.whole[order, 0] <= _HORIZON_NS:
                _changed(ledger, order, i, seen, out)
    return len(seen.time)


class Smoking(KernelSweep):
    """Rounds of generous orders made worse: said at each from the second on, and when one of them fills."""

    kind = "smoking"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "rounds", "caught", "inside_share", "orders_share", "age_s", "size", "retreat",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market without generous orders."""
        return State(new_ledger(8, 6))
