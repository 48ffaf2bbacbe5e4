"""Inter-venue manipulation: one venue is moved so that a position on another one pays.

Pattern: a position is built up quietly on one venue; on another a burst sweeps the book; makers and arbitrageurs carry
the move over; the position is sold there, and what the burst cost is bought back when the price has sunk. Subtle: a few
half spreads, a burst of seconds; blatant: one or two percent within half a second.

Source: MAR Annex II, Section 1, 2(c).
"""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere
from training.simulator.scenarios.rush import scaled

_CYCLE_S = 300.0


class InterVenueManipulation:
    """Move one venue, profit on the other."""

    kind = "inter_venue_manipulation"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return the time for one to three attempts; None where the symbol has one venue."""
        if all(other.asset != market.asset or other == market for other in room.markets):
            return None
        return anywhere(room, chance, chance.integer(1, 4) * _CYCLE_S)

    def plan(self, stage: Stage) -> Plan:
        """Move the stage's market, trade another; True if the other one followed and was sold."""
        chance = stage.chance
        group = (
            chance.choice(stage.room.population.together)[:2] if chance.happens(0.3) else stage.strangers(1, "desks")
        )
        mover, trader = group[0], group[-1]
        stage.accused.extend(group)
        away, worked = chance.choice(stage.elsewhere()), 0
        for number in range(max(1, int(stage.duration_s / _CYCLE_S))):
            yield stage.at((number + chance.uniform(0.0, 0.1)) * _CYCLE_S)
            worked += yield from _attempt(stage, mover, trader, away)
        return worked > 0


def _attempt(stage: Stage, mover: int, trader: int, away: Market) -> Plan:
    """Build up a position away, move the market here, close the position there; return 1 if that went as meant."""
    chance, side = stage.chance, stage.chance.choice((BUY, SELL))
    held = yield from _build(stage, trader, side, away)
    before, here = stage.mid(away), stage.mid()
    reach = max(round(stage.market.half_spread_ticks * scaled(stage, 5.0, 16.0)), 3)
    moved = 0
    for _ in range(chance.integer(3, 9)):
        touch = stage.touch()
        near = touch.ask if side == BUY else touch.bid
        levels = round((here + side * reach - near) * side)
        if levels < 0:
            break
        moved += stage.take(mover, side, stage.shown(-side, near, levels + 1), slip=levels).filled
        yield stage.sleep(chance.log_uniform(0.005, 3.0 * power(0.1, stage.severity)))
    yield stage.sleep(chance.log_uniform(0.2, 3.0))
    left, best = held, 0.0
    pace = min(max(0.3 / stage.market.trades_per_s, 1.0), 6.0)
    for _ in range(15):
        best = max(best, side * (stage.mid(away) - before))
        if left > 0 and best > 0.0:
            left -= stage.take(
                trader, -side, max(1, held // 4) if left > held // 4 else left, slip=2, market=away
            ).filled
        yield stage.sleep(chance.exponential(pace))
    yield from _unwind(stage, mover, -side, moved)
    return int(held > 0 and left < held and best >= 0.7 * stage.market.half_spread_ticks)


def _build(stage: Stage, account: int, side: int, away: Market) -> Plan:
    """Buy quietly on the other venue; return the lots bought."""
    chance, held = stage.chance, 0
    each = stage.lots(stage.between(1.0, 5.0))
    for _ in range(chance.integer(2, 6)):
        touch = stage.touch(away)
        order = stage.send(account, side, each, touch.bid if side == BUY else touch.ask, market=away)
        yield stage.filled(order, within_s=chance.uniform(4.0, 20.0))
        if order.is_open:
            stage.cancel(order)
            held += stage.take(account, side, each - order.filled, market=away).filled
        held += order.filled
    return held


def _unwind(stage: Stage, account: int, side: int, lots: int) -> Plan:
    """Get rid of what the burst brought, patiently."""
    chance, left = stage.chance, lots
    for _ in range(25):
        if left <= 0:
            return
        order = stage.join(account, side, max(1, lots // 6) if left > lots // 6 else left, behind=chance.integer(-1, 2))
        yield stage.filled(order, within_s=chance.exponential(6.0))
        stage.cancel(order)
        left -= order.filled
    stage.take(account, side, left, slip=round(3 * stage.market.half_spread_ticks))
