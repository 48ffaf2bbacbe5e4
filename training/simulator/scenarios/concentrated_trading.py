"""Concentrated trading: one account does most of a market's volume for about an hour, with many counterparties.

It follows the others' volume, so its share holds whatever the market does. Most trade both ways, some only one way, and
then their impact carries the price.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.simulator.plan import BUY, PARTICIPATE, SELL, THROUGH, Action
from training.simulator.scenarios.base import Stage
from training.simulator.symbols import Market


class ConcentratedTrading:
    """One account is the market."""

    typology = "concentrated_trading"
    sides = 1

    def duration_s(self, rng: np.random.Generator, market: Market, longest_s: float) -> float:  # noqa: ARG002
        """Return 50 to 75 minutes, so that an hour's window can be filled."""
        return min(longest_s, float(rng.uniform(50.0, 75.0)) * 60.0)

    def plan(self, stage: Stage) -> Sequence[int]:
        """Plan slices that make up what is missing to the wanted share."""
        rng, account = stage.rng, stage.strangers(1)[0]
        share = stage.between(0.68, 0.9)
        ratio = round(share / (1.0 - share) * 1e6)
        group = stage.planner.group()
        interval = float(np.clip(1.5 / stage.market.trades_per_s, 1.5, 20.0))
        bias = 0.5 if rng.random() < 0.75 else float(rng.choice([0.2, 0.8]))
        seconds = 0.0
        while seconds < stage.duration_s:
            side = BUY if rng.random() < bias else SELL
            largest = stage.lots(float(rng.uniform(4.0, 20.0)))
            when = stage.after(seconds)
            stage.planner.add(Action(when, PARTICIPATE, account, side, largest, THROUGH, ratio, group, stage.tag))
            seconds += float(rng.exponential(interval))
        return [account]
