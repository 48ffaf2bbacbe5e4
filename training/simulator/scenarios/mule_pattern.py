"""Mule pattern: many accounts receive money, pass it on through small trades with one collector, and withdraw the rest.

Each deposits about the same sum within the same hours, trades a few times in the minutes after, each time with the
collector, who waits inside the spread for it, and withdraws. In the end the collector withdraws what came together.
Others can get in between; then a mule has traded with somebody else.
Subtle: a handful of mules, unequal sums, hours between deposit and withdrawal. Blatant: thirty, equal sums, minutes.
Source: detectors.md, behaviour class: groups acting together.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.habits import lots_for, without_habit

_ENOUGH = 3


class MulePattern:
    """Money through many hands."""

    kind = "mule_pattern"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 40 minutes to 4 hours, at most most of the tape."""
        return anywhere(room, chance, min(chance.uniform(2_400.0, 14_400.0), 0.6 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Let all mules play, then the collector withdraw; True if three mules traded with the collector."""
        chance, number = stage.chance, round(stage.between(5.0, 30.0))
        collector, *mules = without_habit(stage, number + 1)
        stage.accused.extend((collector, *mules))
        usd, spread = chance.choice((490.0, 900.0, 950.0, 1_900.0, 2_900.0, 4_900.0)), stage.between(0.5, 0.03)
        passed: list[float] = []
        for mule in mules:
            sum_usd = usd * min(max(chance.normal(1.0, spread), 0.3), 2.0)
            stage.also(
                _play(stage, mule, collector, sum_usd, passed), after_s=chance.uniform(0.0, 0.6) * stage.duration_s
            )
        yield stage.at(0.99 * stage.duration_s)
        stage.transfer(collector, -round(0.95 * sum(passed), 2))
        yield stage.sleep(1.0)
        stage.labelled_to = max(stage.labelled_to or 0, stage.now)
        return len(passed) >= _ENOUGH


def _play(stage: Stage, mule: int, collector: int, usd: float, passed: list[float]) -> Plan:
    """Deposit, trade with the collector one way, then back, and withdraw."""
    chance, haste = stage.chance, stage.between(0.12, 0.01) * stage.duration_s
    stage.labelled_from = stage.labelled_from or stage.now
    stage.transfer(mule, round(usd, 2))
    moved, trades = 0.0, chance.integer(1, 4)
    for _ in range(trades):
        yield stage.sleep(chance.exponential(haste))
        lots = lots_for(stage, 0.45 * usd / trades)
        for side in (BUY, SELL):
            waiting = stage.join(collector, -side, lots, behind=-1)
            yield stage.sleep(chance.uniform(0.2, 1.5))
            order = stage.send(mule, side, lots, waiting.price, terms=0)
            moved += usd / trades * 0.5 * int(order.filled > 0 and waiting.filled > 0)
            stage.cancel(waiting)
            yield stage.sleep(chance.uniform(1.0, 20.0))
    if moved:
        passed.append(moved)
    yield stage.sleep(chance.exponential(haste))
    stage.transfer(mule, -round(usd * chance.uniform(0.02, 0.3), 2))
    yield stage.sleep(1.0)
    stage.labelled_to = stage.now
