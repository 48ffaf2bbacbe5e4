"""Sarao, 2009 to 2015: a ladder of large sells a few levels off the touch that follows the market and never trades."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader
from training.simulator.scenarios.base import Span, anywhere, tape_s

_CHANGES = 161  # of an order in its life, on average
_SHOWN_LEVELS = 10


class Sarao:
    """The case of Navinder Sarao, dynamic layering.

    Pattern: 4 to 6 large sells one level apart, the first 3 or 4 levels off the best offer, re-priced together
    whenever the market moves, 161 times each, and cancelled, over 99 % of them, without a trade; together as much
    as all others show near the touch. Meanwhile he trades in small size at the touch, on another venue where there
    is one. Sizes are scaled to what is shown; his genuine orders are not published and drawn at random.
    Subtle: a third of that size, re-priced only when the distance is off by more than a level. Blatant: as
    published.
    Source: CFTC v. Nav Sarao Futures, 15-cv-3398 (E-mini S&P).
    """

    name, kind = "sarao", "layering"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 20 to 90 minutes, at most half the tape, on a market that moves often enough."""
        if market.trades_per_s < 0.2:
            return None
        return anywhere(room, chance, min(chance.uniform(1_200.0, 5_400.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Keep the ladder; True if it was re-priced at least ten times and hardly anything that was offered traded."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        side, slack = (SELL if chance.happens(0.85) else BUY), stage.between(1.0, 0.0)
        changes, moved = round(_CHANGES * stage.between(0.25, 1.0) * chance.uniform(0.95, 1.1)), 0
        levels = chance.integer(3, 5)
        ladder = _build(stage, account, side, levels)
        offered, filled = sum(order.lots for order in ladder), 0
        stage.also(_trade_genuinely(stage, account, side))
        while stage.left_s > 2.0 and moved < changes:
            yield stage.filled(*ladder, within_s=chance.uniform(0.1, stage.between(1.2, 0.5)))
            if abs(_distance(stage, ladder[0], side) - levels) > slack:
                filled += sum(order.filled for order in ladder if not order.is_open)
                ladder = _move(stage, ladder, levels)
                moved, offered = moved + 1, offered + sum(order.lots for order in ladder)
        stage.cancel(*ladder)
        stage.end = stage.now
        filled += sum(order.filled for order in ladder)
        return moved >= 10 and filled < 0.01 * offered


def _build(stage: Stage, account: int, side: int, levels: int) -> list[Order]:
    """Send the ladder: 4 to 6 orders one level apart."""
    orders, step, first = stage.chance.integer(4, 7), _step(stage), _first(stage, side, levels)
    total = stage.shown(side, first + levels * side * step, _SHOWN_LEVELS * step) * stage.between(0.35, 1.0)
    lots = max(round(total / orders), stage.lots(3.0))
    return [stage.send(account, side, lots, first - side * step * level) for level in range(orders)]


def _move(stage: Stage, ladder: list[Order], levels: int) -> list[Order]:
    """Bring the whole ladder back to that many levels off the touch, and put back what is gone; return it."""
    side, lots, account = ladder[0].side, ladder[0].lots, ladder[0].account
    first, step = _first(stage, side, levels), _step(stage)
    moved = list[Order]()
    for level, order in enumerate(ladder):
        price = first - side * step * level
        kept = stage.replace(order, price, order.lots - order.filled)
        moved.append(order if kept else stage.send(account, side, lots, price))
    return moved


def _distance(stage: Stage, order: Order, side: int) -> float:
    """Return how many levels an order is off its own touch."""
    touch = stage.touch()
    return ((touch.bid if side > 0 else touch.ask) - order.price) * side / _step(stage)


def _step(stage: Stage) -> int:
    """Return a level in ticks: the usual spread, which was one tick on his market."""
    return max(1, round(2.0 * stage.market.half_spread_ticks))


def _first(stage: Stage, side: int, levels: int) -> int:
    """Return the price of the nearest order, that many levels off the touch."""
    touch = stage.touch()
    return (touch.bid if side > 0 else touch.ask) - side * _step(stage) * levels


def _trade_genuinely(stage: Stage, account: int, bait_side: int) -> Plan:
    """Buy and sell in small size at the touch, first on the other side of the bait."""
    chance, side = stage.chance, -bait_side
    elsewhere = stage.elsewhere()
    market = chance.choice(elsewhere) if elsewhere else stage.market
    for when in chance.times(chance.integer(6, 20), 5.0, 0.9 * stage.duration_s):
        yield stage.at(when)
        if stage.left_s <= 0.0:
            return
        order = stage.join(account, side, stage.lots(chance.uniform(0.3, 1.2)), market=market)
        yield stage.filled(order, within_s=30.0)
        stage.cancel(order)
        side = -side if order.filled else side
