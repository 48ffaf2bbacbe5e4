"""Spoofing: a large bait on one side, a small order meant to fill on the other, the bait pulled once it has."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import Plan, Room, Stage
from training.simulator.scenarios.bait import (
    crew,
    lay_out,
    level_ticks,
    lure,
    play_rounds,
    pull,
    some_rounds,
    wait_for_fill,
)
from training.simulator.scenarios.base import Span


class Spoofing:
    """Bait that is not meant to trade.

    Pattern: the bait rests in the real book, where it moves makers who lean on imbalance and fast takers who follow
    it, and where it can itself be hit; then it is pulled as well. Nothing guarantees that the small order fills.
    Subtle: a few rounds, minutes apart; bait of several orders of ordinary size at the touch, so that it is hit now
    and then; pulled one by one, seconds after the fill. Blatant: round after round, one or two orders of 34 times
    the genuine one, gone within milliseconds.
    Source: fills of bait and genuine orders, and the delay, as in enforcement cases.
    """

    kind = "spoofing"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 4 to 40 rounds."""
        return some_rounds(room, market, chance, 4.0, 40.0)

    def plan(self, stage: Stage) -> Plan:
        """Play rounds on changing sides; True if in one of them bait was pulled after the small order had filled."""
        accounts = crew(stage)
        stage.accused.extend(accounts)
        worked = yield from play_rounds(stage, accounts, _play_round, fewest=3, turns=0.7)
        return worked > 0


def _play_round(stage: Stage, accounts: list[int], side: int, patience_s: float) -> Plan:
    """Show bait against a small order until that fills, the bait is hit or patience ends."""
    chance = stage.chance
    lots = stage.lots(chance.uniform(0.4, 1.2))
    genuine = stage.join(accounts[0], side, lots, behind=-1)
    yield stage.sleep(chance.uniform(0.02, 0.8))
    quotes = _bait(stage, -side, lots)
    bait = yield from lay_out(stage, accounts[1:] or accounts, -side, quotes, (0.0005, stage.between(0.6, 0.02)))
    lure(stage, -side, chance.poisson(stage.between(0.5, 2.5)), 4.0)
    yield from wait_for_fill(stage, genuine, bait, patience_s * chance.uniform(0.7, 1.0))
    filled = genuine.filled > 0
    yield stage.sleep(chance.log_uniform(0.004, 4.0 * power(0.02, stage.severity)))
    pulled = yield from pull(stage, bait, chance.choice((0.0, max(stage.between(1.5, -0.5), 0.0))))
    yield stage.sleep(chance.uniform(0.01, 0.5))
    stage.cancel(genuine)
    return filled and pulled > 0


def _bait(stage: Stage, side: int, genuine_lots: int) -> list[tuple[int, int]]:
    """Return price and lots of each order of the bait."""
    chance, touch = stage.chance, stage.touch()
    orders = max(1, round(stage.between(5.0, 1.0) * chance.uniform(0.6, 1.4)))
    each = genuine_lots * stage.between(6.0, 34.0) / orders
    best = touch.bid if side > 0 else touch.ask
    behind = round(stage.market.half_spread_ticks * chance.uniform(0.3, 1.0) * stage.between(0.4, 1.6))
    steps = [behind + level_ticks(stage.market) * level * chance.integer(0, 2) for level in range(orders)]
    return [(best - side * step, max(1, round(each * chance.uniform(0.7, 1.3)))) for step in steps]
