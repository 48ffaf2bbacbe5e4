"""Market makers: symmetric quotes on several levels around a believed price, and fast takers who read the book.

A maker's belief goes quickly to the market's mid, slowly to the fundamental, and is pushed by order flow. Quotes lean
on book imbalance (so bait works on them) and against inventory. After a fill the maker shortly withdraws the other side
and quotes anew: innocent, and exactly what a careless spoofing rule takes for bait.
Not modelled: competition for queue position, hedging elsewhere, fees.
"""

from __future__ import annotations

import math

from features.events import CANCEL
from training.simulator.agenda import push
from training.simulator.compiled import inner
from training.simulator.randomness import exponential, uniform
from training.simulator.retail import imbalance, middle
from training.simulator.venue import BEST_ASK, BEST_BID, NUMBER, RESTS, cancel, place, replace
from training.simulator.world import SECOND, World

MAKER, MAKER_FILL, SNIPE = 4, 5, 6


@inner
def look(w: World, now: int, m: int) -> None:
    """Let a maker look at the market, quote anew where needed, and plan the next look."""
    _update_belief(w, now, m)
    _requote(w, now, m)
    wait = exponential(w.stream, w.makers.refresh_s[m])
    push(w.agenda, now + 1_000_000 + int(wait * SECOND), MAKER, m, 0)


@inner
def react(w: World, now: int, m: int, side: int) -> None:
    """React to a fill: withdraw the other side, pause on the filled one when it was hit hard, then quote anew."""
    makers = w.makers
    makers.pending[m] = 0
    other = 1 if side > 0 else 0
    for level in range(makers.levels[m]):
        slot = makers.slot[m, other, level]
        if slot >= 0 and w.book.number[slot] == makers.number[m, other, level]:
            cancel(w.book, w.log, now, slot, CANCEL)
            makers.slot[m, other, level] = -1
    if uniform(w.stream) < 0.3:
        makers.paused[m, 1 - other] = now + int(exponential(w.stream, 1.5) * SECOND)
    push(w.agenda, now + makers.latency_ns[m] + int(exponential(w.stream, 0.05) * SECOND), MAKER, -1 - m, 0)


@inner
def requote_now(w: World, now: int, m: int) -> None:
    """Quote anew without planning another look."""
    _update_belief(w, now, m)
    _requote(w, now, m)


@inner
def _update_belief(w: World, now: int, m: int) -> None:
    makers, before = w.makers, w.makers.belief[m]
    elapsed = (now - makers.seen[m]) / SECOND
    near = 0.7 * (1.0 - math.exp(-elapsed / 2.0))
    far = 1.0 - math.exp(-elapsed / makers.trust_s[m])
    belief = before + near * (math.log(middle(w)) - before)
    belief += far * (w.mood.value - belief)
    pushed = w.mood.flow - makers.flow[m]
    belief += 0.35 * w.spec.sigma * max(min(pushed, 20.0), -20.0)
    move = abs(belief - before) * w.spec.opening
    makers.heat[m] = makers.heat[m] * math.exp(-elapsed / 20.0) + 0.15 * move
    makers.belief[m], makers.seen[m], makers.flow[m] = belief, now, w.mood.flow


@inner
def _target(w: World, now: int, m: int, fair: float, side: int, level: int) -> int:
    """Return the price at which a maker wants to quote, 0 for not at all."""
    makers = w.makers
    row = 0 if side > 0 else 1
    if now < makers.paused[m, row] or makers.inventory[m] * side > makers.limit[m]:
        return 0
    away = makers.half_spread[m] + level * makers.gap[m] + min(makers.heat[m], 8.0 * makers.half_spread[m])
    price = fair - side * away
    nearest = math.floor(price) if side > 0 else math.ceil(price)
    return max(int(nearest), 1)


@inner
def _requote(w: World, now: int, m: int) -> None:
    makers = w.makers
    skew = 2.0 * makers.half_spread[m] * makers.inventory[m] / makers.limit[m]
    fair = math.exp(makers.belief[m]) + makers.lean[m] * imbalance(w, 8) - skew + 0.6 * (uniform(w.stream) - 0.5)
    for row in range(2):
        for level in range(makers.levels[m]):
            _withdraw(w, now, m, row, level, _target(w, now, m, fair, 1 - 2 * row, level))
    for row in range(2):
        for level in range(makers.levels[m]):
            _quote(w, now, m, row, level, _target(w, now, m, fair, 1 - 2 * row, level))


@inner
def _stands(w: World, m: int, row: int, level: int) -> bool:
    slot = w.makers.slot[m, row, level]
    return bool(slot >= 0 and w.book.number[slot] == w.makers.number[m, row, level])


@inner
def _is_stale(w: World, m: int, slot: int, level: int, target: int) -> bool:
    tolerance = 0 if level == 0 else 1 + int(0.5 * w.makers.gap[m])
    return bool(abs(w.book.price[slot] - target) > tolerance)


@inner
def _withdraw(w: World, now: int, m: int, row: int, level: int, target: int) -> None:
    makers = w.makers
    if not _stands(w, m, row, level):
        makers.slot[m, row, level] = -1
        return
    slot = makers.slot[m, row, level]
    stale = target == 0 or _is_stale(w, m, slot, level, target)
    if stale and (target == 0 or makers.replaces[m] == 0):
        cancel(w.book, w.log, now, slot, CANCEL)
        makers.slot[m, row, level] = -1


@inner
def _quote(w: World, now: int, m: int, row: int, level: int, target: int) -> None:
    if target == 0:
        return
    makers, side = w.makers, 1 - 2 * row
    price = min(target, w.book.top[BEST_ASK] - 1) if side > 0 else max(target, w.book.top[BEST_BID] + 1)
    lots = makers.lots[m] * (2 + level) // 2
    slot = makers.slot[m, row, level]
    if slot >= 0:
        if makers.replaces[m] == 1 and _is_stale(w, m, slot, level, price):
            replace(w.book, w.log, now, slot, price, lots)
        return
    makers.number[m, row, level] = w.book.top[NUMBER]
    makers.slot[m, row, level] = place(
        w.book, w.log, now, makers.account[m], side, price, lots, RESTS, -1, m
    )  # fmt: skip


@inner
def snipe(w: World, now: int) -> None:
    """Let a fast taker follow a lopsided book, or hit a quote that the fundamental has left behind."""
    people = w.people
    who = people.snipers[min(int(uniform(w.stream) * len(people.snipers)), len(people.snipers) - 1)]
    bid, ask = w.book.top[BEST_BID], w.book.top[BEST_ASK]
    if bid > 0 and ask < len(w.book.head) - 1:
        tilt = imbalance(w, 4)
        gap = (w.mood.value - math.log(middle(w))) / (w.spec.sigma * 7.75)
        side = 1 if tilt + 0.4 * gap > 0.0 else -1
        if abs(tilt + 0.4 * gap) > 0.75 and uniform(w.stream) < 0.5:
            touch = ask if side > 0 else bid
            lots = max(int(w.spec.typical * (0.2 + 0.8 * uniform(w.stream))), 1)
            place(w.book, w.log, now, who, side, touch, lots, 0, -1, -1)
    push(w.agenda, now + 1_000_000 + int(exponential(w.stream, w.spec.snipe_s) * SECOND), SNIPE, 0, 0)
