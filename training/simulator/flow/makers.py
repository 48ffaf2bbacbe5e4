"""Market makers: symmetric quotes on several levels around a believed price.

A maker's belief goes quickly to the mid of its own and the other venues, slowly to what the asset is worth, and is
pushed by order flow. Quotes lean on book imbalance (so bait works on them) and against inventory. After a fill the
maker shortly withdraws the other side and quotes anew: innocent, and just what a careless spoofing rule takes for
bait. Fast ones also show fleeting orders at the touch for milliseconds.
Not modelled: models of adverse selection, quotas of a market-making agreement.
"""

from __future__ import annotations

import math

from features.events import CANCEL
from features.time_units import SECOND_NS
from training.simulator.arithmetic import exp, log
from training.simulator.chance import exponential, log_uniform, poisson, uniform
from training.simulator.compiled import inner
from training.simulator.exchange.records import CALL, HALTED, NONE, NUMBER, POST_ONLY, RESTS
from training.simulator.exchange.venue import cancel, place, replace
from training.simulator.flow.agenda import push
from training.simulator.flow.background import CANCEL_ORDER
from training.simulator.flow.prices import activity
from training.simulator.flow.touch import imbalance, middle, own_touch
from training.simulator.flow.world import World

LOOK, REQUOTE, REACT = 4, 5, 6
_IDLE_S = 60.0
_HEDGED_S = 900.0  # time constant with which inventory is laid off elsewhere
_RELUCTANT = 4.0  # half spreads further away, for every limit of inventory held


@inner
def look(w: World, now: int, m: int) -> None:
    """Let a maker look at the market, quote anew where needed, and plan the next look."""
    maker = w.makers[m]
    market = maker.market
    requote(w, now, m)
    if w.exchange.books[market].phase < CALL:
        for _ in range(poisson(w.streams, market, maker.flashes)):
            _flash(w, now, m)
    pace = maker.refresh_s / math.sqrt(max(activity(w, now, market), 0.05))
    wait = min(exponential(w.streams, market, pace), _IDLE_S)
    push(w.agenda, now + 1_000_000 + int(wait * SECOND_NS), LOOK, m, 0, 0)


@inner
def requote(w: World, now: int, m: int) -> None:
    """Quote anew without planning another look."""
    if w.exchange.books[w.makers[m].market].phase >= HALTED:
        return
    _update_belief(w, now, m)
    _requote(w, now, m)


@inner
def react(w: World, now: int, m: int, side: int) -> None:
    """React to a fill: withdraw the other side, pause on the filled one when it was hit hard, then quote anew."""
    maker = w.makers[m]
    maker.pending = 0
    if w.exchange.books[maker.market].phase >= HALTED:
        return
    other = 1 if side > 0 else 0
    for level in range(maker.levels):
        if _stands(w, m, other, level):
            cancel(w.exchange, now, maker.slot[other, level], CANCEL)
        maker.slot[other, level] = NONE
    if uniform(w.streams, maker.market) < 0.3:
        maker.paused[1 - other] = now + int(exponential(w.streams, maker.market, 1.5) * SECOND_NS)
    wait = w.people.latency_ns[maker.account] + int(exponential(w.streams, maker.market, 0.05) * SECOND_NS)
    push(w.agenda, now + wait, REQUOTE, m, 0, 0)


@inner
def _flash(w: World, now: int, m: int) -> None:
    """Show an order at or inside the touch for some milliseconds."""
    maker = w.makers[m]
    market = maker.market
    book = w.exchange.books[market]
    side = 1 if uniform(w.streams, market) < 0.5 else -1
    if book.resting[0] == 0 or book.resting[1] == 0 or maker.inventory * side > maker.limit:
        return
    wide = book.best[1] - book.best[0] > 1
    improves = 1 if wide and uniform(w.streams, market) < 0.4 else 0
    back = int(maker.gap * uniform(w.streams, market) * 2.0) if improves == 0 else 0
    price = own_touch(w, market, side, 1) + side * (improves - back)
    lots = max(int(maker.lots * (0.2 + uniform(w.streams, market))), 1)
    number = w.exchange.pool.top[NUMBER]
    slot = place(w.exchange, now, market, maker.account, side, price, lots, RESTS + POST_ONLY, 0, -1, m)
    if slot != NONE:
        life = log_uniform(w.streams, market, 0.002, 1.2)
        push(w.agenda, now + int(life * SECOND_NS), CANCEL_ORDER, slot, number, 1)


@inner
def _update_belief(w: World, now: int, m: int) -> None:
    maker = w.makers[m]
    spec = w.specs[maker.market]
    asset, before = w.assets[spec.asset], maker.belief
    elapsed = (now - maker.seen) / SECOND_NS
    near = 0.7 * (1.0 - exp(-elapsed / 2.0))
    far = 1.0 - exp(-elapsed / maker.trust_s)
    seen = log(middle(w, maker.market))
    if asset.markets > 1:
        seen = 0.5 * (seen + asset.mid)
    belief = before + near * (seen - before)
    belief += far * (asset.value - belief)
    flow = w.moods[maker.market].flow
    pushed = min(max(flow - maker.flow, -20.0), 20.0)
    belief += (0.1 * asset.sigma + 0.1 * maker.half_spread / spec.opening) * pushed
    move = abs(belief - before) * spec.opening
    maker.heat = maker.heat * exp(-elapsed / 20.0) + 0.15 * move
    maker.belief, maker.seen, maker.flow = belief, now, flow
    maker.inventory = int(maker.inventory * exp(-elapsed / _HEDGED_S))


@inner
def _target(w: World, now: int, m: int, fair: float, row: int, level: int) -> int:
    """Return the price at which a maker wants to quote, 0 for not at all."""
    maker = w.makers[m]
    side = 1 - 2 * row
    if now < maker.paused[row]:
        return 0
    full = maker.inventory * side / maker.limit
    away = maker.half_spread + level * (1.0 + 0.35 * level) * maker.gap + min(maker.heat, 8.0 * maker.half_spread)
    if full > 1.0:
        away += _RELUCTANT * min(full, 4.0) * maker.half_spread
    price = fair - side * away
    nearest = math.floor(price) if side > 0 else math.ceil(price)
    return max(int(nearest), 1)


@inner
def _requote(w: World, now: int, m: int) -> None:
    maker = w.makers[m]
    market = maker.market
    skew = 2.0 * maker.half_spread * maker.inventory / maker.limit
    fair = exp(maker.belief) + maker.lean * imbalance(w, market, 8) - skew
    fair += 0.5 * (uniform(w.streams, market) - 0.5)
    for row in range(2):
        for level in range(maker.levels):
            _withdraw(w, now, m, row, level, _target(w, now, m, fair, row, level))
    for row in range(2):
        for level in range(maker.levels):
            _quote(w, now, m, row, level, _target(w, now, m, fair, row, level))


@inner
def _stands(w: World, m: int, row: int, level: int) -> bool:
    slot = w.makers[m].slot[row, level]
    return bool(slot != NONE and w.exchange.pool.number[slot] == w.makers[m].number[row, level])


@inner
def _is_stale(w: World, m: int, slot: int, level: int, target: int) -> bool:
    maker = w.makers[m]
    tolerance = int(0.5 * maker.half_spread) if level == 0 else 1 + int((0.6 + 0.5 * level) * maker.gap)
    return bool(abs(w.exchange.pool.price[slot] - target) > tolerance)


@inner
def _withdraw(w: World, now: int, m: int, row: int, level: int, target: int) -> None:
    maker = w.makers[m]
    if not _stands(w, m, row, level):
        maker.slot[row, level] = NONE
        return
    slot = maker.slot[row, level]
    stale = target == 0 or _is_stale(w, m, slot, level, target)
    if stale and (target == 0 or maker.replaces == 0):
        cancel(w.exchange, now, slot, CANCEL)
        maker.slot[row, level] = NONE


@inner
def _quote(w: World, now: int, m: int, row: int, level: int, target: int) -> None:
    if target == 0:
        return
    maker, side = w.makers[m], 1 - 2 * row
    best = w.exchange.books[maker.market].best
    price = min(target, best[1] - 1) if side > 0 else max(target, best[0] + 1)
    lots = maker.lots * (1 + level)
    slot = maker.slot[row, level]
    if slot != NONE:
        if maker.replaces == 1 and _is_stale(w, m, slot, level, price):
            maker.slot[row, level] = replace(w.exchange, now, slot, price, lots)
        return
    maker.number[row, level] = w.exchange.pool.top[NUMBER]
    maker.slot[row, level] = place(
        w.exchange, now, maker.market, maker.account, side, price, lots, RESTS, 0, -1, m
    )  # fmt: skip
