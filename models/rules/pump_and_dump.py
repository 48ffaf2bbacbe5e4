"""A fast rise on multiplied buying."""

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
    """Parameters of `pump_and_dump`."""

    rise_threshold: float = parameter(
        0.08, "bucket high over the mean of the last hour's closes, as a ratio", "three-term rule, data/pumps", gt=0
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
    buy_surge_threshold: float = parameter(
        100.0, "taker-buy volume of 30 s over the last day's mean, times", "three-term rule, data/pumps", gt=0
    )
    rush_order_threshold: float = parameter(3.0, "rush orders of 30 s", "three-term rule, data/pumps", gt=0)
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
class PumpAndDump:
    """A price driven up by buyers who do not look at it.

    Pattern:
        On a public tape: a high far above the last hour's closes, taker buying of a hundred times the day's, and
        market orders that sweep several price levels in one millisecond; all three at once, as strong as the weakest.

    Innocent explanations:
        News moves price and volume too, but over minutes and with few rush orders. In a volatile market 8 % is an
        ordinary hour, so the rise needed grows with volatility. One fat-finger order rises and
        rushes without a surge. A thin market jumps on a single trade. Without taker sides these cannot be told
        apart as well: higher thresholds and less confidence.

    Source:
        Three-term rule of data/pumps. On the 84 pumps that chose nothing here: .83 caught at .038 false alerts a
        coin-day, without the volatility multiple .82 at .058; median delay 5 s. La Morgia et al., "Pump and Dumps in
        the Bitcoin Era" (ICCCN 2020); the mission's 0.15 and 3.0.
    """

    typology: ClassVar[str] = "pump_and_dump"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "fast"

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by the weakest of rise, buy surge and rush orders; without taker sides, of rise and volume."""
        has_sides = ~np.isnan(rows["rush_orders"])
        score = np.where(has_sides, self._three_terms(rows), self._rise_and_volume(rows))
        confidence = weight_of_evidence(rows["trade_count"], EVIDENCE_TRADES)
        return sparse_findings(self, score, confidence * np.where(has_sides, 1.0, WITHOUT_AGGRESSOR), floor=SUSPICION)

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by the mission's own two thresholds, price and volume."""
        rise = exceedance(np.maximum(rows["price_change"], 0.0), self.params.rise_without_aggressor)
        score = np.minimum(rise, exceedance(rows["volume_ratio"], self.params.volume_multiplier))
        return sparse_findings(self, score, np.full(len(rows), SUMMARY))

    def _three_terms(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        rise = exceedance(np.maximum(rows["rise"], 0.0), self._needed_rise(rows))
        surge = exceedance(rows["buy_surge"], p.buy_surge_threshold)
        return np.minimum(np.minimum(rise, surge), exceedance(rows["rush_orders"], p.rush_order_threshold))

    def _needed_rise(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        usual = p.volatility_multiple * known_or(rows["price_volatility"], 0.0)
        return np.maximum(np.minimum(usual, p.rise_ceiling), p.rise_threshold)

    def _rise_and_volume(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        rise = exceedance(np.maximum(rows["rise"], 0.0), p.rise_without_aggressor)
        volume = exceedance(rows["volume_ratio"], p.volume_without_aggressor)
        return np.minimum(np.minimum(rise, volume), exceedance(rows["robust_volume_ratio"], p.volume_multiplier))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return rise, buying and rush orders; without taker sides rise and volume."""
        p = self.params
        rise = "The price stood {value:+.1%} from the last hour's mean close (limit {threshold:.1%})."
        if np.isnan(rows["rush_orders"][row]):
            name = "price_change" if np.isnan(rows["rise"][row]) else "rise"
            volume = "Volume was {value:.1f} times the preceding mean (limit {threshold:g})."
            limit = p.volume_without_aggressor if name == "rise" else p.volume_multiplier
            return measured(rows, row, (name, p.rise_without_aggressor, rise), ("volume_ratio", limit, volume))
        return measured(
            rows,
            row,
            ("rise", float(self._needed_rise(rows)[row]), rise),
            (
                "buy_surge",
                p.buy_surge_threshold,
                "Takers bought {value:.0f} times the day's mean (limit {threshold:g}).",
            ),
            (
                "rush_orders",
                p.rush_order_threshold,
                "{value:.0f} market orders swept several levels in a millisecond (limit {threshold:g}).",
            ),
            ("signed_imbalance", None, "Takers' buying less selling was {value:+.0%} of the bucket's taken volume."),
            ("robust_volume_ratio", None, "Volume was {value:.1f} times the preceding median."),
        )
