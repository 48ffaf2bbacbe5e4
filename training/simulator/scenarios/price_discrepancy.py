"""Price discrepancy: one venue is carried away from the others beyond fees and held there against arbitrage.

An account sweeps one venue to a price, then shows a wall there and refills it while arbitrageurs trade into it. Their
trades drag the other venue along; it is followed for a while, not for ever. Part of what the account takes here it
trades back there.
Subtle: a quarter of a percent beyond fees for minutes. Blatant: two percent.
Source: detectors.md: prices of one symbol on two venues further apart than fees.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_BASIS, _ENOUGH_LOOKS = 1e-4, 30


class PriceDiscrepancy:
    """Two prices for one thing."""

    kind = "price_discrepancy"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 2 to 12 minutes, None where the symbol trades on one venue only."""
        if not any(m.asset == market.asset and m.number != market.number for m in room.markets):
            return None
        return anywhere(room, chance, min(chance.uniform(120.0, 480.0), 0.3 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Hold the gap; True if the venues were apart beyond fees and spreads in half of the looks."""
        chance, account, there = stage.chance, stage.strangers(1)[0], stage.chance.choice(stage.elsewhere())
        stage.accused.append(account)
        side = chance.choice((BUY, SELL))
        costs = (stage.market.venue.taker_bps + there.venue.taker_bps) * _BASIS
        gap = costs + stage.between(0.003, 0.022)
        looks, apart, wall, limit = 0, 0, None, stage.mid(there) * (1.0 + 2.5 * side * gap)
        while stage.left_s > 0.0 and side * (limit - stage.mid(there) * (1.0 + 2.0 * side * costs)) > 0.0:
            goal = round(side * min(side * stage.mid(there) * (1.0 + side * gap), side * limit))
            _sweep(stage, account, side, goal)
            wall = _hold(stage, account, side, goal, wall)
            if chance.happens(0.06):
                stage.take(account, -side, stage.lots(chance.uniform(0.3, 1.0)), market=there)
            yield stage.sleep(chance.exponential(0.5))
            looks += 1
            here, far = stage.touch(), stage.touch(there)
            beyond = here.bid - far.ask if side > 0 else far.bid - here.ask
            apart += int(beyond > costs * stage.mid())
        return 2 * apart >= looks >= _ENOUGH_LOOKS


def _sweep(stage: Stage, account: int, side: int, goal: int) -> None:
    """Take whatever stands between the touch and the goal."""
    touch = stage.touch()
    best = touch.ask if side > 0 else touch.bid
    if side * (goal - best) > 0:
        lots = stage.shown(-side, best, abs(goal - best))
        stage.take(account, side, lots, slip=abs(goal - best) - 1)


def _hold(stage: Stage, account: int, side: int, goal: int, wall: Order | None) -> Order:
    """Show a wall at the goal, anew when it was eaten or stands elsewhere."""
    near = round(stage.market.half_spread_ticks)
    if wall is not None and wall.is_open and abs(wall.price - goal) <= near and 2 * wall.filled < wall.lots:
        return wall
    if wall is not None:
        stage.cancel(wall)
    return stage.send(account, side, stage.lots(stage.chance.uniform(10.0, 25.0)), goal - side)
