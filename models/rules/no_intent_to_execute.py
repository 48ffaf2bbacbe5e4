"""Large orders so far away that the market can hardly reach them, taken back unfilled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, findings_of, parameter, share_exceedance, shortfall

CONFIDENCE = 0.96


class Params(RuleParams):
    """Parameters of `no_intent_to_execute`."""

    minimum_sigma: float = parameter(
        8.0,
        "mean distance from the mid price, usual moves of a minute",
        "k of detectors.md; two deviations of 10 min",
        gt=0,
    )
    minimum_standing: float = parameter(2.5, "such orders of one account that stand on one side at once", "ours", gt=0)
    minimum_orders: float = parameter(3.4, "such orders so far, with those of friends", "ours", gt=0)
    minimum_span_s: float = parameter(
        40.0, "seconds from the first to the latest", "ours: makers' ladders come at once", gt=0
    )
    minimum_size: float = parameter(8.0, "what stands together, usual orders of the market", "ours", gt=0)
    far_share: float = parameter(
        0.6, "share of such orders among all that the account places", "ours: makers stand far on both sides, .5", gt=0,
        lt=1,
    )  # fmt: skip
    nearest_share: float = parameter(
        0.6, "least over mean distance", "measured: people who spread their orders .1-.4; kept away .8", gt=0, lt=1
    )
    maximum_fills: float = parameter(1.0, "fills of such orders for each three of them", "ours", gt=0)


@dataclass(frozen=True)
class NoIntentToExecute:
    """Interest that nobody could trade with.

    Pattern:
        Several large orders of one account rest on one side, all of them many standard deviations from the price; they
        make the book look deep, are moved away when the market comes nearer, renewed, and cancelled unfilled.

    Innocent explanations:
        People who wait for a bargain place one order, or spread several from near to far. Makers whose market widens
        stand far from the mid price on both sides. A large order that is meant stands near the touch and follows it.

    Source:
        MAR Annex II, Section 1, 6(a) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "no_intent_to_execute"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "no_intent_to_execute"
    mar: ClassVar[str] = "6(a)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("spoofing", "layering", "quote_stuffing")

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score what stands by its weakest term."""
        p = self.params
        terms = (
            exceedance(episodes["distance_sigma"], p.minimum_sigma),
            exceedance(episodes["standing"], p.minimum_standing),
            exceedance(episodes["standing_size"], p.minimum_size),
            exceedance(episodes["orders"], p.minimum_orders),
            exceedance(episodes["span_s"], p.minimum_span_s),
            share_exceedance(episodes["far_share"], p.far_share),
            share_exceedance(episodes["nearest_sigma"] / np.maximum(episodes["distance_sigma"], 1.0), p.nearest_share),
            shortfall(3.0 * episodes["fills"] / np.maximum(episodes["orders"], 1.0), p.maximum_fills),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of what stands."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        figures = (
            Evidence("distance_sigma", value["distance_sigma"], "sigma", p.minimum_sigma,
                     f"They stand {value['distance_sigma']:.0f} usual moves of a minute from the mid price."),
            Evidence("standing", value["standing"], "orders", p.minimum_standing,
                     f"{value['standing']:.0f} large orders stand there at once, of {value['orders']:.0f} so far."),
            Evidence("standing_size", value["standing_size"], "times", p.minimum_size,
                     f"Together they are {value['standing_size']:.0f} usual orders large."),
            Evidence("depth_multiple", value["depth_multiple"], "times", None,
                     f"That is {value['depth_multiple']:.1f} times the five best levels of their side."),
            Evidence("taken_back", value["taken_back"], "orders", None,
                     f"{value['taken_back']:.0f} were taken back unfilled, {value['fills']:.0f} time(s) one filled; "
                     f"{value['fled']:.0f} time(s) one was moved away."),
            Evidence("far_share", value["far_share"], "ratio", p.far_share,
                     f"They are {value['far_share']:.0%} of all that the account placed."),
        )  # fmt: skip
        return tuple(figure for figure in figures if not np.isnan(figure.value))
