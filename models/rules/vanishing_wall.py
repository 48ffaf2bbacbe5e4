"""Walls in the order book that are pulled, one after the other, before they can trade."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, measured, parameter, share_exceedance, shortfall, sparse_findings

CONFIDENCE = 0.97


class Params(RuleParams):
    """Parameters of `vanishing_wall`."""

    wall_multiple: float = parameter(8.0, "largest lots of the wall, usual levels", "measured: 1 an honest hour", gt=1)
    wall_share: float = parameter(0.4, "share of its side's near depth", "ours: the book is mostly it", gt=0, lt=1)
    minimum_walls: int = parameter(
        5, "walls pulled within 10 minutes", "measured: in 120 honest market hours 3 came 8 times, 4 once", ge=1
    )
    pulled_ratio: float = parameter(0.9, "share of it that vanished without a trade", "ours", gt=0, lt=1)
    returned_ratio: float = parameter(0.2, "of it, what comes back near within a second", "ours", gt=0, lt=1)
    minimum_age_s: float = parameter(1.0, "seconds it must have stood", "ours: long enough to be seen", gt=0)
    distance_spreads: float = parameter(3.0, "spreads behind its best price, at most", "ours: near the touch", gt=0)
    minimum_levels: int = parameter(3, "near levels left on each side", "ours: fewer is a halt, not a wall", ge=1)


@dataclass(frozen=True)
class VanishingWall:
    """Size that leans on the price and is not there to trade, again and again.

    Pattern:
        A level many times the usual one holds much of its side's near depth, close to the touch, stands for a time, and
        is pulled and not traded. Once means little; within minutes of each other such walls are a habit.

    Innocent explanations:
        A wall that traded, or was traded through, was meant. A market maker moves a quote by a tick: the lots are back
        within a second. A large genuine order that gives up goes once. A new image of the book says nothing of what
        became of a level; at a halt or before the first minutes no level is usual, or none is left.

    Source:
        Bait as in the cases of Oystacher and Sarao (CFTC 2015), seen without accounts; measured on simulated books.
    """

    typology: ClassVar[str] = "vanishing_wall"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "book"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = "6(a)"
    needs: ClassVar[tuple[str, ...]] = ("books", "trades")
    yields_to: ClassVar[tuple[str, ...]] = ("spoofing", "layering", "no_intent_to_execute")

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row's strongest vanished wall by its weakest term."""
        p = self.params
        with np.errstate(divide="ignore", invalid="ignore"):
            far = rows["wall_distance_bps"] / rows["spread_bps"]
        terms = (
            exceedance(rows["wall_multiple"], p.wall_multiple), share_exceedance(rows["wall_share"], p.wall_share),
            exceedance(rows["wall_age_s"], p.minimum_age_s), shortfall(far, p.distance_spreads),
            share_exceedance(rows["wall_pulled_ratio"], p.pulled_ratio),
            shortfall(rows["wall_returned_ratio"], p.returned_ratio),
        )  # fmt: skip
        again = (rows["walls_pulled"] >= p.minimum_walls) & (rows["near_levels"] >= p.minimum_levels)
        score = np.where(again, np.minimum.reduce(terms), np.nan)
        return sparse_findings(self, score, np.full(len(rows), CONFIDENCE))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return the wall's size, share, age and end, and how many there were."""
        p = self.params
        return measured(
            rows, row,
            ("wall_multiple", p.wall_multiple, "A level of {value:.0f} usual ones vanished (limit {threshold:g})."),
            ("wall_share", p.wall_share, "It was {value:.0%} of what stood near on its side."),
            ("wall_age_s", None, "It had stood for {value:.1f} s."),
            ("wall_pulled_ratio", p.pulled_ratio, "{value:.0%} of it went without a trade (limit {threshold:.0%})."),
            ("wall_returned_ratio", p.returned_ratio, "{value:.0%} of it came back nearby within a second."),
            ("walls_pulled", p.minimum_walls, "{value:.0f} such walls were pulled within ten minutes."),
            ("wall_trade_lag_s", None, "The other side had last traded {value:.1f} s before."),
        )  # fmt: skip
