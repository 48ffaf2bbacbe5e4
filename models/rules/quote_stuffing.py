"""Bursts of orders and cancels far above the account's and the market's habit."""

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
    """Parameters of `quote_stuffing`."""

    burst_messages: float = parameter(
        200.0, "messages of one account within 5 s", "measured: fleeting quoters send up to 200", gt=0
    )
    burst_of_minute: float = parameter(
        0.25, "share of the account's minute that those 5 s hold", "ours: a steady quoter's hold a twelfth", gt=0, lt=1
    )
    market_multiple: float = parameter(
        6.0, "one account's minute over the market's usual minute, times; enough in place of a burst", "ours", gt=1
    )
    minimum_messages: float = parameter(
        200.0, "messages of one account within 60 s", "detectors.md: rolling 60 s; ours", gt=0
    )
    own_multiple: float = parameter(3.0, "the minute over the account's own usual minute, times", "ours", gt=1)
    burst_share: float = parameter(
        0.5, "share of the market's messages of those 5 s", "ours: in a rush everybody sends more", gt=0, lt=1
    )
    minimum_cancelled: float = parameter(
        0.7, "cancels over new orders of the burst", "ours: stuffers leave nothing standing", gt=0, lt=1
    )
    maximum_filled: float = parameter(
        0.1, "fills over new orders of the burst", "ours: makers in a rush fill 5-20 %", gt=0, lt=1
    )


@dataclass(frozen=True)
class QuoteStuffing:
    """One account floods the market with orders that it takes away at once.

    Pattern:
        Within seconds far more messages than the account or the whole market usually sends, most of the market's
        messages at that time, orders cancelled and hardly any filled.

    Innocent explanations:
        A market maker sends thousands of messages too, but as many in every minute; in a rush of news everybody sends
        more at once, so nobody's share is large, and quotes fill. A fast quoter sends a few a second, all day.

    Source:
        MAR Annex II, Section 1, 4(e) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "quote_stuffing"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "quote_stuffing"
    mar: ClassVar[str] = "4(e)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each burst by its weakest term; speed counts by itself or against the market's pace."""
        p = self.params
        messages = episodes["messages"]
        speed = exceedance(episodes["burst_messages"], p.burst_messages)
        flood = exceedance(messages / np.maximum(episodes["market_usual"], 1.0), p.market_multiple)
        terms = (
            np.fmax(speed, flood),
            exceedance(messages, p.minimum_messages),
            exceedance(messages / np.maximum(episodes["own_usual"], 1.0), p.own_multiple),
            share_exceedance(episodes["burst_share"], p.burst_share),
            exceedance(episodes["burst_messages"] / np.maximum(messages, 1.0), p.burst_of_minute),
            share_exceedance(np.minimum(episodes["cancelled_share"], 1.0), p.minimum_cancelled),
            shortfall(episodes["filled_share"], p.maximum_filled),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the burst."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        figures = (
            Evidence("messages", value["messages"], "messages", p.minimum_messages,
                     f"{value['messages']:.0f} order messages within a minute; "
                     f"its own usual minute has {value['own_usual']:.0f}."),
            Evidence("burst_messages", value["burst_messages"], "messages", p.burst_messages,
                     f"{value['burst_messages']:.0f} of them within 5 s (limit {p.burst_messages:g})."),
            Evidence("burst_share", value["burst_share"], "ratio", p.burst_share,
                     f"That was {value['burst_share']:.0%} of all the market's messages."),
            Evidence("market_usual", value["market_usual"], "messages", None,
                     f"A usual minute of the whole market has {value['market_usual']:.0f}."),
            Evidence("filled_share", value["filled_share"], "ratio", p.maximum_filled,
                     f"Fills were {value['filled_share']:.1%} of the new orders."),
        )  # fmt: skip
        return tuple(figure for figure in figures if not np.isnan(figure.value))
