"""One venue is moved so that a position on another one is got rid of."""

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
    findings_of,
    parameter,
    share_exceedance,
    shortfall,
    told,
    unless_at_a_loss,
)


class Params(RuleParams):
    """Parameters of `inter_venue_manipulation`."""

    minimum_move_bps: float = parameter(5.0, "move of the burst, basis points", "ours: beyond a usual spread", gt=0)
    minimum_sigmas: float = parameter(
        2.7, "the same, usual moves of a time as long", "measured: planted from 2.8, bursts in the mean 2", gt=0
    )
    taken_share: float = parameter(0.75, "part of what was taken on the side meanwhile", "ours", gt=0, lt=1)
    position_trades: float = parameter(
        2.0, "position elsewhere, mean trades of the others", "measured: planted from 1.8, most above 5", gt=0
    )
    exit_share: float = parameter(0.9, "part of the position elsewhere that went", "measured: all of it", gt=0, lt=1)
    exit_s: float = parameter(
        30.0, "seconds from the burst until it went", "measured: of thin markets up to half a minute", gt=0
    )
    together: float = parameter(
        7.0,
        "by how many times burst, position and haste pass their limits, the product",
        "measured: one alone passes on honest markets, too",
        ge=1,
    )
    opposed_share: float = parameter(
        0.3, "sold here before while it was built there, part of it", "ours: that is arbitrage", gt=0
    )
    minimum_gain_bps: float = parameter(-20.0, "price out over price in elsewhere", "ours: at most both fees are lost")


@dataclass(frozen=True)
class InterVenueManipulation:
    """A position is built on one venue, another venue is moved, and the position goes at once.

    Pattern:
        Within two and a half minutes an account builds a position on one venue; on another it takes most of what is
        taken on that side and carries the price far beyond a usual move; within seconds it trades the position away
        where it was built. The alert names the venue that was moved.

    Innocent explanations:
        An arbitrageur trades the venues against each other: while it buys there it sells here (opposed). A hedger
        goes the other way on the other venue, too. News moves all venues and nobody needs a position first. Who
        trades in both directions all day turns round after minutes, not at once and wholly (exit), and hardly ever
        after a burst and with a position that are large as well (together).

    Source:
        MAR Annex II, Section 1, 2(c) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "inter_venue_manipulation"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "cross"
    reads: ClassVar[str] = "cross_push"
    mar: ClassVar[str] = "2(c)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts", "venues")
    yields_to: ClassVar[tuple[str, ...]] = ("cross_market_wash",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each burst by its weakest term."""
        p = self.params
        sigmas, position = np.maximum(episodes["sigmas"], 0.0), np.maximum(episodes["usual_trades"], 0.0)
        haste = p.exit_s / np.maximum(episodes["exit_s"], 1.0)
        score: NDArray[np.float64] = np.minimum.reduce(
            (
                exceedance(np.maximum(episodes["move_bps"], 0.0), p.minimum_move_bps),
                exceedance(sigmas, p.minimum_sigmas),
                share_exceedance(episodes["taken_share"], p.taken_share),
                exceedance(position, p.position_trades),
                exceedance(sigmas / p.minimum_sigmas * (position / p.position_trades) * haste, p.together),
                share_exceedance(episodes["exit_share"], p.exit_share),
                shortfall(episodes["exit_s"], p.exit_s),
                shortfall(episodes["opposed"], p.opposed_share),
            )
        )
        held = unless_at_a_loss(score, episodes["gain_bps"], p.minimum_gain_bps)
        return findings_of(self, episodes, held, np.ones(len(episodes)))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the burst and of the position elsewhere."""
        p = self.params
        return told(
            episodes, episode,
            ("move_bps", "basis points", p.minimum_move_bps, "Its takes carried the price here {value:.1f} bps."),
            ("sigmas", "times", p.minimum_sigmas, "That is {value:.1f} usual moves of the time (limit {threshold:g})."),
            ("taken_share", "ratio", p.taken_share, "It took {value:.0%} of what was taken on the side meanwhile."),
            ("built", "base units", None, "Before, it had built a position of {value:g} on other venues."),
            ("usual_trades", "trades", p.position_trades, "That is {value:.1f} mean trades (limit {threshold:g})."),
            ("exit_share", "ratio", p.exit_share, "{value:.0%} of that went there (limit {threshold:.0%})."),
            ("exit_s", "s", p.exit_s, "It was gone {value:.1f} s after the burst began (limit {threshold:g} s)."),
            ("opposed", "ratio", p.opposed_share, "Before, {value:.0%} of it had been traded the other way here."),
            ("gain_bps", "basis points", p.minimum_gain_bps, "It went {value:+.1f} bps from what it had cost."),
            ("lift_bps", "basis points", None, "That is {value:+.1f} bps from the price there before the burst."),
        )  # fmt: skip
