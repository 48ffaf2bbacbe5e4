"""Front running: somebody who knows of a large order trades just ahead of it, and sells into its impact.

Pattern: within two seconds before a client's large order, on its side, a small one of a related account, at most a
fifth as large; once the large one has moved the price, the small position is closed. Once proves nothing, so it
happens again and again with the same two accounts. Some have one owner, most are only seen together. The label names
who ran ahead, not the client. Subtle: one or two seconds ahead, a few times, with trades for show in between; blatant:
milliseconds ahead of every order.

Source: MAR Article 7(1)(d) (knowledge of a client's pending orders); 2 s and 0.2 in the detector catalogue.
"""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_FEWEST = 2


class FrontRunning:
    """A small order just ahead of a related large one."""

    kind = "front_running"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return the time for 4 to 12 large orders."""
        length = chance.integer(4, 13) * (120.0 if market.trades_per_s > 0.2 else 300.0)
        return anywhere(room, chance, min(length, 0.7 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Run ahead of most of the client's orders; True if it worked at least twice."""
        chance = stage.chance
        if chance.happens(0.3):
            leader, client = chance.choice(stage.room.population.together)[:2]
        else:
            leader, client = stage.strangers(1)[0], stage.strangers(1, "desks")[0]
        stage.accused.append(leader)
        orders = round(stage.between(5.0, 12.0))
        worked = 0
        for when in chance.times(orders, 0.0, max(stage.duration_s - 60.0, 1.0)):
            yield stage.at(when)
            if chance.happens(stage.between(0.75, 1.0)):
                worked += yield from _run_ahead(stage, leader, client)
            else:
                stage.take(leader, chance.choice((BUY, SELL)), stage.lots(chance.uniform(0.2, 1.0)), slip=2)
        return worked >= _FEWEST


def _run_ahead(stage: Stage, leader: int, client: int) -> Plan:
    """Trade ahead, let the client's order come, close; return 1 if both traded in this order."""
    chance, side = stage.chance, stage.chance.choice((BUY, SELL))
    large = max(stage.lots(chance.uniform(8.0, 25.0)), stage.shown(-side, _near(stage, side), 3))
    lots = max(1, round(large * chance.uniform(0.03, 0.17)))
    small = stage.take(leader, side, lots, slip=round(2 * stage.market.half_spread_ticks) + 2)
    yield stage.sleep(chance.log_uniform(0.5, 1.9) * power(0.02, stage.between(0.0, 1.0)))
    reach = 4 + round(5 * stage.market.half_spread_ticks)
    followed = stage.take(client, side, large, slip=reach)
    yield stage.sleep(chance.log_uniform(0.3, 8.0))
    left = small.filled
    while left > 0:
        exits = stage.join(leader, -side, left, behind=-1)
        yield stage.filled(exits, within_s=chance.exponential(8.0))
        stage.cancel(exits)
        left -= exits.filled
        if left > 0 and chance.happens(0.6):
            left -= stage.take(leader, -side, left, slip=3).filled
    return int(small.filled > 0 and followed.filled >= 5 * small.filled)


def _near(stage: Stage, side: int) -> int:
    touch = stage.touch()
    return touch.ask if side == BUY else touch.bid
