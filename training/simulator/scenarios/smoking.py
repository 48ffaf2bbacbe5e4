"""Smoking: a generous order draws slow traders and is made less generous before they arrive."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader, lure, round_s, some_rounds
from training.simulator.scenarios.base import Span

_FAST_S = 0.15  # before this only machines have seen the order


class Smoking:
    """Terms that are gone when those whom they drew arrive.

    Pattern: an order well inside the spread, in size; before slow traders' market orders arrive it is re-priced to
    or near the old touch, where it is worse than what they saw, and they trade there.
    Subtle: one tick better, re-priced after a second or two, every few minutes. Blatant: the whole spread better,
    re-priced after milliseconds, dozens of times.
    Source: MAR Annex II, section 1, 6(j).
    """

    kind = "smoking"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 5 to 30 rounds."""
        return some_rounds(room, market, chance, 5.0, 30.0)

    def plan(self, stage: Stage) -> Plan:
        """Play rounds on changing sides; True if somebody traded with an order that had been made worse."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        rounds = max(4, round(stage.duration_s / round_s(stage.market) * stage.between(0.4, 1.6)))
        every, caught = stage.duration_s / rounds, 0
        for number in range(rounds):
            yield stage.at((number + chance.uniform(0.0, 0.3)) * every)
            caught += yield from _play_round(stage, account, chance.choice((BUY, SELL)), 0.5 * every)
        return caught > 0


def _play_round(stage: Stage, account: int, side: int, patience_s: float) -> Plan:
    """Show generous terms, worsen them, and wait; return whether the order traded on the worse terms only."""
    chance, touch = stage.chance, stage.touch()
    if touch.spread < 2:
        return False
    better = max(1, min(round(stage.between(1.0, touch.spread - 1.0)), touch.spread - 1))
    lots = stage.lots(stage.between(1.0, 4.0) * chance.uniform(0.7, 1.3))
    order = stage.join(account, side, lots, behind=-better)
    lure(stage, -side, chance.integer(1, 3) + round(stage.between(0.0, 3.0)), stage.between(3.0, 1.0))
    yield stage.sleep(_FAST_S * chance.log_uniform(0.7, 1.4) * 10.0 * power(0.01, stage.severity))
    shown, kept = order.filled, chance.integer(0, min(better, 2))
    if not stage.replace(order, order.price - side * (better - kept), lots - shown):
        return False
    give_up = stage.now + int(patience_s * 1e9)
    while order.is_open and stage.now < give_up:
        yield stage.filled(order, within_s=(give_up - stage.now) / 1e9)
    stage.cancel(order)
    return order.filled > shown
