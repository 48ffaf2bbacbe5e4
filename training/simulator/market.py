"""The event loop of one market: background, makers, planned actions and the fundamental, in time order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, TRADE
from training.simulator import actions, makers, retail
from training.simulator.actions import PULL_GROUP
from training.simulator.agenda import ACTION, FIRST, WHEN, empty_agenda, pop, push
from training.simulator.agenda import SECOND as SECOND_ARGUMENT
from training.simulator.compiled import entry, inner
from training.simulator.makers import MAKER, MAKER_FILL, SNIPE
from training.simulator.randomness import normal, uniform
from training.simulator.retail import ARRIVAL, CANCEL_ORDER, EXPIRE_ORDER, IMMIGRANT
from training.simulator.venue import (
    ACCOUNT,
    COUNTER,
    HOOK,
    KIND,
    LEAVES,
    LOG_COLUMNS,
    LOTS,
    SIDE,
    TIME,
    cancel,
    empty_book,
    empty_log,
)
from training.simulator.world import PLANNED, SECOND, Makers, People, Plan, Spec, World, make_mood

Columns = dict[str, NDArray[np.integer]]
FUNDAMENTAL = 8
_MARGIN = 40_000  # no single action sends more messages than this
_CALM_S = 1_200.0  # relaxation time of volatility


def open_world(spec: Spec, people: People, market_makers: Makers, plan: Plan, seed: int) -> World:
    """Return a market about to open, with everybody's first action on the agenda."""
    agenda = empty_agenda()
    push(agenda, spec.start, FUNDAMENTAL, 0, 0)
    for m in range(market_makers.count):
        push(agenda, spec.start + (m + 1) * 50_000_000, MAKER, m, 0)
    push(agenda, spec.start + SECOND, IMMIGRANT, 0, 0)
    push(agenda, spec.start + 2 * SECOND, SNIPE, 0, 0)
    return World(
        spec, empty_book(int(spec.opening)), empty_log(), agenda, people, market_makers, plan,
        make_mood(math.log(spec.opening)), np.array([seed], np.uint64),
    )  # fmt: skip


def drain(world: World) -> Columns:
    """Take the messages out of the log, as columns of `venue.LOG_COLUMNS`; all but times fit 32 bits."""
    rows = world.log.rows[: world.log.count[0]]
    columns: Columns = {name: rows[:, i].astype(np.int32) for i, name in enumerate(LOG_COLUMNS) if i != TIME}
    columns["time"] = rows[:, TIME].copy()
    world.log.count[0] = 0
    return columns


@entry
def run(w: World, until: int) -> bool:
    """Let the market go on.

    Args:
        w: The market.
        until: Nanosecond to stop at.

    Returns:
        True when `until` is reached; False when the log is full and must be drained first.
    """
    rows, capacity = w.agenda.rows, len(w.log.rows) - _MARGIN
    while True:
        if w.log.count[0] > capacity:
            return False
        planned = w.plan.rows[w.mood.planned, 0] if w.mood.planned < len(w.plan.rows) else until
        now = min(rows[0, WHEN], planned)
        if now >= until:
            return True
        before = w.log.count[0]
        if planned == now:
            i = w.mood.planned
            w.mood.planned += 1
            actions.act(w, now, i)
        else:
            action, first, second = rows[0, ACTION], rows[0, FIRST], rows[0, SECOND_ARGUMENT]
            pop(w.agenda)
            _happen(w, now, action, first, second)
        _notice(w, now, before)


@inner
def _happen(w: World, now: int, action: int, first: int, second: int) -> None:  # noqa: C901 - a table of actions
    if action == IMMIGRANT:
        retail.immigrant(w, now)
    elif action == ARRIVAL:
        retail.arrival(w, now, first, second)
    elif action in (CANCEL_ORDER, EXPIRE_ORDER):
        if w.book.number[first] == second:
            cancel(w.book, w.log, now, first, EXPIRE if action == EXPIRE_ORDER else CANCEL)
    elif action == MAKER:
        if first >= 0:
            makers.look(w, now, first)
        else:
            makers.requote_now(w, now, -1 - first)
    elif action == MAKER_FILL:
        makers.react(w, now, first, second)
    elif action == SNIPE:
        makers.snipe(w, now)
    elif action == PULL_GROUP:
        actions.pull(w, now, first)
    elif action == FUNDAMENTAL:
        _drift(w, now)


@inner
def _drift(w: World, now: int) -> None:
    """Move the fundamental by one second: stochastic volatility, rare larger steps, and activity that follows it."""
    w.mood.log_sigma += -w.mood.log_sigma / _CALM_S + 0.7 * math.sqrt(2.0 / _CALM_S) * normal(w.stream)
    step = w.spec.sigma * math.exp(w.mood.log_sigma - 0.25) * normal(w.stream)
    if uniform(w.stream) < 0.002:
        step *= 6.0
    w.mood.value += step
    w.mood.activity = 0.8 * w.mood.log_sigma
    push(w.agenda, now + SECOND, FUNDAMENTAL, 0, 0)


@inner
def _notice(w: World, now: int, before: int) -> None:
    """Let everybody concerned learn of the fills that were logged since row `before`."""
    for i in range(before, w.log.count[0]):
        row = w.log.rows[i]
        if row[KIND] == TRADE:
            w.mood.volume += row[LOTS]
            w.people.volume[row[ACCOUNT]] += row[LOTS]
            if row[COUNTER] != row[ACCOUNT]:
                w.people.volume[row[COUNTER]] += row[LOTS]
            w.mood.flow += row[SIDE] * 0.6 * min(row[LOTS] / w.spec.typical, 3.0)
        elif row[KIND] == FILL and row[HOOK] >= PLANNED:
            _planned_fill(w, now, row[HOOK] - PLANNED, row[SIDE] * row[LOTS], row[LEAVES])
        elif row[KIND] == FILL and row[HOOK] >= 0:
            m = row[HOOK]
            w.makers.inventory[m] += row[SIDE] * row[LOTS]
            if w.makers.pending[m] == 0:
                w.makers.pending[m] = 1
                push(w.agenda, now + w.makers.latency_ns[m], MAKER_FILL, m, row[SIDE])


@inner
def _planned_fill(w: World, now: int, i: int, signed_lots: int, leaves: int) -> None:
    w.people.position[w.plan.rows[i, 2]] += signed_lots
    group = w.plan.rows[i, 7]
    if group < 0:
        return
    target = w.plan.groups[group, 1]
    if target == group or (target >= 0 and leaves == 0):
        push(w.agenda, now + w.plan.groups[group, 2], PULL_GROUP, target, 0)
