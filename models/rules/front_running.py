"""A small order just ahead of a large one of the same two accounts, again and again."""

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
    known_or,
    parameter,
    share_exceedance,
    shortfall,
    told,
)

KNOWN = 0.98
_NEARLY = 0.5


class Params(RuleParams):
    """Parameters of `front_running`."""

    ahead_s: float = parameter(2.0, "seconds from the small take to the large one, mean", "detectors.md", gt=0)
    maximum_ratio: float = parameter(0.2, "small over large, mean", "detectors.md", gt=0, lt=1)
    minimum_leads: int = parameter(3, "leads that were closed again", "ours: twice may be chance", ge=2)
    chance_multiple: float = parameter(
        4.0, "leads over those to expect by chance", "measured: honest pairs about 1, runners from 8", gt=1
    )
    closed_share: float = parameter(0.6, "share of the leads that were closed again", "ours", gt=0, lt=1)
    leader_share: float = parameter(
        0.2, "share of the leader's takes that were leads", "ours: the others close, or are for show", gt=0, lt=1
    )
    client_share: float = parameter(0.33, "share of the client's large takes that were led", "ours", gt=0, lt=1)
    usual_orders: float = parameter(5.0, "the large take, usual orders of the market, mean", "ours", gt=0)
    impact: float = parameter(1.0, "half spreads that the large take moved the price, mean", "ours", gt=0)


@dataclass(frozen=True)
class FrontRunning:
    """Who knows of a large order trades just ahead of it, and closes into its impact.

    Pattern:
        Within two seconds before large takes of one account, on their side, another one takes a fifth of them or
        less, and closes that within minutes; with the same two accounts far more often than their activity explains.
        The alert names the leader.

    Innocent explanations:
        Once proves nothing. Busy accounts are near every large order: what counts is leads over those to expect by
        chance, and how many of the leader's own takes they are. An algorithm that splits an order does not trade back
        its small first part. Accounts of one owner are one entity, so an owner who leads itself shows as one: the
        knowledge is then no secret, but the small order first and its gain are the same.

    Source:
        MAR Article 7(1)(d): knowledge of a client's pending orders.
    """

    typology: ClassVar[str] = "front_running"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "lead"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each pair's leads so far by their weakest term."""
        p = self.params
        leads = episodes["leads"]
        with np.errstate(divide="ignore", invalid="ignore"):
            times, closed = leads / episodes["expected"], episodes["closed"] / leads
            mine, theirs = leads / episodes["leader_takes"], leads / episodes["client_takes"]
        terms = (
            exceedance(times, p.chance_multiple),
            # At the least number it is clear; one less is not.
            exceedance(episodes["closed"], p.minimum_leads - _NEARLY),
            share_exceedance(closed, p.closed_share),
            share_exceedance(mine, p.leader_share),
            share_exceedance(theirs, p.client_share),
            shortfall(episodes["ratio"], p.maximum_ratio),
            shortfall(episodes["ahead_s"], p.ahead_s),
            exceedance(episodes["usual_orders"], p.usual_orders),
            known_or(exceedance(episodes["impact"], p.impact), 1.0),
        )
        confidence = np.where(np.isnan(episodes["impact"]), 0.95 * KNOWN, KNOWN)
        return findings_of(self, episodes, np.minimum.reduce(terms), confidence)

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the pair."""
        p = self.params
        return told(
            episodes, episode,
            ("leads", "takes", None, "It took just ahead of the same account's large orders {value:.0f} time(s)."),
            ("expected", "takes", None, "By chance that would have been {value:.2f} time(s)."),
            ("closed", "takes", p.minimum_leads, "{value:.0f} time(s) it closed what it had taken."),
            ("ahead_s", "s", p.ahead_s, "It was {value:.3f} s ahead, on average (limit {threshold:g})."),
            ("ratio", "ratio", p.maximum_ratio, "It took {value:.0%} of what the large order then took."),
            ("usual_orders", "times", p.usual_orders, "The large orders were {value:.1f} usual ones."),
            ("impact", "half spreads", p.impact, "They moved the price {value:.1f} half spreads."),
            ("leader_takes", "takes", None, "It took {value:.0f} time(s) in all meanwhile."),
            ("client_takes", "takes", None, "The other took {value:.0f} large order(s) meanwhile."),
        )  # fmt: skip
