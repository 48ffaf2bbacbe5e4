"""Orders without intent to execute: large, far from where the market could come, and taken back should it come near."""

from __future__ import annotations

import math

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import crew
from training.simulator.scenarios.base import Span, anywhere, tape_s

_BASIS = 1e-4


class NoIntentToExecute:
    """Interest that nobody could ever trade with.

    Pattern: large orders rest many standard deviations from the mid price, make one side of the book look deep,
    move away when the market comes nearer than half their distance, and are cancelled in the end without a fill.
    Subtle: one or two orders of some typical sizes, three standard deviations (of ten minutes) away, left alone for
    long. Blatant: a dozen orders, a hundred typical sizes together, ten deviations away, renewed all the time.
    Source: MAR Annex II, section 1, 6(a).
    """

    kind = "no_intent_to_execute"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 8 to 60 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.log_uniform(480.0, 3_600.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Keep orders standing far away; True if at least one was sent and none traded."""
        chance, accounts = stage.chance, crew(stage)
        stage.accused.extend(accounts)
        side = chance.choice((BUY, SELL))
        orders = max(1, round(stage.between(1.0, 10.0) * chance.uniform(0.8, 1.3)))
        sent = list[Order]()
        for number in range(orders):
            stage.also(
                _keep_away(stage, chance.choice(accounts), side, sent), after_s=0.3 * stage.duration_s * number / orders
            )
        yield stage.at(stage.duration_s)
        return bool(sent) and not any(order.filled for order in sent)


def _keep_away(stage: Stage, account: int, side: int, sent: list[Order]) -> Plan:
    """Send an order, keep it away from the market, now and then renew it, and cancel it."""
    chance = stage.chance
    away = stage.between(3.0, 9.0) * chance.uniform(0.85, 1.2) * _deviation_ticks(stage.market)
    lots = stage.lots(stage.between(3.0, 10.0) * chance.uniform(0.7, 1.4))
    renew_s = stage.between(1_200.0, 40.0)
    yield stage.sleep(chance.exponential(3.0))
    while stage.left_s > 1.0:
        order = stage.send(account, side, lots, stage.mid() - side * away)
        sent.append(order)
        gone = stage.now + int(min(chance.exponential(renew_s) + 10.0, stage.left_s) * 1e9)
        while stage.now < gone and order.is_open:
            yield stage.filled(order, within_s=chance.uniform(1.0, 5.0))
            if abs(stage.mid() - order.price) < 0.5 * away:
                stage.replace(order, stage.mid() - side * away, lots)
        stage.cancel(order)
        yield stage.sleep(chance.uniform(0.05, 4.0))


def _deviation_ticks(market: Market) -> float:
    """Return the usual standard deviation of the price over ten minutes, ticks."""
    deviation: float = market.symbol.sigma_bps * _BASIS * market.symbol.base * math.sqrt(10.0)
    return max(deviation, 4.0)
