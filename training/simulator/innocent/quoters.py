"""People who quote and cancel nearly everything, because prices move."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, POST, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s


class TwoSidedCustomerMaker(Innocent):
    """A private account that makes a market by hand: both sides, cancelled and sent anew as prices move."""

    kind = "two_sided_customer_maker"
    rate_h = 0.1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 15 to 60 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(900.0, 3_600.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Quote around the mid price, leaning against what was bought."""
        chance, account = stage.chance, stage.strangers(1)[0]
        stage.accused.append(account)
        half = 0.5 + max(stage.market.half_spread_ticks, 1.0) * chance.uniform(1.3, 2.3)
        lots, pace_s = stage.lots(chance.uniform(0.5, 1.5)), chance.uniform(2.5, 8.0)
        limit, quotes, held = 6.0 * lots, list[Order](), 0
        while stage.left_s > 0.0:
            filled = sum(order.side * order.filled for order in quotes)
            if filled or chance.happens(0.9):
                stage.cancel(*quotes)
                held += filled
                middle = stage.mid() - half * held / limit
                quotes = [
                    stage.send(account, side, lots, middle - side * half, terms=POST)
                    for side in (BUY, SELL) if side * held < limit
                ]  # fmt: skip
            yield stage.filled(*quotes, within_s=pace_s * chance.uniform(0.3, 1.7))


class LatencySensitiveQuoter(Innocent):
    """A fast desk shows orders at the touch for milliseconds, as long as its models agree with the price."""

    kind = "latency_sensitive_quoter"
    rate_h = 0.06

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 3 to 10 minutes."""
        return anywhere(room, chance, chance.uniform(180.0, 600.0))

    def plan(self, stage: Stage) -> Plan:
        """Show one order after the other, on the side that the book leans to."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        lots, pause_s = stage.lots(chance.uniform(0.3, 1.0)), chance.uniform(0.2, 1.5)
        while stage.left_s > 0.0:
            yield stage.sleep(chance.exponential(pause_s))
            touch = stage.touch()
            side = BUY if chance.happens(0.5 + 0.4 * stage.tilt()) else SELL
            inside = 1 if touch.spread > 2 and chance.happens(0.5) else 0
            price = (touch.bid if side > 0 else touch.ask) + side * inside
            order = stage.send(account, side, lots, price, terms=POST)
            yield stage.filled(order, within_s=chance.log_uniform(0.003, 0.8))
            stage.cancel(order)
