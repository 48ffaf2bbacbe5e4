"""Large orders that are gone right after a small one on the other side has filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.bait_rounds import RoundParams, bait_multiple, sequence, size_confidence, told
from models.rules.base import exceedance, measured, parameter, share_exceedance, sparse_findings

SUMMARY = 0.85
"""Confidence of a bare cancellation rate."""
LAYERS = 2.5
"""Price levels of its rounds, on average, from which an entity layers."""


class Params(RoundParams):
    """Parameters of `spoofing`."""

    bait_multiple: float = parameter(
        10.0,
        "bait over genuine order, times, by sum, of a single round; after n rounds 1/n² of it is enough",
        "detectors.md: 10-50; Coscia 15 by sum",
        gt=1,
    )
    least_bait_multiple: float = parameter(
        2.4, "the same, of however many rounds", "Oystacher flipped a third of his bait and less", gt=1
    )
    minimum_orders: int = parameter(
        20, "order messages behind a bare cancellation rate (scoring API)", "ours: fewer give no rate", ge=1
    )


@dataclass(frozen=True)
class Spoofing:
    """A large order on one side, not meant to trade, gone right after a small one on the other side has filled.

    Pattern:
        Bait of many times the genuine order and large for the market, laid out and taken away as one, hardly filled,
        within seconds of the fill of the genuine order, or in the moment before it. Once, if the bait was of several
        orders; again and again, or by two who are always there together, if it was of one.

    Innocent explanations:
        Cancelling fast is the rule, not the exception (92.5 % of honest orders are deleted, half within 0.5 s): a
        cancel alone says nothing. A market maker pulls one side of a symmetric ladder, so its multiple is about 1, and
        quotes anew at once. A busy account cancels a large order after an opposite fill now and then by chance, and
        its own pace says how often. One order that goes when its owner turns around may have been cancelled by the
        venue, so that the owner does not trade with itself.

    Source:
        The mission: cancellation rate >= 0.9. Cases of Coscia (FCA 2013), Oystacher and Sarao (CFTC 2015).
    """

    typology: ClassVar[str] = "spoofing"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "bait"
    mar: ClassVar[str] = "5(e), 6(a)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("layering",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each round by its weakest term; rounds of several price levels are layering."""
        p = self.params
        few_levels = ~(episodes["usual_levels"] >= LAYERS) & ~(episodes["waves"] > 0)
        needed = np.maximum(p.bait_multiple / np.maximum(episodes["rounds"], 1.0) ** 2, p.least_bait_multiple)
        score = np.minimum(exceedance(bait_multiple(episodes), needed), sequence(episodes, p))
        order = np.argsort(episodes.row, kind="stable")
        return sparse_findings(
            self, np.where(few_levels, score, np.nan)[order], size_confidence(episodes)[order],
            row=episodes.row[order], members=episodes.members[order], episode=order,
        )  # fmt: skip

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by its bare cancellation rate: all that the mission's shape of a window tells."""
        p = self.params
        messages = rows["order_to_trade_ratio"] * rows["trade_count"]
        score = share_exceedance(rows["cancellation_rate"], p.spoofing_threshold)
        score = np.where(messages < p.minimum_orders, 0.0, score)
        return sparse_findings(self, score, np.full(len(rows), SUMMARY))

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the round, or the cancellation rate where there is none."""
        if episode < 0:
            rate = "{value:.0%} of the orders were cancelled (limit {threshold:.0%}); most honest ones are too."
            return measured(rows, row, ("cancellation_rate", self.params.spoofing_threshold, rate))
        return told(episodes, episode, self.params, self.params.least_bait_multiple)
