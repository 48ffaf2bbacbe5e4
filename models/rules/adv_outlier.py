"""A user whose day is a large part of what the whole symbol trades on an average day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, known_or, parameter, sparse_findings
from models.rules.one_sided import enough

CERTAIN = 0.95
SHORT = 0.1
"""Confidence with days behind it, and what it lacks at the beginning of a market's second day."""


class Params(RuleParams):
    """Parameters of `adv_outlier`."""

    historical_window: int = parameter(30, "days that the user's usual part is taken from", "detectors.md", ge=1)
    adv_window: int = parameter(7, "days that the average daily volume is taken from", "detectors.md", ge=1)
    minimum_usd: float = parameter(10_000.0, "least value traded in the analysis window, USD", "detectors.md", ge=0)
    volume_share: float = parameter(
        0.1,
        "user's value over the symbol's average daily volume",
        "ours: brokers' usual cap of participation; half of the 25 % of SEC rule 10b-18 is past it",
        gt=0,
    )
    usual_multiple: float = parameter(
        3.0, "user's part of the market over the user's usual part, times", "ours: market makers stay below 2", ge=1
    )
    minimum_trades: int = parameter(
        5, "least trades of the user in the analysis window", "as the nine parameters", ge=1
    )


@dataclass(frozen=True)
class AdvOutlier:
    """One user trades, within a day, a large part of what all users together trade on an average day.

    Pattern:
        At least 10 % of the symbol's average daily volume and 10,000 USD, at least three times the part of the market
        that the user has on a usual day. The volume is the average of seven days, or what the others trade today
        where that is more.

    Innocent explanations:
        Market makers, fast quoters and omnibus accounts trade such parts every day: it is their usual. On news
        everybody trades more, and a user's part stays what it was. A new market maker is an outlier once. An
        execution of a client's large order is one, too: behaviour, not manipulation, and for an analyst to see.

    Source:
        detectors.md: history 30 days, average over 7 days, 10,000 USD; the share and the multiple are ours.
    """

    typology: ClassVar[str] = "adv_outlier"
    category: ClassVar[Category] = "behaviour"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "daily"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each episode by its weakest term."""
        p, share = self.params, episodes["volume_share"]
        terms = (
            enough(share, p.volume_share),
            enough(episodes["usd"], p.minimum_usd),
            enough(episodes["usual_multiple"], p.usual_multiple),
            enough(episodes["trades"], p.minimum_trades),
        )
        order = np.argsort(episodes.row, kind="stable")
        known = np.minimum(np.maximum(known_or(episodes["known_days"], 0.0), 0.0), 1.0)
        return sparse_findings(
            self,
            np.minimum.reduce(terms)[order],
            (CERTAIN - SHORT * (1.0 - known))[order],
            row=episodes.row[order],
            entity=episodes.entity[order],
            episode=order,
        )

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the user's value, the market's, and the user's usual."""
        p, usd = self.params, float(episodes["usd"][episode])
        share, market = float(episodes["volume_share"][episode]), float(episodes["market_usd"][episode])
        usual = float(episodes["usual_multiple"][episode])
        part = f"That is {share:.0%} of the symbol's {market:,.0f} USD a day (limit {p.volume_share:.0%})."
        said = [
            Evidence("traded", usd, "USD", p.minimum_usd, f"Within a day the user traded for {usd:,.0f} USD."),
            Evidence("volume_share", share, "ratio", p.volume_share, part),
        ]
        if np.isfinite(usual):
            text = f"The user's part of the market was {usual:.1f} times the usual one (limit {p.usual_multiple:g})."
            said.append(Evidence("usual_multiple", usual, "times", p.usual_multiple, text))
        else:
            said.append(Evidence("usual_usd", 0.0, "USD", None, "The user had not traded the symbol before."))
        return tuple(said)
