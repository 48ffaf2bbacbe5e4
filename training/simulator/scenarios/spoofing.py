"""Spoofing: a large bait on one side, a small order meant to fill on the other, the bait pulled once it has.

The bait rests in the real book: it moves makers who lean on imbalance and fast takers who follow it, and it can itself
be hit, in which case it is pulled as well. Nothing guarantees that the small order fills; then the bait is pulled after
a while, as real spoofers do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.simulator.plan import BUY, INSIDE, JOIN, PLACE, PULL, SELL, Action
from training.simulator.scenarios.base import Stage
from training.simulator.symbols import Market
from training.simulator.world import SECOND


class Spoofing:
    """Bait that is not meant to trade."""

    typology = "spoofing"
    sides = 1

    def duration_s(self, rng: np.random.Generator, market: Market, longest_s: float) -> float:
        """Return the time for 4 to 16 cycles."""
        return min(longest_s, int(rng.integers(4, 17)) * self._cycle_s(market) + 10.0)

    @staticmethod
    def _cycle_s(market: Market) -> float:
        return float(np.clip(30.0 / market.trades_per_s**0.7, 15.0, 240.0))

    def plan(self, stage: Stage) -> Sequence[int]:
        """Plan the cycles, on changing sides."""
        account = stage.strangers(1)[0]
        cycle = self._cycle_s(stage.market)
        count = max(1, int((stage.duration_s - 5.0) / cycle))
        side = int(stage.rng.choice([BUY, SELL]))
        for number in range(count):
            start = (number + float(stage.rng.uniform(0.0, 0.25))) * cycle
            self._cycle(stage, account, side, start, 0.7 * cycle)
            side = -side if stage.rng.random() < 0.8 else side
        return [account]

    @staticmethod
    def _cycle(stage: Stage, account: int, side: int, start: float, patience: float) -> None:
        rng, tag = stage.rng, stage.tag
        genuine_lots = stage.lots(float(rng.uniform(0.2, 0.8)))
        orders = int(rng.integers(1, 7))
        bait_lots = max(1, round(genuine_lots * stage.between(10.0, 45.0) / orders))
        slowest = 3.0 * 0.1**stage.severity
        pulled_after = int(np.exp(rng.uniform(np.log(0.005), np.log(slowest))) * SECOND)
        bait = stage.planner.group(pulls_itself=True, delay_ns=int(rng.uniform(0.02, 0.5) * SECOND))
        genuine = stage.planner.group(pulls=bait, delay_ns=pulled_after)
        spacing = max(1, round(0.5 * stage.market.half_spread_ticks))
        stage.planner.add(
            Action(stage.after(start), PLACE, account, side, genuine_lots, INSIDE, 0, genuine, tag, rests=True)
        )
        behind = round(stage.market.half_spread_ticks * float(rng.uniform(0.0, 1.2)))
        show = start + float(rng.uniform(0.02, 0.8))
        for level in range(orders):
            lots = max(1, round(bait_lots * float(rng.uniform(0.7, 1.3))))
            ticks = behind + level * spacing * int(rng.integers(0, 2))
            when = stage.after(show + level * float(rng.uniform(0.0005, 0.05)))
            stage.planner.add(Action(when, PLACE, account, -side, lots, JOIN, ticks, bait, tag, rests=True))
        late = stage.after(start + patience * float(rng.uniform(0.7, 1.0)))
        stage.planner.add(
            Action(late, PULL, group=bait, tag=tag),
            Action(late + int(rng.uniform(0.01, 0.5) * SECOND), PULL, group=genuine, tag=tag),
        )
