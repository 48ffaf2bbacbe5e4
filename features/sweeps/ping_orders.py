"""Runs of tiny orders that are gone at once, and what their sender trades after them."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np

from features.events import CANCEL, EXPIRE, FILL, NEW
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.time_units import SECOND_NS

_GONE_NS = 100_000_000
_TINY = 0.35  # of a usual order
_PAUSE_NS = 20 * SECOND_NS  # longer ones end a run
_HORIZON_NS = 1_800 * SECOND_NS
_LEAST = 4
_LARGER = 4.0
_PINGS, _START, _LATEST, _MISSED, _OTHERS, _BUYS, _REPEATS, _SAID = range(1, 9)
_LOG, _LOG2, _RATIO = range(3)


class State(NamedTuple):
    """Runs of pings by account.

    Attributes:
        ledger: Of an account: pings of the run, its first and last time, those that met nothing inside the spread,
            other orders since it began, pings that bought, runs followed by size, pings when it was last said; sum of
            log sizes, of their squares, of log sizes in usual orders.
    """

    ledger: Ledger


@nb.njit(cache=True)
def _is_ping(seen: Seen, i: int) -> bool:
    """Tell whether an event ends a tiny order, at or before its touch, within milliseconds."""
    if seen.placed[i] == 0 or seen.time[i] - seen.placed[i] > _GONE_NS or seen.after[i] > 0:
        return False
    if not seen.size[i] <= _TINY * seen.usual[i]:
        return False
    own = seen.bid[i] if seen.side[i] > 0 else seen.ask[i]
    return bool((seen.price[i] - own) * seen.side[i] >= 0.0)


@nb.njit(cache=True)
def _count(ledger: Ledger, slot: int, i: int, seen: Seen) -> None:
    whole, real = ledger.whole[slot], ledger.real[slot]
    if whole[_PINGS] == 0 or seen.time[i] - whole[_LATEST] > _PAUSE_NS:
        for name in (_PINGS, _MISSED, _OTHERS, _BUYS, _SAID):
            whole[name] = 0
        real[:] = 0.0
        whole[_START] = seen.time[i]
    log = np.log(max(seen.size[i], 1))
    whole[_PINGS] += 1
    whole[_LATEST] = seen.time[i]
    whole[_BUYS] += seen.side[i] > 0
    other = seen.ask[i] if seen.side[i] > 0 else seen.bid[i]
    # Strictly inside: at the touch a ping that meets nothing was only too late.
    own = seen.bid[i] if seen.side[i] > 0 else seen.ask[i]
    inside = (other - seen.price[i]) * seen.side[i] > 0.0 and (seen.price[i] - own) * seen.side[i] > 0.0
    whole[_MISSED] += inside and seen.filled[i] == 0 and seen.kind[i] != FILL
    real[_LOG] += log
    real[_LOG2] += log * log
    real[_RATIO] += log - np.log(seen.usual[i])


@nb.njit(cache=True)
def _say(ledger: Ledger, slot: int, i: int, ahead: float, seen: Seen, out: Out) -> None:
    whole, real = ledger.whole[slot], ledger.real[slot]
    n = whole[_PINGS]
    at = write(out, whole[_START], seen.time[i], seen.side[i], seen.entity[i])
    figures = out.figures[at]
    mean = real[_LOG] / n
    figures[0] = n
    figures[1] = np.exp(real[_RATIO] / n)
    figures[2] = np.sqrt(max(real[_LOG2] / n - mean * mean, 0.0))
    figures[3] = (whole[_LATEST] - whole[_START]) * 1e-9 / max(n - 1, 1)
    figures[4] = whole[_MISSED] / n
    figures[5] = max(whole[_BUYS], n - whole[_BUYS]) / n
    figures[6] = n / (n + whole[_OTHERS])
    figures[7] = ahead / np.exp(mean)
    figures[8] = ahead / seen.usual[i]
    figures[9] = whole[_REPEATS]


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        kind = seen.kind[i]
        if kind > EXPIRE or seen.entity[i] < 0 or seen.side[i] == 0 or np.isnan(seen.usual[i]):
            continue
        if kind in (CANCEL, FILL, EXPIRE):
            if _is_ping(seen, i):
                slot = entry(ledger, seen.entity[i], seen.time[i], _HORIZON_NS)
                _count(ledger, slot, i, seen)
                whole = ledger.whole[slot]
                if whole[_PINGS] >= max(2 * _LEAST, 2 * whole[_SAID]):
                    whole[_SAID] = whole[_PINGS]
                    _say(ledger, slot, i, 0.0, seen, out)
        elif kind == NEW and seen.size[i] > _TINY * seen.usual[i]:
            slot = entry(ledger, seen.entity[i], seen.time[i], _HORIZON_NS)
            whole = ledger.whole[slot]
            if whole[_PINGS] == 0 or seen.time[i] - whole[_LATEST] > _PAUSE_NS:
                continue
            same = (whole[_BUYS] * 2 > whole[_PINGS]) == (seen.side[i] > 0)
            mean = np.exp(ledger.real[slot, _LOG] / whole[_PINGS])
            if same and whole[_PINGS] >= _LEAST and seen.size[i] >= _LARGER * mean:
                _say(ledger, slot, i, float(seen.size[i]), seen, out)
                whole[_REPEATS] += 1
                whole[_PINGS] = 0
            else:
                whole[_OTHERS] += 1
    return len(seen.time)


class PingOrders(KernelSweep):
    """Runs of pings: said when a larger order on their side follows, and while they go on at every doubling."""

    kind = "ping_orders"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "pings", "ping_size", "size_spread", "gap_s", "missed_share", "one_way_share", "pings_share",
        "ahead_multiple", "ahead_size", "repeats",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market without pings."""
        return State(new_ledger(9, 3))
