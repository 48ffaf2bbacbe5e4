"""Wash trading: volume without change of owner.

Pattern: one account on both sides, several accounts of one owner, a pair, or a ring of three to six whose net positions
return to where they were, some rings through go-betweens who take part only now and then. Both legs are real orders:
one rests inside the spread, the other meets it, and strangers may step between.
Subtle: a tenth of the market's volume over hours, legs seconds apart, sizes that vary and match in part, honest trades
in between. Blatant: more than all others trade, legs milliseconds apart, equal sizes.

Source: MAR Annex II, Section 1, 3(a) and 5(c); shares of volume as in the detector catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from features.time_units import SECOND_NS
from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, IOC, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_FORMS = ("self", "owner", "pair", "ring", "ring through go-betweens")
_WEIGHTS = (0.2, 0.2, 0.25, 0.2, 0.15)
_FEWEST, _MOST = 8, 900


@dataclass
class _Circle:
    """Who trades with whom, and what each has bought less sold within the circle."""

    accounts: list[int]
    net: dict[int, int]
    core: int

    def pair(self, chance: Chance, turn: int) -> tuple[int, int]:
        """Return seller and buyer of a turn: round the circle, through a go-between now and then."""
        n = self.core if chance.happens(0.7) or turn % 2 else len(self.accounts)
        return self.accounts[turn % n], self.accounts[(turn + 1) % n]


class Met(NamedTuple):
    """Lots that two legs traded with each other, that the seller sold in all, and that the buyer bought in all."""

    between: int
    sold: int
    bought: int


class WashTrading:
    """The accused trade with themselves."""

    kind = "wash_trading"
    sides = 2

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 8 minutes to 4 hours, longer where trading is slow."""
        length = chance.log_uniform(480.0, 14_400.0) * (2.0 if market.trades_per_s < 0.2 else 1.0)
        return anywhere(room, chance, min(length, 0.75 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Trade legs in changing roles, then bring net positions back; True if enough of them met."""
        chance = stage.chance
        circle = _gather(stage)
        stage.accused.extend(circle.accounts)
        legs = stage.market.trades_per_s * stage.duration_s * stage.between(0.12, 0.8)
        legs = round(min(max(legs, stage.between(10.0, 40.0)), float(_MOST)))
        volume = usual_lots_s(stage) * stage.duration_s * stage.between(0.1, 2.0)
        size = max(volume / legs, stage.lots(0.1))
        met = 0
        for turn, when in enumerate(chance.times(legs, 0.0, stage.duration_s - 5.0)):
            yield stage.at(when)
            lots = max(1, round(size * chance.log_normal(0.1 + 0.6 * (1.0 - stage.severity))))
            met += yield from _turn(stage, circle, circle.pair(chance, turn), lots)
            if chance.happens(0.25 * (1.0 - stage.severity)):
                who = chance.choice(circle.accounts)
                stage.take(who, chance.choice((BUY, SELL)), stage.lots(chance.uniform(0.1, 0.6)), slip=2)
        met += yield from _return(stage, circle, round(size))
        return met >= min(_FEWEST, legs // 2)


def usual_lots_s(stage: Stage) -> float:
    """Return the lots that the market has traded a second so far."""
    seconds = (stage.now - stage.room.span[0]) / SECOND_NS
    return max(stage.volume() / max(seconds, 60.0), 0.2 * stage.market.lots_per_s)


def _gather(stage: Stage) -> _Circle:
    chance = stage.chance
    form = chance.weighted(_FORMS, _WEIGHTS)
    if form == "owner":
        accounts = list(chance.choice(stage.room.population.together))
        core = len(accounts)
    else:
        core = {"self": 1, "pair": 2}.get(form, chance.integer(3, 7))
        accounts = stage.strangers(core)
        core = max(3, core - chance.integer(1, 3)) if form.endswith("go-betweens") else core
    return _Circle(accounts, dict.fromkeys(accounts, 0), core)


def _turn(stage: Stage, circle: _Circle, pair: tuple[int, int], lots: int) -> Plan:
    """Let a pair meet and note what it did to their positions; return 1 if they met."""
    seller, buyer = pair
    met = yield from meet(stage, seller, buyer, lots)
    circle.net[seller] -= met.sold
    circle.net[buyer] += met.bought
    return int(met.between > 0)


def meet(stage: Stage, seller: int, buyer: int, lots: int, market: Market | None = None) -> Plan:
    """Let one leg rest inside the spread and the other meet it; return what came of it as `Met`."""
    chance = stage.chance
    first, second, side = (seller, buyer, SELL) if chance.happens(0.5) else (buyer, seller, BUY)
    touch = stage.touch(market)
    inside = chance.integer(touch.bid + 1, touch.ask) if touch.spread > 1 else (touch.bid if side == BUY else touch.ask)
    rests = stage.send(first, side, lots, inside, meets_itself=True, market=market)
    yield stage.filled(rests, within_s=chance.log_uniform(0.001, 0.02 * power(300.0, 1.0 - stage.severity)))
    yield from _wait_for_place(stage, rests)
    before, answered = rests.filled, 0
    if rests.is_open:
        left = rests.lots - rests.filled
        lots = left if chance.happens(stage.between(0.4, 0.95)) else max(1, round(left * chance.uniform(0.5, 1.3)))
        answer = stage.send(second, -side, lots, rests.price, terms=IOC, meets_itself=True, market=market)
        answered = answer.filled
    between = rests.filled - before
    stage.cancel(rests)
    return Met(between, rests.filled, answered) if side == SELL else Met(between, answered, rests.filled)


def _wait_for_place(stage: Stage, rests: Order) -> Plan:
    """Wait a moment for the queue before an order at the touch to clear, where there is no room inside the spread."""
    for _ in range(3):
        if stage.ahead(rests) <= 0:
            return
        yield stage.filled(rests, within_s=stage.chance.exponential(0.5 + 2.0 * (1.0 - stage.severity)))


def _return(stage: Stage, circle: _Circle, size: int) -> Plan:
    """Bring net positions back within the circle, and what strangers took back from the market."""
    met = 0
    for _ in range(4 * len(circle.accounts)):
        long, short = (pick(circle.net, key=lambda who: circle.net[who]) for pick in (max, min))
        lots = min(circle.net[long], -circle.net[short], 3 * size)
        if lots <= 0:
            break
        met += yield from _turn(stage, circle, (long, short), lots)
        yield stage.sleep(stage.chance.exponential(2.0))
    for who, lots in circle.net.items():
        if lots:
            stage.take(who, SELL if lots > 0 else BUY, abs(lots), slip=4)
    return met
