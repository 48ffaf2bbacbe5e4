"""Pump and dump: quiet accumulation, an announcement, a rush of small taker buys, distribution, the fall.

A few organisers buy beforehand, lay sell orders on the way up and sell the rest into the rush. The crowd comes in
bursts of several orders a millisecond, pays up to a price that climbs, and sells in disappointment minutes later.
The episode is labelled from the announcement on and names the organisers; the crowd are victims. The organisers'
earlier buys are listed among its orders and trades. How far the price goes is the market's answer, not the plan's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.simulator.plan import ANCHOR, ANCHORED, BUY, JOIN, NEWS, PLACE, PULL, SELL, THROUGH, UNLOAD, Action
from training.simulator.scenarios.base import Stage
from training.simulator.symbols import Market
from training.simulator.world import SECOND

_MILLION = 1_000_000


class PumpAndDump:
    """A rise on multiplied buying, sold into."""

    typology = "pump_and_dump"
    sides = 1

    def duration_s(self, rng: np.random.Generator, market: Market, longest_s: float) -> float:  # noqa: ARG002
        """Return 4 to 15 minutes from the announcement to the last sale."""
        return min(longest_s, float(rng.uniform(4.0, 15.0)) * 60.0)

    def plan(self, stage: Stage) -> Sequence[int]:
        """Plan accumulation, rush and distribution."""
        accounts = stage.strangers(2 + int(stage.rng.integers(0, 5)) + round(stage.between(40, 400)))
        organisers = accounts[: 2 + len(accounts) % 4]
        crowd = accounts[len(organisers) :]
        rise = stage.between(0.08, 0.6)
        rush_s = min(float(stage.rng.uniform(10.0, 60.0)) * stage.between(3.0, 1.0), 0.4 * stage.duration_s)
        stage.planner.add(Action(stage.after(-20.0), ANCHOR, tag=stage.tag))
        position = self._accumulate(stage, organisers)
        self._ladder(stage, organisers, rise, position)
        volume = max(stage.market.lots_per_s * 60.0 * stage.between(12.0, 150.0), stage.lots(30.0))
        self._rush(stage, organisers, crowd, (rise, rush_s, volume))
        self._holders(stage, (rise, rush_s, volume))
        self._hype(stage, rise, rush_s)
        self._distribute(stage, organisers, crowd, rush_s)
        return organisers

    @staticmethod
    def _accumulate(stage: Stage, organisers: list[int]) -> int:
        """Buy a share of the usual volume over up to 40 minutes; return the lots bought if all fills."""
        rng = stage.rng
        span = min(float(rng.uniform(10.0, 40.0)) * 60.0, (stage.start - stage.open_ns) / SECOND - 60.0)
        if span < 60.0:
            return 0
        volume = stage.market.lots_per_s * span * stage.between(0.05, 0.3)
        buys = int(np.clip(volume / stage.lots(1.0), 6, 300))
        lots = max(1, round(volume / buys))
        for seconds in rng.uniform(-span, -30.0, buys):
            taking = rng.random() < 0.6
            group, when = stage.planner.group(), stage.after(float(seconds))
            rule, parameter = (THROUGH, 1) if taking else (JOIN, 0)
            size = max(1, round(lots * float(np.exp(rng.normal(0.0, 0.5)))))
            who = int(rng.choice(organisers))
            stage.planner.add(
                Action(when, PLACE, who, BUY, size, rule, parameter, group, stage.tag, rests=not taking),
                Action(when + int(rng.uniform(5.0, 25.0) * SECOND), PULL, group=group, tag=stage.tag),
            )
        return int(0.5 * volume)

    @staticmethod
    def _ladder(stage: Stage, organisers: list[int], rise: float, position: int) -> None:
        rungs = int(stage.rng.integers(3, 9))
        group = stage.planner.group()
        for share in np.linspace(0.35, 0.95, rungs):
            lots = max(1, round(0.4 * position / rungs))
            when = stage.after(float(stage.rng.uniform(-15.0, 0.0)))
            ppm = round(rise * float(share) * _MILLION)
            who = int(stage.rng.choice(organisers))
            stage.planner.add(Action(when, PLACE, who, SELL, lots, ANCHORED, ppm, group, stage.tag, rests=True))
        stage.planner.add(Action(stage.after(0.5 * stage.duration_s), PULL, group=group, tag=stage.tag))

    @staticmethod
    def _rush(stage: Stage, organisers: list[int], crowd: list[int], shape: tuple[float, float, float]) -> None:
        rng, (rise, rush_s, volume) = stage.rng, shape
        orders = round(len(crowd) * 1.6)
        sizes = rng.pareto(1.6, orders) + 0.3
        sizes *= volume / sizes.sum()
        number = 0
        while number < orders:
            progress = float(rng.beta(1.0, 1.6))
            burst = min(int(rng.integers(1, 9)), orders - number)
            for lots in sizes[number : number + burst]:
                who = int(rng.choice(organisers)) if rng.random() < 0.04 else int(rng.choice(crowd))
                when = stage.after(progress * rush_s + float(rng.uniform(0.0, 0.0009)))
                ceiling = rise * (progress**0.6 + float(rng.normal(0.08, 0.08)))
                ppm = round(max(ceiling, 0.01) * _MILLION)
                group, rests = stage.planner.group(), bool(rng.random() < 0.4)
                buy = Action(when, PLACE, who, BUY, max(1, round(lots)), ANCHORED, ppm, group, stage.tag, rests=rests)
                pulled = Action(when + int(rng.uniform(1.0, 15.0) * SECOND), PULL, group=group, tag=stage.tag)
                stage.planner.add(buy, pulled)
            number += burst

    @staticmethod
    def _holders(stage: Stage, shape: tuple[float, float, float]) -> None:
        """Let accounts that happen to hold the asset sell into the rise: without them nobody could buy so much."""
        rng, (rise, rush_s, volume) = stage.rng, shape
        sellers = stage.strangers(round(stage.between(25, 250)))
        sizes = rng.pareto(1.6, len(sellers)) + 0.3
        sizes *= float(rng.uniform(0.7, 1.1)) * volume / sizes.sum()
        for who, lots in zip(sellers, sizes, strict=True):
            progress = float(rng.beta(1.0, 1.3))
            ppm = round(max(rise * (progress**0.6 + float(rng.normal(0.0, 0.06))), 0.004) * _MILLION)
            when, group = stage.after(progress * rush_s * 1.2), stage.planner.group()
            gone = when + int(rng.uniform(10.0, 120.0) * SECOND)
            stage.planner.add(
                Action(when, PLACE, who, SELL, max(1, round(lots)), ANCHORED, ppm, group, stage.tag, rests=True),
                Action(gone, PULL, group=group, tag=stage.tag),
            )

    @staticmethod
    def _hype(stage: Stage, rise: float, rush_s: float) -> None:
        """Let others believe part of the rise for a while, so that the fall takes minutes, not seconds."""
        rng, steps = stage.rng, 16
        believed = float(rng.uniform(0.3, 0.6)) * float(np.log1p(rise)) * _MILLION
        kept = float(rng.uniform(0.0, 0.15))
        for share in np.linspace(0.2, 1.0, 5):
            stage.planner.add(Action(stage.after(float(share) * rush_s), NEWS, side=BUY, parameter=round(believed / 5)))
        for share in np.sort(rng.beta(1.0, 1.8, steps)):
            when = stage.after(rush_s + float(share) * (stage.duration_s - rush_s))
            lost = round(believed * (1.0 - kept) / steps)
            stage.planner.add(Action(when, NEWS, side=SELL, parameter=lost))

    @staticmethod
    def _distribute(stage: Stage, organisers: list[int], crowd: list[int], rush_s: float) -> None:
        rng, everything = stage.rng, 1 << 40
        for who in organisers:
            for seconds in np.sort(rng.uniform(0.5 * rush_s, 0.7 * stage.duration_s, int(rng.integers(5, 20)))):
                share = round(float(rng.uniform(0.1, 0.4)) * _MILLION)
                sale = Action(stage.after(float(seconds)), UNLOAD, who, SELL, everything, THROUGH, share, -1, stage.tag)
                stage.planner.add(sale)
        for who in crowd:
            if rng.random() < 0.7:
                seconds = rush_s + float(rng.exponential(0.35 * stage.duration_s))
                when = stage.after(min(seconds, stage.duration_s))
                share = round(float(rng.uniform(0.5, 1.0)) * _MILLION)
                stage.planner.add(Action(when, UNLOAD, who, SELL, everything, THROUGH, share, -1, stage.tag))
