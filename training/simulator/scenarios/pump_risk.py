"""Pump risk: the hour before a pump, in which organisers fill up and somebody always knows too early.

Warning class: the label says that a pump is likelier than usual; it never calls anybody a manipulator for that. It
spans the hour before the announcement, or what the tape has of it, names who accumulates, and ends where the pump
begins. The pump follows as in `pump_and_dump` and has that label, as the sequel of the same episode. Subtle: little
more buying than usual, few followers later; blatant: many times the usual volume, bursts of buying by those who know.

Source: 126 real pumps: volume of the hour before was 2.3 times the day's mean (quartiles 1.0 and 5.1), price +0.6 %
(quartiles −0.2 and +2.0 %).
"""

from __future__ import annotations

from features.time_units import HOUR_NS
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.pump_and_dump import AFTER_S, accumulate, announce, play_out
from training.simulator.scenarios.rush import aggress, scaled, suits

_LONGEST_S = 3_600.0


class PumpRisk:
    """What is seen before a pump."""

    kind = "pump_risk"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 20 to 60 minutes before an announcement at any time, and what follows."""
        length = min(chance.uniform(1_200.0, _LONGEST_S) + AFTER_S, 0.8 * tape_s(room))
        return anywhere(room, chance, length) if suits(market) and length > 1.5 * AFTER_S else None

    def plan(self, stage: Stage) -> Plan:
        """Accumulate and try the waters, then pump; True if the pump came."""
        organisers = stage.strangers(stage.chance.integer(2, 7))
        stage.accused.extend(organisers)
        for _ in range(round(scaled(stage, 1.0, 8.0))):
            when = stage.chance.uniform(0.3, 1.0) * max(stage.duration_s - AFTER_S - 60.0, 1.0)
            stage.also(_try(stage, stage.chance.choice(organisers)), after_s=when)
        held = yield from accumulate(stage, organisers, BUY)
        rush = yield from announce(stage, BUY)
        stage.labelled_from, stage.labelled_to = max(rush.onset - HOUR_NS, stage.room.span[0]), rush.onset
        stage.sequels.append(("pump_and_dump", rush.onset, stage.end))
        return (yield from play_out(stage, rush, organisers, held))


def _try(stage: Stage, account: int) -> Plan:
    """Take a few levels within a second, as those do who know too early."""
    chance = stage.chance
    for _ in range(chance.integer(2, 6)):
        touch = stage.touch()
        lots = stage.lots(scaled(stage, 0.5, 4.0) * chance.log_normal(0.7))
        aggress(stage, account, BUY, lots, touch.ask * 1.02, chance.uniform(0.001, 0.01))
        yield stage.sleep(chance.log_uniform(0.001, 0.6))
