"""Collusion: a group of accounts trades the same symbol on the same side in the same seconds, again and again.

Each round somebody gives the word, most of the group follow, each with an order of its own, usually taking; the next
round may go the other way. They do not trade with each other, and no account alone is remarkable.
Subtle: three accounts, some of which stay away, within ten seconds. Blatant: nine, all of them, within half a second.
Source: detectors.md, behaviour class: groups acting together.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_ENOUGH_ROUNDS, _ENOUGH_ACCOUNTS = 4, 3


class Collusion:
    """Many accounts, one will."""

    kind = "collusion"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 30 minutes to 3 hours, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(1_800.0, 10_800.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Play rounds; True if in four of them three accounts traded."""
        chance, group = stage.chance, stage.strangers(round(stage.between(3.6, 9.0)))
        stage.accused.extend(group)
        rounds, worked = round(stage.between(8.0, 30.0) * chance.uniform(0.8, 1.2)), 0
        sizes = [chance.log_uniform(0.3, 1.5) for _ in group]
        side, present = chance.choice((BUY, SELL)), stage.between(0.88, 1.0)
        for seconds in chance.times(rounds, 0.0, 0.97 * stage.duration_s):
            yield stage.at(seconds)
            who = [(account, size) for account, size in zip(group, sizes, strict=True) if chance.happens(present)]
            worked += int((yield from _play_round(stage, chance.sample(who, len(who)), side)) >= _ENOUGH_ACCOUNTS)
            side = -side if chance.happens(0.6) else side
        return worked >= _ENOUGH_ROUNDS


def _play_round(stage: Stage, who: list[tuple[int, float]], side: int) -> Plan:
    """Let all trade on one side within seconds; return how many did."""
    chance, within_s = stage.chance, stage.between(9.0, 0.5)
    orders, before = [], stage.now
    for (account, size), wait in zip(who, chance.times(len(who), 0.0, within_s), strict=True):
        yield stage.sleep(max(wait - (stage.now - before) / 1e9, 0.0))
        lots = stage.lots(size * chance.log_normal(0.15))
        if chance.happens(0.85):
            orders.append(stage.take(account, side, lots, slip=round(3.0 * stage.market.half_spread_ticks) + 1))
        else:
            orders.append(stage.join(account, side, lots, behind=-1))
    yield stage.sleep(5.0)
    stage.cancel(*orders)
    return sum(order.filled > 0 for order in orders)
