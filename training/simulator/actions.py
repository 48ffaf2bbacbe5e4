"""Carrying out planned actions in the market."""

from __future__ import annotations

import math

from features.events import CANCEL
from training.simulator.agenda import push
from training.simulator.compiled import inner
from training.simulator.plan import ANCHOR, ANCHORED, INSIDE, JOIN, MATCH, NEWS, PARTICIPATE, PLACE, PULL, UNLOAD
from training.simulator.randomness import exponential
from training.simulator.retail import ARRIVAL, WHOEVER, middle
from training.simulator.venue import BEST_ASK, BEST_BID, MEETS_ITSELF, NUMBER, RESTS, cancel, place
from training.simulator.world import PLANNED, SECOND, World

PULL_GROUP = 7


@inner
def act(w: World, now: int, i: int) -> None:
    """Carry out planned action `i`."""
    _, kind, account, side, lots, rule, parameter, group, tag, rests = w.plan.rows[i]
    if kind == PLACE:
        _send(w, now, i, _price(w, side, rule, parameter, tag), lots, RESTS * rests)
    elif kind == MATCH:
        _match(w, now, i, lots, parameter)
    elif kind == PULL:
        pull(w, now, group)
    elif kind == PARTICIPATE:
        _participate(w, now, i, account, lots, parameter, group)
    elif kind == UNLOAD:
        held = min(w.people.position[account] * parameter // 1_000_000, lots)
        _send(w, now, i, _price(w, side, rule, w.spec.slip, tag), held, 0)
    elif kind == NEWS:
        w.mood.value += side * parameter * 1e-6
        for _ in range(lots):
            push(w.agenda, now + int(exponential(w.stream, float(rule)) * SECOND), ARRIVAL, 0, WHOEVER)
    elif kind == ANCHOR:
        w.plan.anchor[tag] = int(middle(w))


@inner
def _price(w: World, side: int, rule: int, parameter: int, tag: int) -> int:
    bid, ask = w.book.top[BEST_BID], w.book.top[BEST_ASK]
    own, other = (bid, ask) if side > 0 else (ask, bid)
    if own <= 0 or own >= len(w.book.head) - 1:
        own = int(middle(w)) - side
    if other <= 0 or other >= len(w.book.head) - 1:
        other = own + side * 2
    if rule == ANCHORED:
        price = round(w.plan.anchor[tag] * (1.0 + parameter * 1e-6))
    elif rule == JOIN:
        price = own - side * parameter
    elif rule == INSIDE:
        price = own + side if abs(other - own) > 1 else own
    else:
        price = other + side * parameter
    return int(price)


@inner
def _send(w: World, now: int, i: int, price: int, lots: int, terms: int) -> None:
    account, side, tag = w.plan.rows[i, 2], w.plan.rows[i, 3], w.plan.rows[i, 8]
    if lots < 1:
        return
    w.plan.orders[i, 1] = w.book.top[NUMBER]
    w.plan.orders[i, 0] = place(w.book, w.log, now, account, side, price, lots, terms, tag, PLANNED + i)


@inner
def _stands(w: World, i: int) -> bool:
    slot = w.plan.orders[i, 0]
    return bool(slot >= 0 and w.book.number[slot] == w.plan.orders[i, 1])


@inner
def _match(w: World, now: int, i: int, lots: int, group: int) -> None:
    target = w.plan.groups[group, 0]
    while target >= 0 and not _stands(w, target):
        target = w.plan.orders[target, 2]
    if target < 0:
        return
    slot, ahead = w.plan.orders[target, 0], 0
    before = w.book.preceding[slot]
    while before >= 0:
        ahead += w.book.leaves[before]
        before = w.book.preceding[before]
    wanted = min(lots, w.book.leaves[slot] + min(ahead, w.book.leaves[slot]))
    _send(w, now, i, w.book.price[slot], wanted, MEETS_ITSELF)


@inner
def pull(w: World, now: int, group: int) -> None:
    """Cancel whatever still rests of a group."""
    i = w.plan.groups[group, 0]
    while i >= 0:
        if _stands(w, i):
            cancel(w.book, w.log, now, w.plan.orders[i, 0], CANCEL)
        i = w.plan.orders[i, 2]


@inner
def _participate(w: World, now: int, i: int, account: int, lots: int, share: int, group: int) -> None:
    """Take what is missing to the wanted share of the others' volume since the first call for the group."""
    own = w.people.volume[account]
    others, memory = w.mood.volume - own, w.plan.groups[group]
    if memory[3] < 0:
        memory[3], memory[4] = own, others
        return
    missing = share * 1e-6 * (others - memory[4]) - (own - memory[3])
    wanted = int(min(math.ceil(missing), float(lots)))
    side = w.plan.rows[i, 3]
    _send(w, now, i, _price(w, side, w.plan.rows[i, 5], w.spec.slip, -1), wanted, 0)
