"""Ping orders: tiny orders that probe for hidden quantity, and a large one where there is some."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, FOK, IOC, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader, level_ticks
from training.simulator.scenarios.base import Span, anywhere, tape_s

_FEWEST = 8


class PingOrders:
    """Small orders sent to learn, not to trade.

    Pattern: runs of immediate-or-cancel orders of a few lots, inside the spread and at the touch; those inside
    expire unless something is hidden there, those at the touch show whether it refills. Somebody's iceberg stands
    there; once it has been felt out, the prober trades ahead of it in size.
    Subtle: ten pings a run, seconds apart, of a tenth of a typical order. Blatant: hundreds, milliseconds apart, of
    one hundredth.
    Source: MAR Annex II, section 1, 1(c).
    """

    kind = "ping_orders"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 2 to 15 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.log_uniform(120.0, 900.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Probe in runs, each against an iceberg of somebody who knows nothing of it; True if one was felt out."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        hidden = chance.choice([other for other in stage.strangers(4, "desks") if other != account])
        runs, felt = chance.integer(2, 6), 0
        side = chance.choice((BUY, SELL))
        for number in range(runs):
            yield stage.at((number + chance.uniform(0.0, 0.2)) * stage.duration_s / runs)
            iceberg = stage.send(
                hidden, -side, stage.lots(chance.uniform(8.0, 20.0)), _inside(stage, side),
                display=stage.lots(chance.uniform(0.05, 0.25)),
            )  # fmt: skip
            yield stage.sleep(chance.uniform(0.5, 3.0))
            felt += yield from _probe(stage, account, side, 0.5 * stage.duration_s / runs)
            yield stage.sleep(chance.log_uniform(0.02, 2.0))
            lots = stage.lots(stage.between(1.0, 5.0) * chance.uniform(0.7, 1.3))
            stage.take(account, side, lots, slip=2 * level_ticks(stage.market))
            yield stage.sleep(chance.uniform(1.0, 5.0))
            stage.cancel(iceberg)
            side = -side if chance.happens(0.4) else side
        return felt > 0


def _probe(stage: Stage, account: int, side: int, longest_s: float) -> Plan:
    """Send pings that creep through the spread towards the other side; return whether enough of them traded."""
    chance = stage.chance
    pings = round(_FEWEST * power(20.0, stage.between(0.1, 1.0)))
    gap_s = min(chance.log_uniform(0.7, 1.4) * 2.0 * power(0.02, stage.severity), longest_s / pings)
    lots = stage.lots(0.1 * power(0.1, stage.between(0.0, 1.0)))
    sent = list[Order]()
    for number in range(pings):
        touch = stage.touch()
        reach = touch.spread if chance.happens(0.35) else 1 + number % max(touch.spread, 1)
        price = touch.bid + reach if side > 0 else touch.ask - reach
        sent.append(stage.send(account, side, lots, price, terms=FOK if chance.happens(0.1) else IOC))
        yield stage.sleep(gap_s * chance.uniform(0.5, 1.5))
    return sum(order.filled > 0 for order in sent) >= 2


def _inside(stage: Stage, side: int) -> int:
    """Return the best price on the side that the prober hits, a tick better where the spread allows."""
    touch = stage.touch()
    better = 1 if touch.spread > 1 else 0
    return touch.ask - better if side > 0 else touch.bid + better
