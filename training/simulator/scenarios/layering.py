"""Layering: orders at successive prices on one side, execution on the other, then all of them pulled."""

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


class Layering:
    """A staircase of orders that are not meant to trade.

    Pattern: layers are sent one by one, some improving the touch and some behind it; the genuine order fills on the
    other side at the better price; the layers go, and as a rule the same is played the other way to get out.
    Subtle: three layers of ordinary size, minutes between rounds, pulled one by one over seconds. Blatant: eight
    layers that grow away from the touch to many times what is shown there, laid and pulled in milliseconds, round
    after round.
    Source: MAR Annex II, section 1, 5(e).
    """

    kind = "layering"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 4 to 40 rounds."""
        return some_rounds(room, market, chance, 4.0, 40.0)

    def plan(self, stage: Stage) -> Plan:
        """Play rounds; True if in one of them three layers were pulled after the genuine order had filled."""
        accounts = crew(stage)
        stage.accused.extend(accounts)
        worked = yield from play_rounds(stage, accounts, _play_round, fewest=2, turns=0.75)
        return worked > 0


def _play_round(stage: Stage, accounts: list[int], side: int, patience_s: float) -> Plan:
    """Lay layers against the genuine order's side, trade, and pull them."""
    chance = stage.chance
    gap_s = chance.log_uniform(0.3, 1.0) * 2.5 * power(0.01, stage.severity)
    layers = yield from lay_out(stage, accounts[1:] or accounts, -side, _layers(stage, -side), (0.3 * gap_s, gap_s))
    yield stage.sleep(chance.uniform(0.05, 2.0))
    genuine = stage.join(accounts[0], side, stage.lots(chance.uniform(0.5, 1.5)), behind=-1)
    lure(stage, -side, chance.poisson(stage.between(0.5, 2.5)), 4.0)
    yield from wait_for_fill(stage, genuine, layers, patience_s * chance.uniform(0.7, 1.0))
    filled = genuine.filled > 0
    yield stage.sleep(chance.log_uniform(0.004, 5.0 * power(0.02, stage.severity)))
    pulled = yield from pull(stage, layers[:: chance.choice((1, -1))], max(stage.between(1.2, -0.6), 0.0))
    yield stage.sleep(chance.uniform(0.01, 0.5))
    stage.cancel(genuine)
    return filled and pulled >= 3


def _layers(stage: Stage, side: int) -> list[tuple[int, int]]:
    """Return price and lots of each layer, the nearest first; the first may improve the touch."""
    chance, touch, step = stage.chance, stage.touch(), level_ticks(stage.market)
    layers = max(3, round(stage.between(3.0, 7.5) + chance.uniform(-0.5, 1.0)))
    first = (touch.bid if side > 0 else touch.ask) + side * chance.integer(0, 2)
    size, growth = stage.between(1.0, 2.0) * chance.uniform(0.8, 1.2), 1.0 + stage.between(0.0, 0.12)
    return [
        (first - side * step * level, stage.lots(size * power(growth, level) * chance.uniform(0.85, 1.15)))
        for level in range(layers)
    ]
