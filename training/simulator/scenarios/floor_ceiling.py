"""Floor or ceiling: size at one price, renewed whenever it is hit, so that the price cannot pass."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import crew
from training.simulator.scenarios.base import Span, anywhere, tape_s

_BASIS = 1e-4
_DRIPS = 12


class FloorCeiling:
    """A price that is held.

    Pattern: while others would sell, one account stands at a price with many times what is usually shown, and puts
    back what has been hit; the price lies on the floor until the purse is empty or the orders go, then falls. A
    ceiling mirrors it.
    Subtle: a few typical orders, put back slowly and not every time, against weak pressure. Blatant: dozens of
    typical orders, put back at once, against bad news that then shows in one step.
    Source: MAR Annex II, section 1, 1(b): orders with the intent to hold a price at a floor or a ceiling.
    """

    kind = "floor_ceiling"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 6 to 40 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.log_uniform(360.0, 2_400.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Hold a price against pressure; True if the orders were hit, put back, and never passed while they stood."""
        chance, accounts = stage.chance, crew(stage)
        stage.accused.extend(accounts)
        side = chance.choice((BUY, SELL))
        stage.also(_press(stage, -side))
        touch = stage.touch()
        price = (touch.bid if side > 0 else touch.ask) - side * round(
            chance.uniform(0.0, 1.5) * stage.market.half_spread_ticks
        )
        wanted = stage.lots(stage.between(4.0, 30.0) * chance.uniform(0.8, 1.2))
        purse = wanted * stage.between(4.0, 12.0)
        standing, refills, sent = list[Order](), 0, 0
        while stage.left_s > 1.0 and (sent < purse or standing):
            missing = wanted - sum(order.lots - order.filled for order in standing)
            if missing > 0.15 * wanted and sent < purse:
                refills, sent = refills + bool(sent), sent + missing
                standing += _put(stage, accounts, side, price, missing)
            standing = [order for order in standing if order.is_open]
            yield stage.filled(*standing, within_s=min(stage.left_s, 30.0))
            yield stage.sleep(chance.exponential(stage.between(2.0, 0.05)))
        stage.cancel(*standing)
        return refills > 0


def _put(stage: Stage, accounts: list[int], side: int, price: int, lots: int) -> list[Order]:
    """Rest lots at the held price, in one order or in several."""
    chance = stage.chance
    parts = chance.integer(1, 4)
    return [stage.send(chance.choice(accounts), side, max(1, lots // parts), price) for _ in range(parts)]


def _press(stage: Stage, side: int) -> Plan:
    """Let what the symbol is worth go against the held price, by drips, some people acting on each."""
    chance = stage.chance
    drop = stage.between(1.0, 3.5) * stage.market.symbol.sigma_bps * _BASIS
    for when in chance.times(_DRIPS, 0.05 * stage.duration_s, 0.8 * stage.duration_s):
        yield stage.at(when)
        stage.news(side * drop / _DRIPS, chance.integer(1, 4), 20.0, side=side)
