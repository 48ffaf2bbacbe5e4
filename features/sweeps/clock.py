"""Clocks: who takes at regular intervals, how precisely, and how much of the market's rhythm that is.

Takes of one moment are one arrival. Of the last arrivals of an account, most gaps may lie within a tenth of one
length; gaps of chance, exponential or log-normal, hardly do. Where accounts are unknown, the market is one.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.chance import binomial_digits
from features.events import TRADE
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.takes import taker_of
from features.time_units import SECOND_NS

MARKET = -2
"""Key of the market as a whole."""
_HORIZON_NS = 3_600 * SECOND_NS
_AGAIN_NS = 20 * SECOND_NS
_ARRIVALS, _LEAST_GAPS, _LOOK_EVERY = 49, 20, 4
_WIDTH = 1.1  # longest over shortest of gaps that count as one length
_BY_CHANCE = 0.1  # of log-normal gaps with a sigma of .4; of exponential ones .04
_LEAST_SHARE, _LEAST_DIGITS = 0.25, 3.0
_FASTEST_NS = SECOND_NS // 100  # quicker is how long machines take to answer, not when they choose to act
_STAMPS = 20  # a gap is that many units of the tape's clock at least: rounded times are regular by themselves
_COARSEST_NS = 10 * SECOND_NS
_COUNT, _SAID_AT, _RING = range(1, 4)
_UNIT, _MOMENT, _NUMBER = range(3)


class State(NamedTuple):
    """Arrivals by account.

    Attributes:
        ledger: Of an account: arrivals, when it was last said; of each of its last arrivals the time, the number of
            the market's moment and the taker's side.
        market: Unit of the tape's times (ns), the market's last moment with a trade, the number of it, shape (3,).
    """

    ledger: Ledger
    market: NDArray[np.int64]


@nb.njit(cache=True)
def _pass(market: NDArray[np.int64], time: int) -> None:
    while time % market[_UNIT] != 0:
        market[_UNIT] //= 10
    if time > market[_MOMENT]:
        market[_MOMENT] = time
        market[_NUMBER] += 1


@nb.njit(cache=True)
def _on_beat(gaps: NDArray[np.int64]) -> tuple[int, float]:
    """Return how many gaps are of one length, and that length, ns."""
    ordered = np.sort(gaps)
    most, first, last = 0, 0, 0
    for low in range(len(ordered)):
        while last < len(ordered) and ordered[last] <= _WIDTH * ordered[low]:
            last += 1
        if last - low > most:
            most, first = last - low, low
    return most, float(ordered[first + most // 2])


@nb.njit(cache=True)
def _look(state: State, slot: int, entity: int, time: int, out: Out) -> None:
    whole, market = state.ledger.whole[slot], state.market
    n = min(whole[_COUNT], _ARRIVALS)
    order = np.empty(n, np.int64)
    for k in range(n):
        order[k] = _RING + 3 * ((whole[_COUNT] - n + k) % _ARRIVALS)
    times = whole[order]
    on_beat, period = _on_beat(np.diff(times))
    share, digits = on_beat / (n - 1), binomial_digits(on_beat, n - 1.0, _BY_CHANCE)
    if share < _LEAST_SHARE or digits < _LEAST_DIGITS or period < max(_FASTEST_NS, _STAMPS * market[_UNIT]):
        return
    whole[_SAID_AT] = time
    at = write(out, times[0], time, 0, entity)
    figures = out.figures[at]
    figures[0], figures[1], figures[2], figures[3] = n - 1, share, digits, period * 1e-9
    figures[4] = n / (market[_NUMBER] - whole[order[0] + 1] + 1.0)
    figures[5] = abs(whole[order + 2].sum()) / n


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    ledger = state.ledger
    for i in range(begin, len(seen.time)):
        if not has_room(ledger, out):
            return i
        if seen.kind[i] != TRADE:
            continue
        time, taker = seen.time[i], taker_of(seen, i)
        _pass(state.market, time)
        unknown = seen.entity[i] < 0 and seen.counter[i] < 0
        if taker < 0 and not unknown:
            continue
        slot = entry(ledger, MARKET if unknown else taker, time, _HORIZON_NS)
        whole = ledger.whole[slot]
        latest = _RING + 3 * ((whole[_COUNT] - 1) % _ARRIVALS)
        if whole[_COUNT] > 0 and whole[latest] == time:
            continue
        into = _RING + 3 * (whole[_COUNT] % _ARRIVALS)
        whole[into], whole[into + 1], whole[into + 2] = time, state.market[_NUMBER], seen.side[i]
        whole[_COUNT] += 1
        ripe = whole[_COUNT] > _LEAST_GAPS and whole[_COUNT] % _LOOK_EVERY == 0
        if ripe and time - whole[_SAID_AT] >= _AGAIN_NS:
            _look(state, slot, -1 if unknown else taker, time, out)
    return len(seen.time)


class Clock(KernelSweep):
    """Regular takers: said every 20 s at most, while at least a quarter of their gaps are of one length."""

    kind = "clock"
    scale: ClassVar[str] = "market"
    figures: ClassVar[tuple[str, ...]] = ("gaps", "beat_share", "digits", "period_s", "arrival_share", "one_sided")
    horizon_ns: ClassVar[int] = _HORIZON_NS
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market without trades."""
        market = np.array([_COARSEST_NS, 0, 0], np.int64)
        return State(new_ledger(_RING + 3 * _ARRIVALS, 0), market)
