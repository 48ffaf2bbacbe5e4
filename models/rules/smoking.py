"""Generous orders that are made worse before those whom they drew arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, findings_of, parameter, share_exceedance, shortfall

CONFIDENCE = 0.97


class Params(RuleParams):
    """Parameters of `smoking`."""

    minimum_rounds: float = parameter(2.5, "orders that bettered the touch and were made worse", "ours", gt=1)
    minimum_caught: float = parameter(1.0, "fills of such orders on the worse terms", "ours: one is the point", gt=0)
    inside_share: float = parameter(
        0.5, "share of the account's orders inside the spread that were made worse", "measured: honest ones .3", gt=0,
        lt=1,
    )  # fmt: skip
    orders_share: float = parameter(
        0.3, "the same of all its orders", "measured: makers and fleeting quoters .1 at most", gt=0, lt=1
    )
    maximum_age_s: float = parameter(2.5, "seconds for which the generous terms stood, mean", "ours", gt=0)
    minimum_retreat: float = parameter(
        0.5, "how much of the betterment was taken back, mean", "ours: less leaves the terms generous", gt=0
    )
    minimum_size: float = parameter(0.5, "mean size, usual orders of the market", "ours: others must see it", gt=0)


@dataclass(frozen=True)
class Smoking:
    """Terms that are gone when those whom they drew arrive.

    Pattern:
        Again and again an order well inside the spread is re-priced to or near the old touch within a second or two,
        and others, who saw the better terms, trade with it there.

    Innocent explanations:
        Makers and fleeting quoters better the touch and change their minds within seconds as well, but these are a few
        in a hundred of their orders. Whoever re-prices towards the market becomes more generous, not less. A single
        change of mind is one.

    Source:
        MAR Annex II, Section 1, 6(j) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "smoking"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "smoking"
    mar: ClassVar[str] = "6(j)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("quote_stuffing",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each account's rounds so far by their weakest term."""
        p = self.params
        terms = (
            exceedance(episodes["rounds"], p.minimum_rounds),
            exceedance(episodes["caught"], 0.8 * p.minimum_caught),
            share_exceedance(episodes["inside_share"], p.inside_share),
            share_exceedance(episodes["orders_share"], p.orders_share),
            shortfall(episodes["age_s"], p.maximum_age_s),
            exceedance(episodes["retreat"], p.minimum_retreat),
            exceedance(episodes["size"], p.minimum_size),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the rounds."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        return (
            Evidence("rounds", value["rounds"], "orders", p.minimum_rounds,
                     f"{value['rounds']:.0f} orders bettered the touch and were made worse "
                     f"after {value['age_s']:.2f} s."),
            Evidence("caught", value["caught"], "fills", p.minimum_caught,
                     f"{value['caught']:.0f} time(s) somebody traded with one of them on the worse terms."),
            Evidence("orders_share", value["orders_share"], "ratio", p.orders_share,
                     f"These were {value['orders_share']:.0%} of all its orders (limit {p.orders_share:.0%})."),
            Evidence("retreat", value["retreat"], "ratio", p.minimum_retreat,
                     f"{value['retreat']:.0%} of the betterment was taken back."),
            Evidence("size", value["size"], "times", p.minimum_size,
                     f"They were {value['size']:.1f} usual orders large."),
        )  # fmt: skip
