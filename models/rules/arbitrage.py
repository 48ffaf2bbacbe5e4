"""One account takes far more of what there is between two venues than anybody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    RuleParams,
    exceedance,
    findings_of,
    parameter,
    share_exceedance,
    shortfall,
    told,
)


class Params(RuleParams):
    """Parameters of `arbitrage`."""

    minimum_pairs: int = parameter(
        10, "pairs of takes within a quarter of an hour", "ours: of fewer a lead says nothing", ge=1
    )
    next_multiple: float = parameter(
        2.0, "its pairs over those of the next", "measured: one of six honest ones has up to 1.9 times of many", gt=1
    )
    lead: float = parameter(
        2.5, "pairs ahead of the next, deviations of the sum of both", "measured: honest ones lead by up to 2.3", gt=0
    )
    gain_share: float = parameter(0.8, "part of the pairs sold above what was paid", "ours", gt=0, lt=1)
    minimum_gain_bps: float = parameter(2.0, "mean gain of a pair before fees", "ours: fees of a professional", gt=0)
    net_share: float = parameter(0.3, "position left, part of what was traded in pairs", "ours: about flat", gt=0)


@dataclass(frozen=True)
class Arbitrage:
    """An account that buys where it is cheap and sells where it is dear, at once, far more than others do.

    Pattern:
        Within a second it takes on both venues, opposite sides, like sizes, sells above what it paid, time and again;
        its position stays flat, and it has far more such pairs than anybody else.

    Innocent explanations:
        Arbitrage keeps venues together and is no abuse; what an exchange wants to know of is one who outruns all
        others (next multiple, and by more than chance: lead). A hedger across venues rests on one of them and gains
        nothing from the gap (both legs must be taken, gain). A market maker on two venues hardly takes. A router of
        large orders trades one way on both.

    Source:
        detectors.md: prices apart beyond fees, harvested.
    """

    typology: ClassVar[str] = "arbitrage"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "cross"
    reads: ClassVar[str] = "cross_pairs"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts", "venues")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each pair by the weakest term of what its account did in the last quarter of an hour."""
        p = self.params
        pairs, others = episodes["pairs"], episodes["next_pairs"]
        score = np.minimum.reduce(
            (
                exceedance(pairs, p.minimum_pairs),
                exceedance(pairs / np.maximum(others, 1.0), p.next_multiple),
                exceedance(np.maximum(pairs - others, 0.0) / np.sqrt(np.maximum(pairs + others, 1.0)), p.lead),
                share_exceedance(episodes["gain_share"], p.gain_share),
                exceedance(np.maximum(episodes["gain_bps"], 0.0), p.minimum_gain_bps),
                shortfall(episodes["net_ratio"], p.net_share),
            )
        )
        return findings_of(self, episodes, score, np.ones(len(episodes)))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return pairs, share, gain and what is left."""
        p = self.params
        return told(
            episodes, episode,
            ("pairs", "pairs", p.minimum_pairs, "It bought here and sold there {value:.0f} times in 15 minutes."),
            ("next_pairs", "pairs", None, "The next one did so {value:.0f} times."),
            ("others_pairs", "pairs", None, "All others together did so {value:.0f} times."),
            ("pair_share", "ratio", None, "It had {value:.0%} of the quantity of all such trades."),
            ("gain_share", "ratio", p.gain_share, "{value:.0%} of its pairs sold above what was paid."),
            ("gain_bps", "basis points", p.minimum_gain_bps, "They gained {value:.1f} bps each, before fees."),
            ("value", "quote units", None, "Together they gained {value:,.2f} in quote currency, before fees."),
            ("net_ratio", "ratio", p.net_share, "{value:.0%} of that was left as a position."),
        )  # fmt: skip
