"""Own aggressive orders set off a move, and those who follow it are sold to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    CLEARLY,
    RuleParams,
    exceedance,
    findings_of,
    known_or,
    parameter,
    share_exceedance,
    shortfall,
    told,
    unless_at_a_loss,
)

KNOWN, UNKNOWN = 0.98, 0.9
"""Confidence with and without the market's usual spread and moves."""


class Params(RuleParams):
    """Parameters of `momentum_ignition`."""

    minimum_takes: int = parameter(2, "takes of the burst", "ours: one is an order too large", ge=1)
    burst_s: float = parameter(30.0, "seconds from the first to the last take", "detectors.md: a 30 s window", gt=0)
    usual_moves: float = parameter(
        1.0, "move, times the mean of 20 windows of 30 s before it", "detectors.md: 20 historical windows", gt=0
    )
    sigmas: float = parameter(
        6.0, "move, times the usual one of a time as long", "measured: honest bursts 1-4, ignitions from 8", gt=0
    )
    half_spreads: float = parameter(2.0, "move, half spreads", "ours: less is the cost of taking", gt=0)
    own_share: float = parameter(0.75, "share of the move that own takes made", "ours", gt=0, lt=1)
    taken_share: float = parameter(0.35, "share of all lots taken on the side meanwhile", "ours: a third", gt=0, lt=1)
    habit_share: float = parameter(
        0.1, "share of the burst in what the account trades on the side of late", "ours: no habit", gt=0, lt=1
    )
    usual_orders: float = parameter(4.0, "lots of the burst, usual orders of the market", "ours", gt=0)
    exit_s: float = parameter(
        30.0, "seconds from the last take to the way out", "detectors.md: about half a minute", gt=0
    )
    exit_share: float = parameter(
        0.3,
        "share of the burst sold again before the move was gone",
        "ours; the rest goes at what it fetches",
        gt=0,
        lt=1,
    )
    exit_orders: float = parameter(12.0, "the same in usual orders, enough where a wall was taken", "ours", gt=0)
    minimum_gain: float = parameter(0.0, "mean price out beyond the mean price in, share of the move", "MAR: to profit")


@dataclass(frozen=True)
class MomentumIgnition:
    """A burst of own takes, a move out of proportion, and the way out against those who follow.

    Pattern:
        Within seconds one account takes most of what is taken on a side and carries the price several half spreads,
        far more than the market moves in so short a time; within half a minute it trades back a good part of it
        before the move is gone, at better prices than it paid.

    Innocent explanations:
        Who is first at news takes as fast, and keeps it for minutes: no way out. A stop-loss cascade is many accounts
        (own share). A large order that was a mistake comes back at a loss (gain). One who is most of the market
        bursts all day (habit). Front runners and makers trade back less than a usual order.

    Source:
        MAR Annex II, Section 1, 4(f) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "momentum_ignition"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "ignition"
    mar: ClassVar[str] = "4(f)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("ramping",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each burst by its weakest term; what is usual is no term where it is unknown, but lowers confidence."""
        p = self.params
        unknown = np.isnan(episodes["half_spreads"]) | np.isnan(episodes["sigmas"]) | np.isnan(episodes["usual_moves"])
        terms = (
            known_or(exceedance(episodes["half_spreads"], p.half_spreads), 1.0),
            known_or(exceedance(episodes["sigmas"], p.sigmas), 1.0),
            known_or(exceedance(episodes["usual_moves"], p.usual_moves), 1.0),
            exceedance(episodes["usual_orders"], p.usual_orders),
            share_exceedance(episodes["own_share"], p.own_share),
            share_exceedance(episodes["taken_share"], p.taken_share),
            share_exceedance(episodes["habit_share"], p.habit_share),
            exceedance(episodes["takes"], CLEARLY * p.minimum_takes),
            shortfall(episodes["burst_s"], p.burst_s),
            shortfall(episodes["exit_s"], p.exit_s),
            self._way_out(episodes),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.where(unknown, UNKNOWN, KNOWN))

    def _way_out(self, episodes: Episodes) -> NDArray[np.float64]:
        p = self.params
        share = share_exceedance(episodes["exit_share"], p.exit_share)
        orders = exceedance(episodes["exit_share"] * episodes["usual_orders"], p.exit_orders)
        score: NDArray[np.float64] = np.maximum(share, orders)
        return unless_at_a_loss(score, episodes["gain"], p.minimum_gain)

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the burst and of the way out."""
        p = self.params
        return told(
            episodes, episode,
            ("move", "log return", None, "Its takes carried the price {value:.3%}."),
            ("half_spreads", "half spreads", p.half_spreads, "That is {value:.1f} half spreads (limit {threshold:g})."),
            ("sigmas", "times", p.sigmas, "The market usually moves 1/{value:.1f} of that in the time."),
            ("usual_moves", "times", p.usual_moves, "It is {value:.1f} times the mean move of half a minute before."),
            ("own_share", "ratio", p.own_share, "{value:.0%} of the move were advances of its own takes."),
            ("taken_share", "ratio", p.taken_share, "It took {value:.0%} of what was taken on the side meanwhile."),
            ("burst_s", "s", p.burst_s, "It took for {value:.1f} s."),
            ("exit_share", "ratio", p.exit_share, "{value:.0%} of that were traded back before the move was gone."),
            ("exit_s", "s", p.exit_s, "That was done {value:.1f} s after the last take."),
            ("gain", "ratio", p.minimum_gain, "The way out was {value:.0%} of the move beyond the mean price in."),
        )  # fmt: skip
