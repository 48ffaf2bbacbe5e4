"""Arrivals too regular, of one account or of the whole market, or too unlike this market's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    RuleParams,
    exceedance,
    findings_of_both,
    known_or,
    measured,
    parameter,
    share_exceedance,
    shortfall,
    told,
    weight_of_evidence,
)

CONFIDENCE = 0.97


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
    beat_share: float = parameter(
        0.5,
        "share of one taker's gaps that are of one length, within a tenth",
        "ours: chance makes a tenth",
        gt=0,
        lt=1,
    )
    minimum_digits: float = parameter(
        8.0, "digits of the chance of so regular a taker", "ours: thousands of takers are looked at all the time", gt=0
    )
    arrival_share: float = parameter(
        0.5, "share of the market's moments with a trade that are the taker's", "measured: hedgers of a clock .4", gt=0,
        lt=1,
    )  # fmt: skip
    maximum_one_sided: float = parameter(
        0.6,
        "part of the takes, net, that are on one side",
        "measured: clocks .1, slices of a parent order 1",
        gt=0,
        lt=1,
    )
    slice_s: float = parameter(
        5.0, "period in seconds below which one side is no excuse", "ours: nobody slices so finely", gt=0
    )


@dataclass(frozen=True)
class TimingAnomaly:
    """Trades arrive like a metronome, or in a rhythm this market never had.

    Pattern:
        One account takes at regular intervals, so often that it sets the rhythm of the market. Or times between all
        trades that hardly vary (burstiness towards -1), or a burstiness far from Poisson and far from the market's own
        habit.

    Innocent explanations:
        An execution algorithm slices evenly, but on one side, at most every few seconds, and is a small part of a busy
        market's trades, whose arrivals stay near Poisson. Markets are bursty by nature, so bursts count
        only against the market's own past. Few trades have any rhythm, and rounded times are regular by themselves.

    Source:
        detectors.md; burstiness after Goh and Barabasi, "Burstiness and memory in complex systems" (EPL 2008).
    """

    typology: ClassVar[str] = "timing_anomaly"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "clock"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades",)
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, episodes: Episodes) -> Findings:
        """Score each row by the stronger of regularity and deviation from habit, each clock by its weakest term."""
        of_rows = self._market(rows), weight_of_evidence(rows["trade_count"], 2.0 * self.params.minimum_trades)
        clocks = self._clocks(episodes) if len(episodes) else np.empty(0)
        return findings_of_both(self, of_rows, episodes, (clocks, np.full(len(episodes), CONFIDENCE)))

    def _market(self, rows: Rows) -> NDArray[np.float64]:
        p = self.params
        burstiness = rows["arrival_burstiness"]
        regular = share_exceedance(np.maximum(-burstiness, 0.0), p.regularity_threshold)
        unusual = np.minimum(
            exceedance(np.abs(rows["burstiness_deviation"]), p.deviation_multiple),
            share_exceedance(np.abs(burstiness), p.minimum_burstiness),
        )
        strongest = np.maximum(known_or(regular, 0.0), known_or(unusual, 0.0))
        return np.where(rows["trade_count"] >= p.minimum_trades, strongest, 0.0)

    def _clocks(self, episodes: Episodes) -> NDArray[np.float64]:
        p = self.params
        terms = (
            share_exceedance(episodes["beat_share"], p.beat_share),
            exceedance(episodes["digits"], p.minimum_digits),
            share_exceedance(episodes["arrival_share"], p.arrival_share),
            np.maximum(
                shortfall(episodes["one_sided"], p.maximum_one_sided), shortfall(episodes["period_s"], p.slice_s)
            ),
        )
        score: NDArray[np.float64] = np.minimum.reduce(terms)
        return score

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the clock; of the market burstiness, its deviation from habit, and its trades."""
        p = self.params
        if episode >= 0:
            return told(
                episodes,
                episode,
                (
                    "beat_share",
                    "ratio",
                    p.beat_share,
                    "{value:.0%} of its gaps were of one length (limit {threshold:.0%}).",
                ),
                ("period_s", "seconds", p.slice_s, "It traded every {value:.3g} s."),
                ("digits", "digits", p.minimum_digits, "Chance does that once in 10 to the power of {value:.0f}."),
                ("arrival_share", "ratio", p.arrival_share, "It made {value:.0%} of the market's trades by time."),
                ("one_sided", "ratio", p.maximum_one_sided, "{value:.0%} of its takes, net, were on one side."),
            )
        burstiness = "Arrival burstiness was {value:+.2f} (-1 a metronome, 0 chance, 1 bursts; limit {threshold:g})."
        habit = "That is {value:+.1f} deviations from this market's own (limit {threshold:g} either way)."
        return measured(
            rows,
            row,
            ("arrival_burstiness", -p.regularity_threshold, burstiness),
            ("burstiness_deviation", p.deviation_multiple, habit),
            ("trade_count", p.minimum_trades, "The window holds {value:.0f} trades."),
        )
