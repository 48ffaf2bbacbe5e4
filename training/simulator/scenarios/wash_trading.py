"""Wash trading: one account, accounts of one owner, a pair or a ring of three trade with themselves.

Subtle: few trades, a slow second leg that strangers can take, sizes that vary, honest trades in between. Blatant: most
of the market's volume, legs milliseconds apart, equal sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.simulator.plan import BUY, INSIDE, MATCH, PLACE, PULL, SELL, THROUGH, Action
from training.simulator.scenarios.base import Stage
from training.simulator.symbols import Market
from training.simulator.world import SECOND


class WashTrading:
    """Volume without change of owner."""

    typology = "wash_trading"
    sides = 2

    def duration_s(self, rng: np.random.Generator, market: Market, longest_s: float) -> float:
        """Return 6 to 45 minutes, longer where trading is slow."""
        return min(longest_s, float(rng.uniform(6.0, 30.0)) * 60.0 * (1.5 if market.trades_per_s < 0.2 else 1.0))

    def plan(self, stage: Stage) -> Sequence[int]:
        """Plan pairs of legs in changing roles."""
        accounts = self._accounts(stage)
        rng = stage.rng
        volume = stage.market.lots_per_s * stage.duration_s * stage.between(0.15, 2.5)
        legs = int(np.clip(stage.market.trades_per_s * stage.duration_s * stage.between(0.1, 0.7), 10, 700))
        size = max(volume / legs, 20.0)
        times = np.sort(rng.uniform(0.0, stage.duration_s - 2.0, legs))
        for turn, seconds in enumerate(times):
            lots = max(1, round(size * float(np.exp(rng.normal(0.0, 0.5 * (1.0 - stage.severity))))))
            self._trade(stage, accounts, turn, float(seconds), lots)
            if rng.random() < 0.12 * (1.0 - stage.severity):
                self._camouflage(stage, accounts, float(seconds) + 1.0)
        return accounts

    @staticmethod
    def _accounts(stage: Stage) -> list[int]:
        kind = stage.rng.choice(["self", "owner", "pair", "ring"], p=[0.25, 0.25, 0.3, 0.2])
        if kind == "owner":
            together = stage.population.owned_together
            return list(together[int(stage.rng.integers(len(together)))][:3])
        return stage.strangers({"self": 1, "pair": 2, "ring": 3}[str(kind)])

    @staticmethod
    def _trade(stage: Stage, accounts: list[int], turn: int, seconds: float, lots: int) -> None:
        rng, n = stage.rng, len(accounts)
        seller, buyer = accounts[turn % n], accounts[(turn + 1) % n]
        first, second, side = (seller, buyer, SELL) if rng.random() < 0.5 else (buyer, seller, BUY)
        wait = float(np.exp(rng.uniform(np.log(0.001), np.log(0.05 * 100.0 ** (1.0 - stage.severity)))))
        group, tag = stage.planner.group(), stage.tag
        leg = stage.after(seconds)
        answer = leg + round(wait * 1e6) * 1_000
        stage.planner.add(
            Action(leg, PLACE, first, side, lots, INSIDE, 0, group, tag, rests=True),
            Action(answer, MATCH, second, -side, 2 * lots, 0, group, -1, tag),
            Action(answer + int(rng.uniform(0.2, 3.0) * SECOND), PULL, group=group, tag=tag),
        )

    @staticmethod
    def _camouflage(stage: Stage, accounts: list[int], seconds: float) -> None:
        who, side = int(stage.rng.choice(accounts)), int(stage.rng.choice([BUY, SELL]))
        lots = stage.lots(float(stage.rng.uniform(0.1, 0.6)))
        stage.planner.add(Action(stage.after(seconds), PLACE, who, side, lots, THROUGH, 2, -1, stage.tag))
