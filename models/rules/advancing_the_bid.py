"""Bids that better the best one again and again, the earlier ones taken back, so that the price follows."""

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
    """Parameters of `advancing_the_bid`."""

    minimum_orders: float = parameter(
        8.0, "orders of one climb at or before the own touch, of all who climb together", "ours", gt=2
    )
    minimum_ups: float = parameter(1.5, "of them, those at a better price than the one before", "ours", gt=0)
    overlap_share: float = parameter(
        0.4, "share placed while an earlier one still stood", "measured: algorithms that follow the touch 0", gt=0, lt=1
    )
    taken_back_share: float = parameter(0.6, "share of the ended ones that were taken back", "ours", gt=0, lt=1)
    maximum_filled: float = parameter(
        0.3, "filled share of the lots", "measured: algorithms that follow the touch .9", gt=0, lt=1
    )
    one_sided_share: float = parameter(
        0.85, "share of the account's orders on this side", "ours: makers have half", gt=0, lt=1
    )
    leading_share: float = parameter(
        0.75, "share of the account's orders on this side at or before the touch", "ours: honest ones stand behind too",
        gt=0, lt=1,
    )  # fmt: skip
    maximum_fall: float = parameter(
        2.0, "usual moves of a minute by which the touch went the other way", "ours: the price must follow", gt=0
    )
    minimum_size: float = parameter(0.5, "mean size, usual orders of the market", "ours: others must follow it", gt=0)


@dataclass(frozen=True)
class AdvancingTheBid:
    """A staircase of best bids (or offers) at which nobody means to buy (or sell).

    Pattern:
        Within minutes one account, or a few who work together, send order after order at or before the best price on
        one side, each while the last still stands, at rising prices; the earlier ones are cancelled, few fill.

    Innocent explanations:
        Makers follow the price on both sides. An algorithm that works an order also joins the touch again and again,
        but cancels first, and most of it fills. A fleeting quoter shows one order at a time. People who place several
        orders spread them behind the touch.

    Source:
        MAR Annex II, Section 1, 1(b) and 6(d) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "advancing_the_bid"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "advancing_the_bid"
    mar: ClassVar[str] = "1(b), 6(d)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each climb by its weakest term."""
        p = self.params
        terms = (
            exceedance(episodes["orders"], p.minimum_orders),
            exceedance(episodes["ups"], p.minimum_ups),
            share_exceedance(episodes["overlap_share"], p.overlap_share),
            share_exceedance(np.minimum(episodes["taken_back_share"], 1.0), p.taken_back_share),
            shortfall(episodes["filled_share"], p.maximum_filled),
            share_exceedance(episodes["one_sided_share"], p.one_sided_share),
            share_exceedance(episodes["leading_share"], p.leading_share),
            shortfall(np.fmax(-episodes["touch_sigma"], 0.0), p.maximum_fall),
            exceedance(episodes["size"], p.minimum_size),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the climb."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        figures = (
            Evidence("orders", value["orders"], "orders", p.minimum_orders,
                     f"{value['orders']:.0f} orders at or before the touch in {value['span_s']:.0f} s, "
                     f"{value['ups']:.0f} of them at a better price than the one before."),
            Evidence("overlap_share", value["overlap_share"], "ratio", p.overlap_share,
                     f"{value['overlap_share']:.0%} came while an earlier one still stood."),
            Evidence("taken_back_share", value["taken_back_share"], "ratio", p.taken_back_share,
                     f"{value['taken_back_share']:.0%} of those that ended were taken back."),
            Evidence("filled_share", value["filled_share"], "ratio", p.maximum_filled,
                     f"{value['filled_share']:.0%} of their quantity filled (limit {p.maximum_filled:.0%})."),
            Evidence("advance_sigma", value["advance_sigma"], "sigma", None,
                     f"Their price advanced by {value['advance_sigma']:.1f} usual moves of a minute."),
            Evidence("touch_sigma", value["touch_sigma"], "sigma", None,
                     f"The touch went by {value['touch_sigma']:.1f}."),
            Evidence("accounts", value["accounts"], "accounts", None,
                     f"{value['accounts']:.0f} owner(s) climbed together."),
        )  # fmt: skip
        return tuple(figure for figure in figures if not np.isnan(figure.value))
