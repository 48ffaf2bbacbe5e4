"""Cross-market wash: two accounts trade one way on one market and back on another; nothing has changed hands.

Pattern: A sells to B on one venue, soon after B sells the same quantity to A on another; or the other way back in
another symbol, for the same value. On either market alone both look like parties with opposite views. Subtle: the way
back minutes later, quantities alike, a few rounds an hour; blatant: the same quantity back within a second, round
after round.

Source: MAR Annex II, Section 1, 3(a) and 2(c).
"""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.rush import scaled
from training.simulator.scenarios.wash_trading import meet

_FEWEST = 3


class CrossMarketWash:
    """There and back, on two markets."""

    kind = "cross_market_wash"
    sides = 2

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 10 minutes to 2 hours; None where the tape has one market only."""
        if all(other == market for other in room.markets):
            return None
        return anywhere(room, chance, min(chance.log_uniform(600.0, 7_200.0), 0.7 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Go there and back; True if enough rounds met on both markets."""
        chance, away = stage.chance, _other(stage)
        group = chance.choice(stage.room.population.together)[:2] if chance.happens(0.4) else stage.strangers(2)
        stage.accused.extend(group)
        rounds, completed = round(min(scaled(stage, 5.0, 90.0), stage.duration_s / 12.0)), 0
        worth = stage.market.usd_per_lot / away.usd_per_lot if away.asset != stage.market.asset else 1.0
        net = 0
        for when in chance.times(rounds, 0.0, stage.duration_s - 10.0):
            yield stage.at(when)
            seller, buyer = group if net <= 0 and chance.happens(0.8) else group[::-1]
            lots = stage.lots(stage.between(0.6, 3.0) * chance.log_normal(0.5))
            there = yield from meet(stage, seller, buyer, lots)
            if not there.between:
                continue
            yield stage.sleep(chance.log_uniform(0.02, 200.0 * power(0.005, stage.severity)))
            alike = chance.uniform(1.0 - stage.between(0.3, 0.0), 1.0)
            back = yield from meet(stage, buyer, seller, max(1, round(there.between * alike * worth)), away)
            net += there.between - round(back.between / worth)
            completed += int(back.between > 0)
        return completed >= min(_FEWEST, rounds)


def _other(stage: Stage) -> Market:
    """Return another venue of the symbol where there is one, now and then another symbol."""
    others = [market for market in stage.room.markets if market.asset != stage.market.asset]
    if stage.elsewhere() and (not others or stage.chance.happens(0.7)):
        return stage.chance.choice(stage.elsewhere())
    return stage.chance.choice(others)
