"""Bursts of messages: how many an account sends in seconds and in a minute, against its own habit and the market's."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, FILL, NEW
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.time_units import SECOND_NS

WINDOW_S, BURST_S = 60, 5
_MEMORY_S = 900.0  # how long the own habit is remembered
_MARKET_MEMORY_S = 3_600.0
_FADE_S = 30.0
_LEAST_BURST, _LEAST, _LEAST_TIMES = 100, 120, 2.5
_LEAST_OWN, _LEAST_SHARE = 1.5, 0.25
_AGAIN = 1.1
_HORIZON_NS = 3_600 * SECOND_NS
_SECOND, _FIRST, _SAID, _SAID_AT, _COUNT, _RING = range(1, 7)
_HABIT, _HABIT_S, _NEWS, _CANCELS, _FILLS = range(5)
_OLDER, _OLDER_S, _NOW, _FROM = range(4)


class State(NamedTuple):
    """Messages by account.

    Attributes:
        ledger: Of an account: present second, first message, messages of the minute when it was last said and when,
            messages of the minute, and of each of its seconds. Its habit: older messages, faded, and the seconds they
            stand for; recent new orders, cancels and fills, faded.
        seconds: Messages of the market in each of the last seconds, with the present second first, shape (61,).
        market: Older messages of the market, faded, and the seconds they stand for, last and first time in seconds,
            shape (4,).
    """

    ledger: Ledger
    seconds: NDArray[np.int64]
    market: NDArray[np.float64]


@nb.njit(cache=True)
def _pass_seconds(ring: NDArray[np.int64], last: int, second: int) -> int:
    """Empty the seconds that left the minute; return how many messages were in them."""
    gone = 0
    for passing in range(max(last + 1, second - WINDOW_S + 1), second + 1):
        gone += ring[passing % WINDOW_S]
        ring[passing % WINDOW_S] = 0
    return gone


@nb.njit(cache=True)
def _burst(ring: NDArray[np.int64], second: int) -> int:
    count = 0
    for back in range(BURST_S):
        count += ring[(second - back) % WINDOW_S]
    return count


@nb.njit(cache=True)
def _note(whole: NDArray[np.int64], real: NDArray[np.float64], second: int, kind: int) -> None:
    passed = second - whole[_SECOND]
    if passed > 0:
        gone = _pass_seconds(whole[_RING:], whole[_SECOND], second)
        fade, soon = np.exp(-passed / _MEMORY_S), np.exp(-passed / _FADE_S)
        real[_HABIT], real[_HABIT_S] = real[_HABIT] * fade + gone, real[_HABIT_S] * fade + passed
        real[_NEWS], real[_CANCELS], real[_FILLS] = real[_NEWS] * soon, real[_CANCELS] * soon, real[_FILLS] * soon
        whole[_COUNT] -= gone
        whole[_SECOND] = second
    if kind == FILL:
        real[_FILLS] += 1.0
        return
    whole[_COUNT] += 1
    whole[_RING + second % WINDOW_S] += 1
    if kind == NEW:
        real[_NEWS] += 1.0
    elif kind == CANCEL:
        real[_CANCELS] += 1.0


@nb.njit(cache=True)
def _note_market(state: State, second: int) -> None:
    market, seconds = state.market, state.seconds
    if market[_FROM] == 0.0:
        market[_FROM], seconds[0] = second, second
    passed = second - seconds[0]
    if passed > 0:
        gone = _pass_seconds(seconds[1:], seconds[0], second)
        fade = np.exp(-passed / _MARKET_MEMORY_S)
        market[_OLDER] = market[_OLDER] * fade + gone
        market[_OLDER_S] = market[_OLDER_S] * fade + passed
        seconds[0] = second
    seconds[1 + second % WINDOW_S] += 1


@nb.njit(cache=True)
def _usual_of_market(market: NDArray[np.float64]) -> float:
    # The last minute is not in it yet, so its seconds are not either.
    return 60.0 * market[_OLDER] / (market[_OLDER_S] - WINDOW_S) if market[_OLDER_S] > 5 * WINDOW_S else np.nan


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        kind, time = seen.kind[i], seen.time[i]
        if kind > FILL or seen.entity[i] < 0:
            continue
        second = time // SECOND_NS
        slot = entry(state.ledger, seen.entity[i], time, _HORIZON_NS)
        whole, real = state.ledger.whole[slot], state.ledger.real[slot]
        if whole[_FIRST] == 0:
            whole[_FIRST], whole[_SECOND] = time, second
        _note(whole, real, second, kind)
        if kind == FILL:
            continue
        _note_market(state, second)
        if whole[_COUNT] < _LEAST_BURST:  # nearly always
            whole[_SAID] = 0
            continue
        burst, usual = _burst(whole[_RING:], second), _usual_of_market(state.market)
        if burst < _LEAST_BURST and not (whole[_COUNT] >= _LEAST and whole[_COUNT] >= _LEAST_TIMES * usual):
            whole[_SAID] = 0
        elif whole[_COUNT] >= _AGAIN * whole[_SAID] or time - whole[_SAID_AT] > BURST_S * SECOND_NS:
            _say(state, slot, i, seen, out)
    return len(seen.time)


@nb.njit(cache=True)
def _say(state: State, slot: int, i: int, seen: Seen, out: Out) -> None:
    whole, real = state.ledger.whole[slot], state.ledger.real[slot]
    time, second = seen.time[i], whole[_SECOND]
    whole[_SAID], whole[_SAID_AT] = whole[_COUNT], time
    burst, everybody = _burst(whole[_RING:], second), max(_burst(state.seconds[1:], second), 1)
    own = 60.0 * real[_HABIT] / real[_HABIT_S] if real[_HABIT_S] > WINDOW_S else 0.0
    if whole[_COUNT] < _LEAST_OWN * own or burst < _LEAST_SHARE * everybody:
        return
    at = write(out, max(whole[_FIRST], time - WINDOW_S * SECOND_NS), time, 0, seen.entity[i])
    figures = out.figures[at]
    figures[0], figures[1] = whole[_COUNT], burst
    figures[2], figures[3] = burst / everybody, own
    figures[4] = _usual_of_market(state.market)
    figures[5] = real[_CANCELS] / max(real[_NEWS], 1.0)
    figures[6] = real[_FILLS] / max(real[_NEWS], 1.0)


class QuoteStuffing(KernelSweep):
    """Minutes in which an account sends many messages; said again when there are a tenth more, or after 5 s."""

    kind = "quote_stuffing"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = (
        "messages", "burst_messages", "burst_share", "own_usual", "market_usual", "cancelled_share", "filled_share",
    )  # fmt: skip
    horizon_ns: ClassVar[int] = _HORIZON_NS
    about_named: ClassVar[bool] = True
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market in which nothing was sent."""
        return State(new_ledger(_RING + WINDOW_S, 5), np.zeros(1 + WINDOW_S, np.int64), np.zeros(4))
