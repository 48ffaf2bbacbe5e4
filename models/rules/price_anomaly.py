"""Prices that left their level, or jumped beyond the market's own habit."""

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
    findings_of_both,
    known_or,
    measured,
    parameter,
    sparse_findings,
    told,
    weight_of_evidence,
)

CONFIDENCE = 0.97


class Params(RuleParams):
    """Parameters of `price_anomaly`."""

    price_change_threshold: float = parameter(
        0.15, "move of the close from the mean of the preceding closes, up or down, as a ratio", "the mission", gt=0
    )
    deviation_multiple: float = parameter(
        8.0,
        "root mean squares of the preceding bucket returns that one return must exceed",
        "measured: 0.2 a coin-day with minimum_move on quiet tapes of data/pumps, 4.8 without it",
        gt=0,
    )
    minimum_move: float = parameter(
        0.03,
        "least bucket return, as a ratio, for which deviations count",
        "detectors.md, ramping: 0.03 is a carried price; less is tick noise in a market that stood still",
        gt=0,
    )
    minimum_trades: int = parameter(10, "trades in the window", "ours: one mistaken print is no price", ge=1)
    leap_multiple: float = parameter(
        12.0,
        "usual absolute changes of a minute that three moments in a row must stand beyond the level, with minimum_move",
        "measured: beside nothing planted only news of 3 % in simulated markets",
        gt=0,
    )


@dataclass(frozen=True)
class PriceAnomaly:
    """The price moves by 15 % within the window, or jumps beyond its own habit.

    Pattern:
        Close at least 15 % from the mean of the preceding closes; or one bucket's return beyond eight times the
        market's usual one and material in itself; or three moments in a row far beyond the level of the minutes before,
        measured by the market's robust minute, which an earlier anomaly does not widen.

    Innocent explanations:
        A quiet market whose usual return is nothing, so that one tick is many deviations (minimum move). A
        single stray print in a thin market (minimum of trades). A volatile market (deviations grow with its habit).
        News moves prices: an anomaly, no accusation.

    Source:
        The mission: price moves >= 0.15, or beyond k robust deviations of its own history.
    """

    typology: ClassVar[str] = "price_anomaly"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "leap"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades",)
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, episodes: Episodes) -> Findings:
        """Score each row by the stronger of move and jump, each leap by the weaker of move and deviations."""
        p = self.params
        move = exceedance(np.abs(rows["price_change"]), p.price_change_threshold)
        jump = np.minimum(
            exceedance(rows["return_deviation"], p.deviation_multiple),
            exceedance(np.abs(rows["bucket_return"]), p.minimum_move),
        )
        trades = rows["trade_count"]
        score = np.where(trades >= p.minimum_trades, np.maximum(known_or(move, 0.0), known_or(jump, 0.0)), 0.0)
        leap = np.empty(0)
        if len(episodes):
            leap = np.minimum(
                exceedance(episodes["move"], p.minimum_move), exceedance(episodes["deviations"], p.leap_multiple)
            )
        confidence = weight_of_evidence(trades, 2.0 * p.minimum_trades)
        return findings_of_both(self, (score, confidence), episodes, (leap, np.full(len(leap), CONFIDENCE)))

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by its move alone, the mission's own definition."""
        move = exceedance(np.abs(rows["price_change"]), self.params.price_change_threshold)
        return sparse_findings(self, move, np.ones(len(rows)))

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the leap; of a row the move, the bucket's return, its deviations, and the trades."""
        p = self.params
        if episode >= 0:
            return told(
                episodes,
                episode,
                ("move", "ratio", p.minimum_move, "Three moments in a row stood {value:.1%} or more from the level."),
                ("deviations", "times", p.leap_multiple, "That is {value:.0f} of this market's usual minutes."),
                ("minutes", "minutes", None, "The level is that of {value:.0f} minute(s) before."),
            )
        return measured(
            rows,
            row,
            (
                "price_change",
                p.price_change_threshold,
                "The close stood {value:+.1%} from the preceding closes (limit {threshold:.0%} either way).",
            ),
            ("bucket_return", p.minimum_move, "The price moved {value:+.1%} within the bucket."),
            (
                "return_deviation",
                p.deviation_multiple,
                "That is {value:.1f} times this market's usual move (limit {threshold:g}).",
            ),
            ("trade_count", p.minimum_trades, "The window holds {value:.0f} trades."),
        )
