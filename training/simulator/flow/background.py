"""Background accounts: clustered decisions to take or to rest, in habitual sizes.

A decision is one or many orders of one account in one direction, a power-law number of them (Lillo, Mike, Farmer 2005),
spread over up to minutes: that gives order signs their long memory. Every order sets off a Poisson number of other
decisions after a delay with a 1/t kernel between 2 ms and 5 minutes: a Hawkes process in its branching form.
Not modelled: accounts that learn, stop orders, leverage and liquidations.
"""

from __future__ import annotations

import math

from features.events import CANCEL, EXPIRE
from features.time_units import SECOND_NS
from training.simulator.arithmetic import exp, log, power, tanh
from training.simulator.chance import exponential, log_uniform, normal, pareto, poisson, uniform
from training.simulator.compiled import inner
from training.simulator.exchange.records import CALL, HALTED, MEETS_ITSELF, NONE, NUMBER, RESTS
from training.simulator.exchange.venue import cancel, place, replace
from training.simulator.flow.agenda import push
from training.simulator.flow.prices import activity
from training.simulator.flow.touch import imbalance, middle, own_touch
from training.simulator.flow.world import World

DECIDE, ORDER, CANCEL_ORDER, EXPIRE_ORDER = 0, 1, 2, 3
WHOEVER = 1  # anybody with equal chance, as after news; 0 by habit of activity
_LONGEST_WAIT_S = 30.0
_LATER_NS = 2 * SECOND_NS
_MOST_ORDERS = 150
_TAKEN, _RESTED = 0.12, 1.0  # median sizes: whoever waits shows more than whoever takes
_VARIETY = 1.1  # with that of habits a standard deviation of 1.8 in logs, as on the altcoin tapes
_TEN = 2.302585092994046


@inner
def decide(w: World, now: int, market: int, due: int) -> None:
    """Let a spontaneous decision happen if it is due, and put the next one on the agenda."""
    if due == 1 and w.exchange.books[market].phase < HALTED:
        begin(w, now, market, 0, 0, 0)
    wait = exponential(w.streams, market, 1.0 / (w.specs[market].decisions_s * activity(w, now, market)))
    due = 1 if wait <= _LONGEST_WAIT_S else 0
    wait = min(wait, _LONGEST_WAIT_S)
    push(w.agenda, now + 1_000 + int(wait * SECOND_NS), DECIDE, market, due, 0)


@inner
def begin(w: World, now: int, market: int, side: int, who: int, eager: int) -> None:
    """Let one account decide on a direction, unless given, and a number of orders; `eager` ones take."""
    spec = w.specs[market]
    account = _somebody(w, market, who)
    if side == 0:
        side = _direction(w, market)
    orders = 1
    if who != WHOEVER and uniform(w.streams, market) < 0.65:
        orders = int(min(pareto(w.streams, market, spec.persistence), float(_MOST_ORDERS)))
    send(w, now, market, side, account, orders, eager)


@inner
def send(w: World, now: int, market: int, side: int, account: int, orders: int, eager: int) -> None:
    """Send one order of a decision, plan the next one, and set off the decisions of others that follow from it."""
    if w.exchange.books[market].phase >= HALTED:
        return
    spec = w.specs[market]
    takes = eager == 1 or uniform(w.streams, market) < min(spec.impatience * w.people.impatience[account], 0.95)
    if takes:
        _take(w, now, market, account, side)
    else:
        _rest(w, now, market, account, side)
    if orders > 1:
        delay = int(log_uniform(w.streams, market, 0.01, 240.0) * SECOND_NS)
        push(w.agenda, now + delay, ORDER, market, side * (account + 1), orders - 1)
    for _ in range(poisson(w.streams, market, spec.offspring)):
        delay = int(log_uniform(w.streams, market, 0.002, 300.0) * SECOND_NS)
        follows = side if uniform(w.streams, market) < 0.45 else 0
        eager = 1 if takes and uniform(w.streams, market) < 0.6 else 0
        push(w.agenda, now + delay, ORDER, market, follows, -eager)


@inner
def end_of_life(w: World, now: int, slot: int, number: int, action: int, firm: int) -> None:
    """Cancel or expire a resting order that still stands, after a halt if there is one; unless `firm`, some move."""
    if w.exchange.pool.number[slot] != number:
        return
    market = w.exchange.pool.market[slot]
    if w.exchange.books[market].phase == HALTED:
        push(w.agenda, now + _LATER_NS, action, slot, number, firm)
        return
    moves = action == CANCEL_ORDER and firm == 0 and uniform(w.streams, market) < 0.08
    if moves and w.exchange.books[market].phase < CALL:
        side = w.exchange.pool.side[slot]
        price = own_touch(w, market, side, 1)
        slot = replace(w.exchange, now, slot, price, w.exchange.pool.leaves[slot])
        if slot != NONE:
            _plan_end(w, now, market, slot, number)
        return
    cancel(w.exchange, now, slot, EXPIRE if action == EXPIRE_ORDER else CANCEL)


@inner
def _somebody(w: World, market: int, who: int) -> int:
    reach = w.people.reach[market]
    target = uniform(w.streams, market)
    if who == WHOEVER:
        return min(int(target * len(reach)), len(reach) - 1)
    low, high = 0, len(reach) - 1
    while low < high:
        half = (low + high) // 2
        if reach[half] > target:
            high = half
        else:
            low = half + 1
    return low


@inner
def _size(w: World, market: int, account: int, median: float, variety: float) -> int:
    """Return an order size: log-normal around habit, a power-law tail, and round for those who like round numbers.

    Args:
        w: The world.
        market: Where.
        account: Whose.
        median: Median over accounts, typical orders.
        variety: 1 for the full variety of sizes, 0 for none.
    """
    spec = w.specs[market]
    lots = spec.typical * median * power(w.people.usual[account], variety)
    lots *= exp(_VARIETY * variety * normal(w.streams, market))
    if uniform(w.streams, market) < 0.15:
        lots *= min(1.5 * pareto(w.streams, market, spec.size_tail), 150.0)
    if uniform(w.streams, market) < w.people.roundness[account]:
        ten = power(10.0, float(math.floor(log(max(lots, 1.0)) / _TEN + 1e-12)))
        lead = lots / ten
        lots = ten * (1.0 if lead < 1.5 else 2.0 if lead < 3.5 else 5.0 if lead < 7.5 else 10.0)
        return max(int(lots + 0.5), 1)
    return max(int(lots), 1)


@inner
def _direction(w: World, market: int) -> int:
    asset = w.assets[w.specs[market].asset]
    gap = (asset.value - log(middle(w, market))) / (asset.sigma * 7.75)
    lean = 0.3 * tanh(0.4 * gap) + 0.1 * imbalance(w, market, 6) + 0.11 * asset.sentiment
    return 1 if uniform(w.streams, market) < 0.5 + lean else -1


@inner
def _take(w: World, now: int, market: int, account: int, side: int) -> None:
    book = w.exchange.books[market]
    other = 1 if side > 0 else 0
    if book.resting[other] == 0:
        return
    limit = book.best[other] + side * w.specs[market].slip
    terms = MEETS_ITSELF * w.people.omnibus[account] + (RESTS if book.phase == CALL else 0)
    lots = _size(w, market, account, _TAKEN, 1.0)
    if uniform(w.streams, market) < 0.3:
        lots = min(lots, w.exchange.pool.shown[book.head[other, book.best[other]]])
    number = w.exchange.pool.top[NUMBER]
    slot = place(w.exchange, now, market, account, side, limit, lots, terms, 0, -1, -1)
    if slot != NONE:  # only in a call
        _plan_end(w, now, market, slot, number)


@inner
def _rest(w: World, now: int, market: int, account: int, side: int) -> None:
    spec, book = w.specs[market], w.exchange.books[market]
    own = own_touch(w, market, side, int(spec.back_ticks) + 1)
    chance = uniform(w.streams, market)
    if chance < 0.15:
        inside = max(abs(book.best[1] - book.best[0]) - 1, 1) if book.resting[0] > 0 and book.resting[1] > 0 else 1
        price = own + side * (1 + int(uniform(w.streams, market) * inside))
    elif chance < 0.22:
        price = own
    else:
        back = spec.back_ticks * (power(1.0 - uniform(w.streams, market), -1.0) - 1.0)
        price = own - side * int(min(back, 0.12 * spec.opening))
    other = 1 if side > 0 else 0
    if book.resting[other] > 0 and (book.best[other] - price) * side <= 0:
        price = book.best[other] - side
    number = w.exchange.pool.top[NUMBER]
    terms = RESTS + MEETS_ITSELF * w.people.omnibus[account]
    lots = _size(w, market, account, _RESTED, 0.5)
    slot = place(w.exchange, now, market, account, side, price, lots, terms, 0, -1, -1)
    if slot != NONE:
        _plan_end(w, now, market, slot, number)


@inner
def _plan_end(w: World, now: int, market: int, slot: int, number: int) -> None:
    life = w.specs[market].life_s * log_uniform(w.streams, market, 0.005, 30.0)
    action = EXPIRE_ORDER if uniform(w.streams, market) < 0.05 else CANCEL_ORDER
    push(w.agenda, now + int(min(life, 7_200.0) * SECOND_NS), action, slot, number, 0)
