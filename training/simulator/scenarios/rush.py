"""The public of a pump or a panic: followers who rush in, holders who trade against them, a belief that fades.

None of them are accused. Followers come in bursts, most of them early, pay what they must up to a price of their own
and get out within minutes, disappointed. Holders offer what they have on the way and into the rush. What is told moves
what everybody thinks the symbol is worth, and wears off. The price is what comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.time_units import SECOND_NS
from training.simulator.arithmetic import exp, log, power
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, GTC, IOC, Order, Plan, Stage

_EARLY = 2.0  # followers' times are a uniform number to this power: trades of real pumps grow with about t ** 0.5
_LATER = 1.5
_LATECOMERS = 0.4
LEAK_S = 30.0  # some know so much earlier
_BUSIEST = 0.5


@dataclass(frozen=True)
class Rush:
    """What everybody in a rush knows.

    Attributes:
        side: BUY for a pump, SELL for a panic.
        base: Price in ticks before it.
        move: Log return that followers hope for (or fear), > 0.
        onset: When it is announced, ns.
        pace_s: Time in which most followers come.
        followers: How many they are.
        size: Median size of their orders, typical orders.
    """

    side: int
    base: float
    move: float
    onset: int
    pace_s: float
    followers: int
    size: float

    def price(self, share: float) -> float:
        """Return the price in ticks at a share of the move."""
        return self.base * float(exp(self.side * self.move * share))

    def reached(self, price: float) -> float:
        """Return the log return to a price, positive in the rush's direction."""
        return self.side * float(log(price / self.base))


def suits(market: Market) -> bool:
    """Whether a crowd can move it: real groups choose coins that trade about once a minute."""
    return market.symbol.trades_per_s <= _BUSIEST


def scaled(stage: Stage, subtle: float, blatant: float) -> float:
    """Return the point between two extremes on a logarithmic scale."""
    return subtle * float(power(blatant / subtle, stage.between(0.0, 1.0)))


def affordable(stage: Stage, subtle: float, blatant: float) -> float:
    """Return a log return between two extremes that one account can afford: tight markets are deep ones."""
    half_spread = stage.market.half_spread_ticks / stage.market.symbol.base
    return min(scaled(stage, subtle, blatant), scaled(stage, 20.0, 60.0) * half_spread)


def let_public_play(stage: Stage, rush: Rush) -> None:
    """Let followers and holders come, and the story be believed for a while; to be called `LEAK_S` before the onset."""
    chance, wait = stage.chance, (rush.onset - stage.now) / SECOND_NS
    people = [account for account in stage.strangers(2 * rush.followers) if account not in stage.accused]
    leak = chance.uniform(0.0, 0.1) if chance.happens(0.5) else 0.0
    for account in people[: rush.followers]:
        early = chance.happens(leak)
        span = rush.pace_s * (chance.log_uniform(2.0, 15.0) if chance.happens(_LATECOMERS) else 1.0)
        late = -chance.exponential(8.0) if early else min(span, 800.0) * power(chance.uniform(), _EARLY)
        stage.also(_follow(stage, rush, account), after_s=max(wait + late, 0.0))
    for account in people[rush.followers :]:
        stage.also(_hold(stage, rush, account), after_s=wait + 1.2 * rush.pace_s * power(chance.uniform(), _LATER))
    stage.also(_believe(stage, rush), after_s=wait)


def aggress(
    stage: Stage, account: int, side: int, lots: int, worst: float, slip: float, terms: int = IOC
) -> Order | None:  # fmt: skip
    """Take at most a share of price through the touch, never beyond `worst`; None when the touch is beyond it."""
    touch = stage.touch()
    near = touch.ask if side == BUY else touch.bid
    if (near - worst) * side > 0.0:
        return None
    price = near * (1.0 + side * slip)
    return stage.send(account, side, lots, min(price, worst) if side == BUY else max(price, worst), terms=terms)


def _follow(stage: Stage, rush: Rush, account: int) -> Plan:
    """Get in at almost any price, hope, get out."""
    chance, side, held = stage.chance, rush.side, 0
    worst = rush.price(min(max(chance.normal(0.7, 0.3), 0.05), 1.1))
    for _ in range(1 + chance.poisson(0.5)):
        lots = stage.lots(min(rush.size * chance.log_normal(1.5), 25.0 * rush.size))
        terms = GTC if chance.happens(0.25) else IOC
        order = aggress(stage, account, side, lots, worst, chance.log_uniform(0.002, 0.04), terms)
        if order is None:
            order = stage.join(account, side, lots, behind=-chance.integer(0, 3))
        yield stage.filled(order, within_s=chance.exponential(8.0) if order.is_open else 0.1)
        stage.cancel(order)
        held += order.filled
        yield stage.sleep(chance.log_uniform(0.2, 0.5 * rush.pace_s))
    yield stage.sleep(chance.exponential(60.0 + 1.5 * rush.pace_s))
    yield from _leave(stage, rush, account, held)


def _leave(stage: Stage, rush: Rush, account: int, held: int) -> Plan:
    """Get out: patiently at the touch if that works, else at once; some keep what is left."""
    chance, side = stage.chance, -rush.side
    while held > 0 and chance.happens(0.8):
        if chance.happens(0.5):
            rests = stage.join(account, side, held, behind=chance.integer(0, 4))
            yield stage.filled(rests, within_s=chance.exponential(30.0))
            stage.cancel(rests)
            held -= rests.filled
        else:
            taken = aggress(stage, account, side, held, rush.price(-1.0), chance.log_uniform(0.002, 0.03))
            held -= taken.filled if taken else 0
        yield stage.sleep(chance.exponential(30.0))


def _hold(stage: Stage, rush: Rush, account: int) -> Plan:
    """Trade against the rush: at once, or at a price of one's own that it may reach."""
    chance, side = stage.chance, -rush.side
    lots = stage.lots(min(rush.size * chance.log_normal(1.5), 25.0 * rush.size))
    if chance.happens(0.35) and rush.reached(stage.mid()) > 0.2 * rush.move:
        aggress(stage, account, side, lots, rush.price(0.05), chance.log_uniform(0.003, 0.04))
        return
    share = max(rush.reached(stage.mid()) / rush.move, 0.0) + chance.exponential(0.25)
    order = stage.send(account, side, lots, rush.price(share))
    yield stage.filled(order, within_s=chance.log_uniform(10.0, 240.0))
    stage.cancel(order)


def _believe(stage: Stage, rush: Rush) -> Plan:
    """Let what the symbol is thought to be worth follow the price half way up, then sink back over minutes."""
    chance = stage.chance
    kept, fading, trust = chance.uniform(-0.1, 0.6), chance.log_uniform(60.0, 500.0), chance.uniform(0.5, 0.9)
    believed = best = 0.0
    while stage.left_s > 0.0:
        best = max(best, rush.reached(stage.mid()))
        after = max((stage.now - rush.onset) / SECOND_NS - rush.pace_s, 0.0)
        fresh = float(exp(-after / fading))
        wanted = trust * best * (kept + (1.0 - kept) * fresh)
        stage.news(rush.side * (wanted - believed), chance.poisson(0.01 * rush.followers * fresh), 5.0)
        believed = wanted
        yield stage.sleep(chance.uniform(1.0, 4.0))
