"""Momentum ignition: own aggressive orders set off a move, and those who follow it buy what was bought before.

Pattern: a position is built up quietly at the touch; a burst of takes within seconds sweeps several levels; trend
followers jump on; within half a minute everything is sold to them. Subtle: two or three half spreads, a burst of
seconds; blatant: a dozen and more, within a fraction of a second.

Source: MAR Annex II, Section 1, 4(f).
"""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere
from training.simulator.scenarios.rush import scaled

_CYCLE_S = 240.0


class MomentumIgnition:
    """A burst, a move, an exit against the followers."""

    kind = "momentum_ignition"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return the time for one to four ignitions."""
        return anywhere(room, chance, chance.integer(1, 5) * _CYCLE_S)

    def plan(self, stage: Stage) -> Plan:
        """Ignite again and again; True if once the price moved and the exit was made beyond the entry."""
        chance, account = stage.chance, stage.strangers(1, chance_role(stage))[0]
        stage.accused.append(account)
        side, worked = chance.choice((BUY, SELL)), 0
        for number in range(max(1, int(stage.duration_s / _CYCLE_S))):
            yield stage.at((number + chance.uniform(0.0, 0.2)) * _CYCLE_S)
            worked += yield from _ignite(stage, account, side)
            side = -side if chance.happens(0.5) else side
        return worked > 0


def chance_role(stage: Stage) -> str:
    """Return what kind of account does it: mostly a fast desk."""
    return "desks" if stage.chance.happens(0.7) else "retail"


def _ignite(stage: Stage, account: int, side: int) -> Plan:
    chance, before = stage.chance, stage.mid()
    reach = max(round(stage.market.half_spread_ticks * scaled(stage, 2.5, 14.0)), 2)
    entry = stage.join(account, side, stage.lots(stage.between(1.0, 5.0)))
    yield stage.filled(entry, within_s=chance.uniform(5.0, 60.0))
    stage.cancel(entry)
    held = entry.filled + (yield from _burst(stage, account, side, before + side * reach))
    moved = side * (stage.mid() - before)
    moves = max(moved / stage.market.half_spread_ticks, 0.0)
    stage.news(0.0, chance.poisson(min(6.0 * moves, 120.0)), 4.0, side=side)  # trend followers, stop orders
    yield stage.sleep(chance.uniform(0.5, 4.0))
    sold = yield from _exit(stage, account, -side, held, before)
    return int(moved >= stage.market.half_spread_ticks and sold >= held / 2)


def _burst(stage: Stage, account: int, side: int, target: float) -> Plan:
    """Take whatever is offered up to a price; return the lots taken."""
    chance, taken = stage.chance, 0
    for _ in range(chance.integer(6, 18)):
        touch = stage.touch()
        near = touch.ask if side == BUY else touch.bid
        if (near - target) * side > 0:
            break
        levels = max(round((target - near) * side * chance.uniform(0.3, 1.0)), 1)
        lots = max(stage.shown(-side, near, levels), stage.lots(0.2))
        taken += stage.take(account, side, lots, slip=levels).filled
        yield stage.sleep(chance.log_uniform(0.001, 2.0 * power(0.05, stage.severity)))
    return taken


def _exit(stage: Stage, account: int, side: int, held: int, worst: float) -> Plan:
    """Sell to the followers, resting above them at first, then at any price; return the lots sold."""
    chance, orders, left = stage.chance, list[Order](), held
    for _ in range(chance.integer(2, 5)):
        orders.append(stage.join(account, side, max(1, left // 4)))
        yield stage.filled(*orders, within_s=chance.uniform(0.5, 4.0))
    stage.cancel(*orders)
    left = held - sum(order.filled for order in orders)
    for _ in range(20):
        if left <= 0:
            break
        keen = (stage.mid() - worst) * side < 0
        part = max(left // 3, min(left, stage.lots(1.0))) if keen else max(1, left // 6)
        left -= stage.take(account, side, part, slip=2 + round(stage.market.half_spread_ticks)).filled
        yield stage.sleep(chance.exponential(1.0))
    return held - left
