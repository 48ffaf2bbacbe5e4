"""What looks like abuse and is not: execution algorithms and news.

A TWAP works one side in equal slices at regular times; a participating algorithm follows volume; news move the
fundamental for good and make many accounts decide within a minute or two, without a campaign, a ladder or a fall.
"""

from __future__ import annotations

import numpy as np

from training.simulator.plan import BUY, JOIN, NEWS, PARTICIPATE, PLACE, PULL, SELL, THROUGH, Action, Planner
from training.simulator.population import Population
from training.simulator.symbols import TYPICAL_LOTS, Market
from training.simulator.world import SECOND

NEWS_PER_HOUR = 0.12


def plan_innocent(
    planner: Planner, market: Market, population: Population, start: int, end: int, rng: np.random.Generator
) -> None:
    """Write executors and news of one market into the planner."""
    hours = (end - start) / (3_600 * SECOND)
    desks = rng.choice(np.array(population.executors), 2, replace=False)
    for _ in range(1 + int(rng.poisson(0.25 * hours))):
        _twap(planner, market, int(desks[0]), start, end, rng)
    for _ in range(int(rng.poisson(0.2 * hours))):
        _follow_volume(planner, market, int(desks[1]), start, end, rng)
    for _ in range(int(rng.poisson(NEWS_PER_HOUR * hours))):
        _news(planner, market, start, end, rng)


def _span(start: int, end: int, rng: np.random.Generator) -> tuple[int, float]:
    whole = (end - start) / SECOND
    length = min(float(rng.uniform(0.3, 1.5)) * 3_600.0, 0.6 * whole)
    return start + int(rng.uniform(0.05, 1.0) * (whole - length) * 1e6) * 1_000, length


def _twap(planner: Planner, market: Market, desk: int, start: int, end: int, rng: np.random.Generator) -> None:
    begin, length = _span(start, end, rng)
    every = float(rng.choice([10.0, 15.0, 30.0, 60.0])) * (4.0 if market.trades_per_s < 0.1 else 1.0)
    lots = max(1, round(market.lots_per_s * every * float(rng.uniform(0.04, 0.12))))
    side = int(rng.choice([BUY, SELL]))
    for number in range(int(length / every)):
        when = begin + round((number * every + float(rng.normal(0.0, 0.05))) * 1e6) * 1_000
        group = planner.group()
        planner.add(
            Action(when, PLACE, desk, side, lots, JOIN, 0, group, rests=True),
            Action(when + int(0.6 * every * SECOND), PULL, group=group),
            Action(when + int(0.6 * every * SECOND) + 1_000_000, PLACE, desk, side, max(1, lots // 2), THROUGH, 2),
        )


def _follow_volume(planner: Planner, market: Market, desk: int, start: int, end: int, rng: np.random.Generator) -> None:
    begin, length = _span(start, end, rng)
    group, side = planner.group(), int(rng.choice([BUY, SELL]))
    ratio = round(float(rng.uniform(0.05, 0.2)) * 1e6)
    seconds = 0.0
    while seconds < length:
        when = begin + round(seconds * 1e6) * 1_000
        planner.add(Action(when, PARTICIPATE, desk, side, 3 * TYPICAL_LOTS, THROUGH, ratio, group))
        seconds += float(rng.exponential(np.clip(8.0 / market.trades_per_s, 5.0, 90.0)))


def _news(planner: Planner, market: Market, start: int, end: int, rng: np.random.Generator) -> None:
    when = start + int(rng.uniform(0.1, 0.95) * (end - start) / 1_000) * 1_000
    jump = float(np.exp(rng.uniform(np.log(0.006), np.log(0.12))))
    within = int(rng.integers(20, 90))
    crowd = int(np.clip(market.trades_per_s * 60.0 * rng.uniform(4.0, 20.0) * (jump / 0.03) ** 0.5, 30, 2_500))
    side = int(rng.choice([BUY, SELL]))
    planner.add(Action(when, NEWS, -1, side, crowd, within, round(jump * 1e6)))
