"""Bait: what is laid out on one side, hardly filled, and gone as soon as the other side has traded.

The pattern of spoofing is not a fast cancel (half of all honest orders end that way) but a sequence: a show on one
side, a fill on the other, and the show is pulled within seconds, or in the very moment. Alone or by a crew; once, or
again and again; and as a ladder that is re-priced for an hour. How surprising a sequence is, the entity's own habits
tell: how often it fills, and how often it takes a show away. Orders that were open before the tape began are unknown
and ignored.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.chance import poisson_digits
from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE, TRADE
from features.ledger import Ledger, entry, new_ledger
from features.seen import Seen
from features.sweeps.base import KernelSweep, Out, has_room, write
from features.sweeps.crew import Met, new_met, pairs_of_partner, pairs_of_show, remember_fill, remember_show
from features.sweeps.ladder import note_move, write_ladder
from features.sweeps.shows import (
    CLOSE,
    CLOSE_S,
    FIGURES,
    FILL_LAST,
    FILL_LOTS,
    FILL_PLACED,
    FILL_REST,
    FILL_STARTED,
    FILLS,
    FIRST_PLACED,
    GENUINE,
    HORIZON_NS,
    LAST,
    LAST_PLACED,
    LEVELS,
    LOTS,
    MIRRORED,
    N_REAL,
    N_ROUNDS,
    N_WHOLE,
    OF_ROUND,
    ORDERS,
    PULL,
    ROUND_SHARE,
    ROUNDS,
    ROUNDS_LEVELS,
    ROUNDS_ORDERS,
    SHOWS,
    SINCE,
    STARTED,
    SURPRISE,
    USUAL_LEVELS,
    USUAL_ORDERS,
    WAIT,
    Real,
    Whole,
    came_together,
    is_show,
    known_s,
    note_fill,
    note_new,
    note_pull,
    note_rest,
    of_side,
    tell_show,
    together_chance,
)
from features.time_units import SECOND_NS

_LEAST_MULTIPLE = 1.5
_LEAST_KNOWN_S = 1_800.0
_NEXT_TO_NOTHING_S = 1e-9
_OPENING_NS, _OPENING_ORDERS = 120 * SECOND_NS, 40
_TOGETHER_RESTED_NS = 250_000_000
FILL_MESSAGES, FIRST_TIME, ORDERS_SEEN = range(3)


class State(NamedTuple):
    """What entities show and fill in a market.

    Attributes:
        ledger: Of each entity, and of each pair of a crew; columns as in `features.sweeps.shows`.
        fills: Fills of the last seconds.
        shows: Shows of the last seconds.
        marks: Whether fill messages come (until one is seen, trades fill orders), the time of the first event, and
            new orders so far, shape (3,).
    """

    ledger: Ledger
    fills: Met
    shows: Met
    marks: NDArray[np.int64]


@nb.njit(cache=True)
def _surprise(whole: Whole, side: int, time: int) -> float:
    """Return the digits of the chance that as many of its shows are as close to its fills as they are.

    The order that filled may besides have been placed together with the show, and rested.
    """
    rate = (whole[FILLS] - whole[ROUNDS] + 1) / known_s(whole, time, _LEAST_KNOWN_S)
    best = 0.0
    for k, close_s in enumerate(CLOSE_S):
        best = max(best, poisson_digits(whole[CLOSE + k], max(whole[SHOWS], 1) * rate * close_s))
    own, other = of_side(whole, side), of_side(whole, -side)
    rested = other[FILL_LAST] - other[FILL_PLACED] >= _TOGETHER_RESTED_NS
    if rested and came_together(own, other[FILL_PLACED]):
        best -= math.log10(together_chance(whole, time, _LEAST_KNOWN_S))
    return best


@nb.njit(cache=True)
def _is_opening(state: State, time: int) -> bool:
    # In the first minutes of a tape everybody quotes, and quotes anew; one window of a few messages is not that.
    early = time - state.marks[FIRST_TIME] < _OPENING_NS
    return bool(early and state.marks[ORDERS_SEEN] > _OPENING_ORDERS)


@nb.njit(cache=True)
def _count_round(whole: Whole, side: int, gap_s: float) -> None:
    own, answered = of_side(whole, side), of_side(whole, -side)[FILL_STARTED]
    if own[OF_ROUND] == answered:
        return
    own[OF_ROUND] = answered
    whole[ROUNDS] += 1
    whole[ROUNDS_LEVELS] += own[LEVELS]
    whole[ROUNDS_ORDERS] += own[ORDERS]
    for k, close_s in enumerate(CLOSE_S):
        whole[CLOSE + k] += abs(gap_s) <= close_s


@nb.njit(cache=True)
def _tell_round(whole: Whole, side: int, gap_s: float, entity: int, i: int, seen: Seen, out: Out) -> None:
    """Write the round of a pull and the fill on the other side, if the pull is a show and larger than what filled.

    Of what was laid out on both sides at once, all of the other side was meant as much as what filled of it.
    """
    own, other = of_side(whole, side), of_side(whole, -side)
    genuine = max(other[FILL_LOTS] + other[FILL_REST], own[MIRRORED])
    if own[LOTS] < _LEAST_MULTIPLE * genuine or not is_show(whole, side, seen.usual[i]):
        return
    _count_round(whole, side, gap_s)
    row = write(out, min(own[FIRST_PLACED], other[FILL_STARTED]), seen.time[i], side, entity)
    figures, rounds = out.figures[row], max(whole[ROUNDS], 1)
    tell_show(figures, whole, side, seen.usual[i])
    figures[GENUINE], figures[PULL], figures[N_ROUNDS] = genuine, gap_s, rounds
    figures[ROUND_SHARE], figures[SURPRISE] = rounds / max(whole[SHOWS], 1), _surprise(whole, side, seen.time[i])
    figures[USUAL_ORDERS], figures[USUAL_LEVELS] = whole[ROUNDS_ORDERS] / rounds, whole[ROUNDS_LEVELS] / rounds


@nb.njit(cache=True)
def _entity(ledger: Ledger, entity: int, time: int) -> tuple[Whole, Real]:
    slot = entry(ledger, entity, time, HORIZON_NS)
    whole = ledger.whole[slot]
    if whole[SINCE] == 0:
        whole[SINCE] = time
    return whole, ledger.real[slot]


@nb.njit(cache=True)
def _on_fill(state: State, side: int, entity: int, lots: int, placed: int, i: int, seen: Seen, out: Out) -> None:
    time = seen.time[i]
    whole, _ = _entity(state.ledger, entity, time)
    just_before = note_fill(whole, side, time, lots, placed)
    pulled = of_side(whole, -side)
    if just_before and not _is_opening(state, time):
        _tell_round(whole, -side, -max((time - pulled[LAST]) / SECOND_NS, _NEXT_TO_NOTHING_S), entity, i, seen, out)
    remember_fill(state.fills, time, entity, side, lots, placed)


@nb.njit(cache=True)
def _on_cancel(state: State, whole: Whole, real: Real, i: int, seen: Seen, out: Out) -> None:
    side, entity, time = seen.side[i], seen.entity[i], seen.time[i]
    is_shown = note_pull(whole, real, i, seen)
    if _is_opening(state, time):
        return
    own, other = of_side(whole, side), of_side(whole, -side)
    if own[WAIT] >= 0 and own[LAST_PLACED] <= other[FILL_LAST]:
        _tell_round(whole, side, own[WAIT] / SECOND_NS, entity, i, seen, out)
    if is_shown:
        pairs_of_show(state.ledger, state.fills, whole, i, seen, out)
        remember_show(state.shows, time, entity, side, own[STARTED])
    pairs_of_partner(state.ledger, state.shows, i, seen, out)


@nb.njit(cache=True)
def _on_order(state: State, i: int, seen: Seen, out: Out) -> None:
    kind, side, change = seen.kind[i], seen.side[i], seen.after[i] - seen.left[i]
    whole, real = _entity(state.ledger, seen.entity[i], seen.time[i])
    if kind == NEW:
        state.marks[ORDERS_SEEN] += 1
        note_new(whole, side, seen.time[i], seen.after[i])
    elif seen.left[i] <= 0:
        return
    elif kind == FILL:
        _on_fill(state, side, seen.entity[i], -change, seen.placed[i], i, seen, out)
    elif kind == CANCEL:
        _on_cancel(state, whole, real, i, seen, out)
    elif kind in (REPLACE, EXPIRE, REJECT):
        note_rest(whole, side, change)
        moved = kind == REPLACE and seen.after[i] > 0 and seen.price[i] != seen.was[i]
        if moved and note_move(whole, real, i, seen):
            write_ladder(whole, i, seen, out)


@nb.njit(cache=True)
def _sweep(state: State, begin: int, seen: Seen, out: Out) -> int:
    for i in range(begin, len(seen.time)):
        if not has_room(state.ledger, out):
            return i
        kind = seen.kind[i]
        if state.marks[FIRST_TIME] == 0:
            state.marks[FIRST_TIME] = seen.time[i]
        if kind == TRADE:
            if state.marks[FILL_MESSAGES] == 0:
                if seen.entity[i] >= 0:
                    _on_fill(state, 1, seen.entity[i], seen.lots[i], 0, i, seen, out)
                if seen.counter[i] >= 0:
                    _on_fill(state, -1, seen.counter[i], seen.lots[i], 0, i, seen, out)
        elif seen.entity[i] >= 0 and seen.side[i] != 0:
            if kind == FILL:
                state.marks[FILL_MESSAGES] = 1
            _on_order(state, i, seen, out)
    return len(seen.time)


class Bait(KernelSweep):
    """Rounds of bait by one entity or a crew, and ladders that follow the market; see `features.sweeps.shows`."""

    kind = "bait"
    scale: ClassVar[str] = "account"
    figures: ClassVar[tuple[str, ...]] = FIGURES
    horizon_ns: ClassVar[int] = HORIZON_NS
    kernel = staticmethod(_sweep)

    def new_state(self) -> State:
        """Return the state of a market in which nothing was shown."""
        return State(new_ledger(N_WHOLE, N_REAL), new_met(), new_met(), np.zeros(3, np.int64))
