"""The event loop of a tape: everything that happens, in time order."""

from __future__ import annotations

import math

from features.events import FILL, TRADE
from features.time_units import SECOND_NS
from training.simulator.compiled import entry, inner
from training.simulator.exchange.auction import change_phase
from training.simulator.exchange.records import (
    ACCOUNT,
    COUNTER,
    HOOK,
    KIND,
    LOTS,
    MARKET,
    SIDE,
)
from training.simulator.flow import background, makers, prices, takers
from training.simulator.flow.agenda import ACTION, FIRST, SECOND, THIRD, WHEN, pop, push
from training.simulator.flow.background import CANCEL_ORDER, DECIDE, EXPIRE_ORDER, ORDER
from training.simulator.flow.makers import LOOK, REACT, REQUOTE
from training.simulator.flow.prices import FUNDAMENTAL
from training.simulator.flow.takers import ARBITRAGE, SNIPE
from training.simulator.flow.world import DESK, World

PHASE, WAKE, BEGIN = 10, 11, 12
DONE, FULL, AWAKE = 0, 1, 2
_MARGIN = 40_000  # no single action sends more messages than this
_SMALL, _LARGE = 8.0, 4.0  # impact grows with the root of size, from an eighth of a typical order on


@entry
def open_world(w: World, start: int) -> None:
    """Put everybody's first action on the agenda."""
    push(w.agenda, start, FUNDAMENTAL, 0, 0, 0)
    for m in range(len(w.makers)):
        push(w.agenda, start + (m + 1) * 7_000_000, LOOK, m, 0, 0)
    for market in range(len(w.specs)):
        push(w.agenda, start + SECOND_NS + market * 1_000_000, DECIDE, market, 1, 0)
        push(w.agenda, start + 2 * SECOND_NS + market * 1_000_000, SNIPE, market, 0, 0)
    for a in range(len(w.assets)):
        if w.assets[a].arbitrage_s > 0.0:
            push(w.agenda, start + 3 * SECOND_NS, ARBITRAGE, a, 0, 0)


@entry
def run(w: World, until: int) -> int:
    """Let the markets go on.

    Args:
        w: The world.
        until: Nanosecond to stop at.

    Returns:
        DONE when `until` is reached; FULL when the log must be drained first; AWAKE when somebody with a plan must act
        now (who and with which ticket stands in the clock).
    """
    rows, log = w.agenda.rows, w.exchange.log
    while True:
        if log.count[0] > len(log.rows) - _MARGIN:
            return FULL
        now = rows[0, WHEN]
        if now >= until:
            return DONE
        action, first, second, third = rows[0, ACTION], rows[0, FIRST], rows[0, SECOND], rows[0, THIRD]
        pop(w.agenda)
        w.clock[0] = now
        if action == WAKE:
            w.clock[1], w.clock[2] = first, second
            return AWAKE
        before = log.count[0]
        _happen(w, now, action, first, second, third)
        notice(w, now, before)


@inner
def _happen(w: World, now: int, action: int, first: int, second: int, third: int) -> None:  # noqa: C901, PLR0912
    """Carry out one action; a table of what there is."""
    if action == DECIDE:
        background.decide(w, now, first, second)
    elif action == ORDER:
        if third <= 0:
            background.begin(w, now, first, second, 0, -third)
        else:
            side = 1 if second > 0 else -1
            background.send(w, now, first, side, abs(second) - 1, third, 0)
    elif action == BEGIN:
        background.begin(w, now, first, second, background.WHOEVER, 0)
    elif action in (CANCEL_ORDER, EXPIRE_ORDER):
        background.end_of_life(w, now, first, second, action, third)
    elif action == LOOK:
        makers.look(w, now, first)
    elif action == REQUOTE:
        makers.requote(w, now, first)
    elif action == REACT:
        makers.react(w, now, first, second)
    elif action == SNIPE:
        takers.snipe(w, now, first)
    elif action == ARBITRAGE:
        takers.arbitrage(w, now, first)
    elif action == FUNDAMENTAL:
        prices.drift(w, now)
    elif action == PHASE:
        change_phase(w.exchange, now, first, second)


@inner
def notice(w: World, now: int, before: int) -> None:
    """Let everybody concerned learn of the fills that were logged since row `before`."""
    log = w.exchange.log
    for i in range(before, log.count[0]):
        row = log.rows[i]
        if row[KIND] == TRADE:
            market, lots = row[MARKET], row[LOTS]
            mood = w.moods[market]
            mood.volume += lots
            mood.flow += row[SIDE] * min(math.sqrt(_SMALL * lots / w.specs[market].typical), _LARGE)
            w.people.volume[row[ACCOUNT], market] += lots
            if row[COUNTER] != row[ACCOUNT]:
                w.people.volume[row[COUNTER], market] += lots
        elif row[KIND] == FILL and row[HOOK] >= DESK:
            _desk_fill(w, now, row[HOOK] - DESK, row[LOTS], row[ACCOUNT])
        elif row[KIND] == FILL and row[HOOK] >= 0:
            _maker_fill(w, now, row[HOOK], row[SIDE], row[LOTS])


@inner
def _desk_fill(w: World, now: int, order: int, lots: int, account: int) -> None:
    w.desk.filled[order] += lots
    waiter = w.desk.waiter[order]
    if waiter >= 0:
        w.desk.waiter[order] = -1
        push(w.agenda, now + w.people.latency_ns[account], WAKE, waiter, w.desk.ticket[order], 0)


@inner
def _maker_fill(w: World, now: int, m: int, side: int, lots: int) -> None:
    maker = w.makers[m]
    maker.inventory += side * lots
    if maker.pending == 0:
        maker.pending = 1
        push(w.agenda, now + w.people.latency_ns[maker.account], REACT, m, side, 0)
