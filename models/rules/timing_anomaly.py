"""Arrivals too regular, or too unlike this market's own."""

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
    known_or,
    measured,
    parameter,
    share_exceedance,
    sparse_findings,
    weight_of_evidence,
)


class Params(RuleParams):
    """Parameters of `timing_anomaly`."""

    regularity_threshold: float = parameter(
        0.6,
        "how far arrival burstiness is below 0, towards the metronome's -1",
        "measured: 0.05 a coin-day on quiet tapes of data/pumps; 30 Poisson arrivals never pass 0.35",
        gt=0,
        lt=1,
    )
    deviation_multiple: float = parameter(
        5.0, "deviations of burstiness from the market's own", "measured: 0.06 a coin-day, as above; at 4, 0.2", gt=0
    )
    minimum_burstiness: float = parameter(
        0.3, "distance of burstiness from Poisson's 0 for which deviations count", "ours", gt=0, lt=1
    )
    minimum_trades: int = parameter(30, "trades in the window", "ours: one in two minutes", ge=1)


@dataclass(frozen=True)
class TimingAnomaly:
    """Trades arrive like a metronome, or in a rhythm this market never had.

    Pattern:
        Times between trades that hardly vary (burstiness towards -1), as of a program that trades with itself; or a
        burstiness far from Poisson and far from the market's own habit.

    Innocent explanations:
        An execution algorithm slices evenly, but among other traders the market's arrivals stay near Poisson. Markets
        are bursty by nature, so bursts count only against the market's own past. Few trades have any rhythm.

    Source:
        detectors.md; burstiness after Goh and Barabasi, "Burstiness and memory in complex systems" (EPL 2008).
    """

    typology: ClassVar[str] = "timing_anomaly"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "market"

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by the stronger of regularity and deviation from habit."""
        p = self.params
        burstiness = rows["arrival_burstiness"]
        regular = share_exceedance(np.maximum(-burstiness, 0.0), p.regularity_threshold)
        unusual = np.minimum(
            exceedance(np.abs(rows["burstiness_deviation"]), p.deviation_multiple),
            share_exceedance(np.abs(burstiness), p.minimum_burstiness),
        )
        trades = rows["trade_count"]
        strongest = np.maximum(known_or(regular, 0.0), known_or(unusual, 0.0))
        score = np.where(trades >= p.minimum_trades, strongest, 0.0)
        return sparse_findings(self, score, weight_of_evidence(trades, 2.0 * p.minimum_trades))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return burstiness, its deviation from habit, and the number of trades."""
        p = self.params
        burstiness = "Arrival burstiness was {value:+.2f} (-1 a metronome, 0 chance, 1 bursts; limit {threshold:g})."
        habit = "That is {value:+.1f} deviations from this market's own (limit {threshold:g} either way)."
        return measured(
            rows,
            row,
            ("arrival_burstiness", -p.regularity_threshold, burstiness),
            ("burstiness_deviation", p.deviation_multiple, habit),
            ("trade_count", p.minimum_trades, "The window holds {value:.0f} trades."),
        )
