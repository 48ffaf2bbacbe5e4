"""Background accounts: clustered decisions to take or to rest, in habitual sizes.

Arrivals are a Hawkes process in its branching form: spontaneous decisions follow the hour of the day, and each
sets off a Poisson number of others after a delay with a 1/t kernel between 2 ms and 5 minutes. Half of those are the
same account going on in the same direction, which is what gives order signs their long memory.
Not modelled: accounts that learn, stop orders, leverage and liquidations.
"""

from __future__ import annotations

import math

from training.simulator.agenda import push
from training.simulator.compiled import inner
from training.simulator.randomness import exponential, log_uniform, normal, poisson, uniform
from training.simulator.venue import BEST_ASK, BEST_BID, FREE, LAST_PRICE, MEETS_ITSELF, NUMBER, RESTS, place
from training.simulator.world import SECOND, World

IMMIGRANT, ARRIVAL, CANCEL_ORDER, EXPIRE_ORDER = 0, 1, 2, 3
ANYONE, WHOEVER = -1, -2  # by habit of activity; any account with equal chance, as after news
_SLOTS_KEPT = 256
_BUSIEST = 3.0


@inner
def middle(w: World) -> float:
    """Return the mid price in ticks, or the last price where a side is empty."""
    bid, ask = w.book.top[BEST_BID], w.book.top[BEST_ASK]
    if bid <= 0 or ask >= len(w.book.head) - 1:
        return float(w.book.top[LAST_PRICE])
    return 0.5 * float(bid + ask)


@inner
def imbalance(w: World, reach: int) -> float:
    """Return (bid - ask) / (bid + ask) of the lots within `reach` ticks of the touch, 0 where a side is empty."""
    bid, ask = w.book.top[BEST_BID], w.book.top[BEST_ASK]
    if bid <= 0 or ask >= len(w.book.head) - 1:
        return 0.0
    below = w.book.depth[max(bid - reach + 1, 1) : bid + 1].sum()
    above = w.book.depth[ask : min(ask + reach, len(w.book.head) - 1)].sum()
    return float(below - above) / float(below + above)


@inner
def immigrant(w: World, now: int) -> None:
    """Let a spontaneous decision happen (thinned by the hour of day), and put the next one on the agenda."""
    hour = (now % (86_400 * SECOND)) / (3_600.0 * SECOND)
    activity = (1.0 + 0.4 * math.cos((hour - w.spec.peak_hour) * math.pi / 12.0)) * math.exp(w.mood.activity)
    if uniform(w.stream) * _BUSIEST < activity:
        arrival(w, now, 0, ANYONE)
    wait = exponential(w.stream, 1.0 / (w.spec.immigrants * _BUSIEST))
    push(w.agenda, now + 1_000 + int(wait * SECOND), IMMIGRANT, 0, 0)


@inner
def _somebody(w: World, who: int) -> int:
    if who >= 0:
        return who
    reach = w.people.reach
    if who == WHOEVER:
        return min(int(uniform(w.stream) * len(reach)), len(reach) - 1)
    target = uniform(w.stream)
    low, high = 0, len(reach) - 1
    while low < high:
        half = (low + high) // 2
        if reach[half] > target:
            high = half
        else:
            low = half + 1
    return low


@inner
def _size(w: World, account: int) -> int:
    lots = w.people.usual[account] * math.exp(0.9 * normal(w.stream))
    if uniform(w.stream) < 0.04:
        lots *= log_uniform(w.stream, 2.0, 40.0)
    if uniform(w.stream) < w.people.roundness[account]:
        ten = 10.0 ** math.floor(math.log10(max(lots, 1.0)))
        lead = lots / ten
        lots = ten * (1.0 if lead < 1.5 else 2.0 if lead < 3.5 else 5.0 if lead < 7.5 else 10.0)
    return max(int(lots), 1)


@inner
def _direction(w: World) -> int:
    scale = w.spec.sigma * 7.75  # one minute's standard deviation
    gap = (w.mood.value - math.log(middle(w))) / scale
    lean = 0.35 * math.tanh(0.5 * gap) + 0.12 * imbalance(w, 6)
    return 1 if uniform(w.stream) < 0.5 + lean else -1


@inner
def arrival(w: World, now: int, side: int, who: int) -> None:
    """Let one account decide: take or rest; then set off the decisions that follow from this one."""
    account = _somebody(w, who)
    if side == 0:
        side = _direction(w)
    impatience = w.people.impatience[account]
    if who == WHOEVER:
        impatience = max(impatience, 0.6)
    if uniform(w.stream) < impatience:
        _take(w, now, account, side)
    else:
        _rest(w, now, account, side)
    for _ in range(poisson(w.stream, w.spec.branching)):
        delay = int(log_uniform(w.stream, 0.002, 300.0) * SECOND)
        same = uniform(w.stream) < 0.5
        keeps = same or uniform(w.stream) < 0.6
        push(w.agenda, now + delay, ARRIVAL, side if keeps else 0, account if same else ANYONE)


@inner
def _take(w: World, now: int, account: int, side: int) -> None:
    touch = w.book.top[BEST_ASK] if side > 0 else w.book.top[BEST_BID]
    if touch <= 0 or touch >= len(w.book.head) - 1:
        return
    lots = _size(w, account)
    limit = touch + side * w.spec.slip
    terms = MEETS_ITSELF * w.people.omnibus[account]
    place(w.book, w.log, now, account, side, limit, lots, terms, -1, -1)


@inner
def _rest(w: World, now: int, account: int, side: int) -> None:
    bid, ask = w.book.top[BEST_BID], w.book.top[BEST_ASK]
    own, other = (bid, ask) if side > 0 else (ask, bid)
    if w.book.top[FREE] < _SLOTS_KEPT:
        return
    if own <= 0 or own >= len(w.book.head) - 1:
        own = int(middle(w)) - side * int(w.spec.back_ticks)
    chance = uniform(w.stream)
    if chance < 0.15:
        price = own + side
    elif chance < 0.45:
        price = own
    else:
        back = w.spec.back_ticks * ((1.0 - uniform(w.stream)) ** (-0.6) - 1.0)
        price = own - side * int(min(back, 0.05 * w.spec.opening))
    if (other - price) * side <= 0:
        price = other - side
    order = w.book.top[NUMBER]
    terms = RESTS + MEETS_ITSELF * w.people.omnibus[account]
    slot = place(w.book, w.log, now, account, side, price, _size(w, account), terms, -1, -1)
    if slot >= 0:
        life = w.spec.life_s * log_uniform(w.stream, 0.01, 30.0)
        action = EXPIRE_ORDER if uniform(w.stream) < 0.05 else CANCEL_ORDER
        push(w.agenda, now + int(min(life, 3_600.0) * SECOND), action, slot, order)
