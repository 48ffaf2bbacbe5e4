"""Two accounts trade one way on one venue and back on another: nothing has changed hands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    CLEARLY,
    RuleParams,
    exceedance,
    findings_of,
    parameter,
    share_exceedance,
    shortfall,
    told,
)


class Params(RuleParams):
    """Parameters of `cross_market_wash`."""

    minimum_rounds: int = parameter(3, "rounds there and back within two hours", "ours: twice may be chance", ge=2)
    round_share: float = parameter(
        0.5, "part of what the two trade in half an hour that is such rounds", "measured: honest pairs .25", gt=0, lt=1
    )
    net_share: float = parameter(0.5, "what is left between the two, part of the rounds", "ours: about nothing", gt=0)
    back_s: float = parameter(120.0, "mean seconds from there to back", "ours: minutes", gt=0)


@dataclass(frozen=True)
class CrossMarketWash:
    """Rounds of the same two over two venues, in like sizes, that leave nothing between them.

    Pattern:
        A sells to B on one venue and buys a like quantity back from B on another within minutes, several times, and
        that is most of what either trades; or accounts of one owner meet on both venues in turn.

    Innocent explanations:
        A hedger across venues and a market maker on two trade back what they traded, but with whoever comes: two
        makers meet now and then, and that is a small part of their trades (share). An arbitrageur sells above what it
        paid, to others. Two desks that pass a position on keep it (net).

    Source:
        MAR Annex II, Section 1, 3(a) and 2(c) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "cross_market_wash"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "cross"
    reads: ClassVar[str] = "cross_wash"
    mar: ClassVar[str] = "3(a)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "accounts", "venues")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each round by the weakest term of what the two did lately."""
        p = self.params
        score = np.minimum.reduce(
            (
                exceedance(episodes["rounds"], CLEARLY * p.minimum_rounds),
                share_exceedance(episodes["volume_share"], p.round_share),
                shortfall(episodes["net_ratio"], p.net_share),
                shortfall(episodes["seconds"], p.back_s),
            )
        )
        return findings_of(self, episodes, score, np.ones(len(episodes)))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return rounds, their share, what is left, likeness, time and cost."""
        p = self.params
        return told(
            episodes, episode,
            ("rounds", "rounds", p.minimum_rounds, "There and back {value:.0f} times within two hours."),
            ("volume_share", "ratio", p.round_share, "That is {value:.0%} of what they traded in half an hour."),
            ("net_ratio", "ratio", p.net_share, "{value:.0%} of it was left between the two."),
            ("size_ratio", "ratio", None, "The way back was {value:.0%} of the way there, or the reverse."),
            ("seconds", "s", p.back_s, "It came {value:.1f} s later in the mean."),
            ("cost_bps", "basis points", None, "The two prices were {value:.1f} bps apart in the mean."),
        )  # fmt: skip
