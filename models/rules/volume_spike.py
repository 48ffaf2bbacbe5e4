"""Volume far above what this market just traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    AT_THRESHOLD,
    RuleParams,
    exceedance,
    known_or,
    measured,
    parameter,
    sparse_findings,
    weight_of_evidence,
)


class Params(RuleParams):
    """Parameters of `volume_spike`."""

    volume_spike_multiplier: float = parameter(
        3.0, "times the mean, and times the median, of the preceding buckets' volume", "the mission", gt=1
    )
    deviation_multiple: float = parameter(
        4.0,
        "standard deviations of the window's bucket volumes that the spike must exceed",
        "measured with minimum_trades: 9 minutes a coin-day on quiet tapes of data/pumps, the bare multiple 83",
        gt=0,
    )
    lasting_ratio: float = parameter(
        1.5,
        "times the mean before that the bucket ahead of it must have traded, too; 0 asks for nothing",
        "measured with count_deviations on clean simulated tapes: 0.2 alerts a symbol-hour, without either 0.9",
        ge=0,
    )
    count_deviations: float = parameter(
        3.0, "deviations of the number of orders that took, from the preceding buckets'", "measured, as above", ge=0
    )
    minimum_trades: int = parameter(60, "trades in the window", "one a minute; below, one order is a spike", ge=1)


@dataclass(frozen=True)
class VolumeSpike:
    """One bucket trades several times what the preceding ones did.

    Pattern:
        Volume at least three times the mean *and* the median of the preceding buckets, so that empty buckets do not
        decide, beyond the window's own spread, on more orders than its clusters explain, and not for one bucket only.

    Innocent explanations:
        A thin market, where any trade is a multiple of nothing (minimum of trades; the median leaves empty buckets
        out; counts spread by chance). A market whose volume always comes in lumps (deviation multiple). One large order
        that meets many, or a burst of seconds (orders, two buckets). Index rebalance and news are true
        spikes: an anomaly, no accusation.

    Source:
        The mission: volume >= 3.0 times the window's average.
    """

    typology: ClassVar[str] = "volume_spike"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades",)
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by the weakest of mean multiple, median multiple and deviation."""
        p = self.params
        with np.errstate(divide="ignore", invalid="ignore"):
            deviations = np.maximum(rows["volume_ratio"] - 1.0, 0.0) / rows["volume_volatility"]
        multiple = np.minimum(rows["volume_ratio"], rows["robust_volume_ratio"])
        # A spike widens the spread it is held against, so deviations can only speak against it.
        unusual = np.where(deviations < p.deviation_multiple, AT_THRESHOLD * deviations / p.deviation_multiple, 1.0)
        score = np.minimum(exceedance(multiple, p.volume_spike_multiplier), unusual)
        score = np.minimum(score, self._goes_on(rows))
        trades = rows["trade_count"]
        score = np.where(trades >= p.minimum_trades, score, 0.0)
        return sparse_findings(self, score, weight_of_evidence(trades, p.minimum_trades))

    def _goes_on(self, rows: Rows) -> NDArray[np.float64]:
        # Short of the limits it speaks against a spike, beyond them it adds nothing; where unknown, neither.
        p, score = self.params, np.ones(len(rows))
        for name, limit in (
            ("lasting_volume_ratio", p.lasting_ratio),
            ("count_deviation", p.count_deviations),
        ):
            value = np.maximum(known_or(rows[name], np.inf), 0.0)
            if limit > 0.0:
                score = np.minimum(score, np.where(value < limit, AT_THRESHOLD * value / limit, 1.0))
        return score

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by the multiples alone, the mission's own definition; a short history has no median."""
        multiple = np.minimum(rows["volume_ratio"], known_or(rows["robust_volume_ratio"], np.inf))
        score = exceedance(multiple, self.params.volume_spike_multiplier)
        return sparse_findings(self, score, np.ones(len(rows)))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return both multiples, the spread they are held against, and the number of trades."""
        limit = self.params.volume_spike_multiplier
        return measured(
            rows,
            row,
            ("volume_ratio", limit, "Volume was {value:.1f} times the preceding mean (limit {threshold:g})."),
            ("robust_volume_ratio", limit, "Volume was {value:.1f} times the preceding median (limit {threshold:g})."),
            ("volume_volatility", None, "Bucket volumes of the window spread by {value:.2f} of their mean."),
            (
                "lasting_volume_ratio",
                self.params.lasting_ratio,
                "So did the bucket before: both at least {value:.1f} times what was before (limit {threshold:g}).",
            ),
            (
                "count_deviation",
                self.params.count_deviations,
                "Trades came at {value:.1f} deviations more moments than usual (limit {threshold:g}).",
            ),
            ("trade_count", self.params.minimum_trades, "The window holds {value:.0f} trades."),
        )
