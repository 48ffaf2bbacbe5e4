"""What a scenario is given, and what it must offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from training.simulator.plan import Planner
from training.simulator.population import Population
from training.simulator.symbols import TYPICAL_LOTS, Market
from training.simulator.world import SECOND


@dataclass(frozen=True)
class Stage:
    """Where and when a scenario plays.

    Attributes:
        market: The symbol.
        population: Everybody.
        planner: Takes the actions.
        rng: Source of all chance.
        tag: Number of the episode in its market.
        open_ns: When the market opens: nothing can happen before.
        start: When the episode begins, ns.
        end: When it ends at the latest, ns.
        severity: 0 subtle to 1 blatant.
    """

    market: Market
    population: Population
    planner: Planner
    rng: np.random.Generator
    tag: int
    open_ns: int
    start: int
    end: int
    severity: float

    @property
    def duration_s(self) -> float:
        """Length of the episode in seconds."""
        return (self.end - self.start) / SECOND

    def after(self, seconds: float) -> int:
        """Return the time that many seconds after the start, whole microseconds."""
        return self.start + round(seconds * 1e6) * 1_000

    def strangers(self, count: int) -> list[int]:
        """Return that many different retail accounts."""
        first = 2  # the omnibus accounts lend themselves to nobody
        return [int(a) for a in self.rng.choice(np.arange(first, self.population.retail), count, replace=False)]

    def between(self, subtle: float, blatant: float) -> float:
        """Return the point between two extremes that the severity stands for, with some chance."""
        share = float(np.clip(self.severity + self.rng.normal(0.0, 0.08), 0.0, 1.0))
        return subtle + (blatant - subtle) * share

    def lots(self, typical_orders: float) -> int:
        """Return a quantity of so many typical orders in lots, at least 1."""
        return max(1, round(typical_orders * TYPICAL_LOTS))


class Scenario(Protocol):
    """One kind of abuse.

    Attributes:
        typology: Its name in labels.
        sides: Sides of a trade that the named accounts must hold for the trade to be evidence: 1, or 2 for both.
    """

    typology: str
    sides: int

    def duration_s(self, rng: np.random.Generator, market: Market, longest_s: float) -> float:
        """Return how long an episode lasts, at most `longest_s` seconds."""
        ...

    def plan(self, stage: Stage) -> Sequence[int]:
        """Write the episode's actions into the planner and return the accounts that commit it."""
        ...
