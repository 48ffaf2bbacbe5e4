"""Large orders that are gone right after a small one on the other side has filled."""

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
    known_or,
    measured,
    parameter,
    share_exceedance,
    shortfall,
    sparse_findings,
)

DEPTH_KNOWN = 0.98
DEPTH_UNKNOWN = 0.9
SUMMARY = 0.85
"""Confidence with and without the market's order sizes, and of a bare cancellation rate."""
ONCE = 0.15
"""What is missing to certainty where an entity baited once; a coincidence happens once, a spoofer goes on."""


class Params(RuleParams):
    """Parameters of `spoofing`."""

    spoofing_threshold: float = parameter(
        0.9, "share of the bait that was cancelled, not filled", "the mission; cases fill about 2 %", gt=0, lt=1
    )
    bait_multiple: float = parameter(
        10.0, "bait over genuine order, times, by sum", "detectors.md: 10-50; Coscia 15 by sum", gt=1
    )
    maximum_bait_multiple: float = parameter(
        50.0, "the same, above which the other order was dust and no gain", "detectors.md: 10-50", gt=1
    )
    minimum_fill_ratio: float = parameter(
        0.5, "filled share of the genuine order", "detectors.md: genuine orders fill to about 89 %", gt=0, lt=1
    )
    maximum_pull_s: float = parameter(
        4.0,
        "seconds from the fill to the last cancel",
        "detectors.md: enforcement average 2.3 s; longer ones too",
        gt=0,
        le=8,
    )
    depth_multiple: float = parameter(
        5.0,
        "bait over the mean size of a resting order, times",
        "detectors.md: demand size against resting depth; the least of Sarao's 4-6 orders",
        gt=1,
    )
    minimum_cancel_share: float = parameter(
        0.5,
        "of all the entity cancelled, the part pulled right after a fill on the other side",
        "measured: spoofers .5-1, busy honest accounts .05-.4, on two generators",
        gt=0,
        lt=1,
    )
    minimum_orders: int = parameter(
        20, "order messages behind a bare cancellation rate (scoring API)", "ours: fewer give no rate", ge=1
    )


@dataclass(frozen=True)
class Spoofing:
    """A large order on one side, not meant to trade, gone right after a small one on the other side has filled.

    Pattern:
        Bait of ten and more times the genuine order and large for the market, at least 90 % of it cancelled, within
        seconds of the fill of the genuine order.

    Innocent explanations:
        Cancelling fast is the rule, not the exception (92.5 % of honest orders are deleted, half within 0.5 s): a
        cancel alone says nothing. A market maker pulls one side of a symmetric ladder, so its multiple is about 1.
        A quoter whose dust filled pulls an order of ordinary size (both multiples). A large order that mostly
        traded was meant to. A busy account cancels a large order after an opposite fill now and then by chance;
        most of its cancels have nothing to do with fills (cancel share).

    Source:
        The mission: cancellation rate >= 0.9. Cases of Coscia (FCA 2013), Oystacher and Sarao (CFTC 2015).
    """

    typology: ClassVar[str] = "spoofing"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "fast"

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each episode by its weakest term; unknown depth is no term, but lowers the confidence."""
        p = self.params
        multiple = bait_multiple(episodes)
        dust = multiple > p.maximum_bait_multiple
        size = exceedance(multiple, p.bait_multiple)
        size = np.where(dust, shortfall(multiple, p.maximum_bait_multiple), size)
        pulled = share_exceedance(cancelled_share(episodes), p.spoofing_threshold)
        filled = share_exceedance(episodes.fill_ratio, p.minimum_fill_ratio)
        prompt = shortfall(episodes.pull_s, p.maximum_pull_s)
        large = known_or(exceedance(episodes.depth_ratio, p.depth_multiple), 1.0)
        meant = share_exceedance(episodes.cancel_share, p.minimum_cancel_share)
        score = np.minimum(np.minimum(np.minimum(size, pulled), np.minimum(filled, prompt)), np.minimum(large, meant))
        order = np.argsort(episodes.row, kind="stable")
        confidence = np.where(np.isnan(episodes.depth_ratio), DEPTH_UNKNOWN, DEPTH_KNOWN)
        confidence = confidence * (1.0 - ONCE / (1.0 + 2.0 * episodes.repeats))
        return sparse_findings(
            self,
            score[order],
            confidence[order],
            row=episodes.row[order],
            entity=episodes.entity[order],
            episode=order,
        )

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by its bare cancellation rate: all that the mission's shape of a window tells."""
        p = self.params
        messages = rows["order_to_trade_ratio"] * rows["trade_count"]
        score = share_exceedance(rows["cancellation_rate"], p.spoofing_threshold)
        score = np.where(messages < p.minimum_orders, 0.0, score)
        return sparse_findings(self, score, np.full(len(rows), SUMMARY))

    def evidence(self, rows: Rows, row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the episode, or the cancellation rate where there is none."""
        p = self.params
        if episode < 0:
            rate = "{value:.0%} of the orders were cancelled (limit {threshold:.0%}); most honest ones are too."
            return measured(rows, row, ("cancellation_rate", p.spoofing_threshold, rate))
        multiple = float(bait_multiple(episodes)[episode])
        share = float(cancelled_share(episodes)[episode])
        pull_s, filled = float(episodes.pull_s[episode]), float(episodes.fill_ratio[episode])
        depth = float(episodes.depth_ratio[episode])
        orders = int(episodes.bait_orders[episode])
        bait = f"{orders} pulled order(s) were {multiple:.1f} times the order on the other side"
        again, habit = int(episodes.repeats[episode]), float(episodes.cancel_share[episode])
        figures = (
            Evidence("bait_to_genuine", multiple, "times", p.bait_multiple, f"{bait} (limit {p.bait_multiple:g})."),
            Evidence("bait_cancelled_share", share, "ratio", p.spoofing_threshold, f"{share:.0%} of it was cancelled."),
            Evidence("pull_s", pull_s, "s", p.maximum_pull_s, f"It was gone {pull_s:.3f} s after the fill."),
            Evidence("fill_ratio", filled, "ratio", p.minimum_fill_ratio, f"{filled:.0%} of that order had filled."),
            Evidence(
                "depth_ratio", depth, "times", p.depth_multiple, f"It was {depth:.1f} usual orders of the market."
            ),
            Evidence("repeats", again, "times", None, f"It had done so {again} time(s) before."),
            Evidence(
                "cancel_share",
                habit,
                "ratio",
                p.minimum_cancel_share,
                f"Of all it cancelled, {habit:.0%} went right after a fill on the other side.",
            ),
        )
        return tuple(figure for figure in figures if not np.isnan(figure.value))


def bait_multiple(episodes: Episodes) -> NDArray[np.float64]:
    """Return pulled bait over the genuine order, times; NaN where there was no genuine order."""
    genuine = np.where(episodes.genuine_lots > 0, episodes.genuine_lots, np.nan)
    return episodes.bait_lots / genuine


def cancelled_share(episodes: Episodes) -> NDArray[np.float64]:
    """Return which share of the bait was cancelled, not filled, in [0, 1]; NaN where there was none."""
    placed = episodes.bait_lots + episodes.bait_filled_lots
    return episodes.bait_lots / np.where(placed > 0, placed, np.nan)
