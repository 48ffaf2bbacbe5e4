"""A rush that was set off on purpose, up or down: what `pump_and_dump` and `dump_and_pump` have in common.

Both are judged by the same terms, as strong as the weakest: how far the price went, how many times the usual takers
traded that way, how many of their orders swept the book within a millisecond, and, where accounts are known, whether it
was a crowd at all. Falls are measured as the rise that would undo them, so that both sides mirror each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, known_or, measured, parameter, sparse_findings, weight_of_evidence

WITHOUT_AGGRESSOR = 0.92
SUMMARY = 0.95
EVIDENCE_TRADES = 20.0
"""Factors on the confidence where buying cannot be told from selling; trades at which it is full."""

SUSPICION = 0.13
"""Least score worth a finding: a rise of 1.5 %, a fifth of the surge, one rush order. The classifier sorts them out."""


class Params(RuleParams):
    """Parameters of a rush; a fall counts as the rise that would undo it."""

    rise_threshold: float = parameter(
        0.08, "bucket high over the mean of the last hour's closes, as a ratio", "three-term rule, data/pumps", gt=0
    )
    least_rise: float = parameter(
        0.03, "rise that suffices in a calm market with many trades", "detectors.md, ramping: 0.03 is carried", gt=0
    )
    return_multiple: float = parameter(
        25.0,
        "times the market's usual minute return that a rise must reach, between the least and the threshold",
        "chosen by hand on data/pumps (115 false alerts for 111 without it) and simulated pumps, none of them held out",
        ge=0,
    )
    rise_ceiling: float = parameter(
        0.15, "rise that is always enough, however volatile the market", "the mission's price threshold", gt=0
    )
    volatility_multiple: float = parameter(
        6.0,
        "times the window's price volatility that a rise must reach, up to the ceiling; 0 is the plain three-term rule",
        "measured: largest that lost none of the first 42 pumps of data/pumps",
        ge=0,
    )
    surge_threshold: float = parameter(
        100.0, "taker volume of 30 s over the last day's usual, times", "three-term rule, data/pumps", gt=0
    )
    least_surge: float = parameter(
        20.0,
        "the same in a market with many trades, whose volume is less a matter of chance",
        "ours, as return_multiple",
        gt=0,
    )
    rush_order_threshold: float = parameter(3.0, "rush orders of 30 s", "three-term rule, data/pumps", gt=0)
    calm_trades: float = parameter(
        0.7,
        "usual trades of 30 s from which on the surge needed falls, and the rush orders needed rise, by the root of it",
        "ours: counts spread by the root of their mean",
        gt=0,
    )
    least_crowd: float = parameter(
        4.0,
        "takers of equal size that would be as many as those of the last 30 s, where accounts are known",
        "measured on simulated tapes: rushes 4.4-33, single hands and small groups that carry a price 1-3.8",
        ge=1,
    )
    rise_without_aggressor: float = parameter(
        0.15, "rise where taker sides are unknown", "the mission's price threshold", gt=0
    )
    volume_without_aggressor: float = parameter(
        30.0, "volume over the preceding mean where taker sides are unknown, times", "one-minute rule, data/pumps", gt=1
    )
    volume_multiplier: float = parameter(
        3.0, "volume over the preceding median, and in a bare summary over the mean, times", "the mission", gt=1
    )


@dataclass(frozen=True)
class Rush:
    """The terms of a rush; a subclass says which way.

    Attributes:
        surge: Feature of how many times the usual takers traded that way.
        rush: Feature of their sweeping orders.
        way: What takers did, for the evidence.
    """

    typology: ClassVar[str]
    mar: ClassVar[str]
    surge: ClassVar[str]
    rush: ClassVar[str]
    way: ClassVar[str]
    side: ClassVar[int]
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "fast"
    reads: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by the weakest of move, surge and rush orders; without taker sides, of move and volume."""
        has_sides = ~np.isnan(rows[self.rush])
        score = np.where(has_sides, self._three_terms(rows), self._move_and_volume(rows))
        confidence = weight_of_evidence(rows["trade_count"], EVIDENCE_TRADES)
        return sparse_findings(self, score, confidence * np.where(has_sides, 1.0, WITHOUT_AGGRESSOR), floor=SUSPICION)

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by the mission's own two thresholds, price and volume."""
        move = exceedance(self._outward(self.side * rows["price_change"]), self.params.rise_without_aggressor)
        score = np.minimum(move, exceedance(rows["volume_ratio"], self.params.volume_multiplier))
        return sparse_findings(self, score, np.full(len(rows), SUMMARY))

    def _outward(self, change: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return changes in the rush's direction, >= 0, falls as the rise that would undo them."""
        ahead = np.maximum(change, 0.0)
        return ahead if self.side > 0 else ahead / np.maximum(1.0 - ahead, 1e-9)

    def _move(self, rows: Rows) -> NDArray[np.float64]:
        return self._outward(rows["rise" if self.side > 0 else "fall"])

    def _three_terms(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        root = np.sqrt(np.maximum(known_or(rows["usual_trades"], 0.0) / p.calm_trades, 1.0))
        move = exceedance(self._move(rows), self._needed_rise(rows))
        surge = exceedance(rows[self.surge], self._needed_surge(rows))
        rush = exceedance(rows[self.rush], p.rush_order_threshold * root)
        many = known_or(exceedance(rows["crowd"], p.least_crowd), 1.0)
        return np.minimum(np.minimum(move, surge), np.minimum(rush, many))

    def _needed_surge(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        root = np.sqrt(np.maximum(known_or(rows["usual_trades"], 0.0) / p.calm_trades, 1.0))
        return np.maximum(p.surge_threshold / root, min(p.least_surge, p.surge_threshold))

    def _needed_rise(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        # In a market of rare trades the usual return says little of what one order can do.
        thin = 1.0 / np.maximum(np.minimum(known_or(rows["usual_trades"], 0.0), 1.0), 1e-9)
        calm = p.return_multiple * known_or(rows["usual_return"], 1e9) * thin
        needed = np.maximum(np.minimum(calm, p.rise_threshold), min(p.least_rise, p.rise_threshold))
        usual = p.volatility_multiple * known_or(rows["price_volatility"], 0.0)
        return np.maximum(np.minimum(usual, p.rise_ceiling), needed)

    def _move_and_volume(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        move = exceedance(self._move(rows), p.rise_without_aggressor)
        volume = exceedance(rows["volume_ratio"], p.volume_without_aggressor)
        return np.minimum(np.minimum(move, volume), exceedance(rows["robust_volume_ratio"], p.volume_multiplier))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return move, taking and rush orders; without taker sides move and volume."""
        p, name = self.params, "rise" if self.side > 0 else "fall"
        move = "The price stood {value:+.1%} from the last hour's mean close (limit {threshold:.1%})."
        if self.side < 0:
            move = "The price stood {value:.1%} below the last hour's mean close (limit {threshold:.1%})."
        if np.isnan(rows[self.rush][row]):
            limit = p.volume_multiplier if np.isnan(rows[name][row]) else p.volume_without_aggressor
            name = "price_change" if np.isnan(rows[name][row]) else name
            volume = "Volume was {value:.1f} times the preceding mean (limit {threshold:g})."
            return measured(rows, row, (name, p.rise_without_aggressor, move), ("volume_ratio", limit, volume))
        needed, surge = float(self._needed_rise(rows)[row]), float(self._needed_surge(rows)[row])
        sweeps = "{value:.0f} market orders swept several levels in a millisecond (limit {threshold:g})."
        return measured(
            rows,
            row,
            (name, needed if self.side > 0 else needed / (1.0 + needed), move),
            (self.surge, surge, f"Takers {self.way} {{value:.0f}} times the day's usual (limit {{threshold:.3g}})."),
            (self.rush, p.rush_order_threshold, sweeps),
            ("crowd", p.least_crowd, "Those who took were as many as {value:.1f} of equal size (limit {threshold:g})."),
            ("signed_imbalance", None, "Takers' buying less selling was {value:+.0%} of the bucket's taken volume."),
            ("robust_volume_ratio", None, "Volume was {value:.1f} times the preceding median."),
        )
