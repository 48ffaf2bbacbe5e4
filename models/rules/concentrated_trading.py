"""One entity that does most of a market's trading."""

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
    known_or,
    measured,
    parameter,
    share_exceedance,
    sparse_findings,
    weight_of_evidence,
)

ROLE_UNKNOWN = 0.85
SUMMARY = 0.92
"""Factors on the confidence: not known whether the entity makes the market; shares without trades behind them."""


class Params(RuleParams):
    """Parameters of `concentrated_trading`."""

    concentration_threshold: float = parameter(
        0.6, "share of the window's volume with the entity on either side", "the mission", gt=0, lt=1
    )
    minimum_accounts: int = parameter(
        5, "entities that traded in the window", "ours: n equal ones are each in 2/n of the volume", ge=2
    )
    minimum_trades: int = parameter(30, "trades in the window", "ours: one in two minutes", ge=1)
    even_multiple: float = parameter(
        1.5, "times the share an entity would have if all traded alike", "ours: 0.6 of five entities", ge=1
    )
    maker_net_ratio: float = parameter(
        0.3, "net over gross volume up to which an entity is two-sided", "ours: half of it undone at once", gt=0, lt=1
    )
    maker_taker_ratio: float = parameter(
        0.2,
        "share of its volume taken, not given, up to which an entity is passive",
        "ours: mostly quoting",
        gt=0,
        lt=1,
    )


@dataclass(frozen=True)
class ConcentratedTrading:
    """One account or owner stands behind at least 60 % of the volume.

    Pattern:
        The entity is on one side or the other of 60 % of what was traded, in a market where others trade too, and
        well above an even share.

    Innocent explanations:
        A thin market with three active users: each is in two thirds of the volume (minimum of accounts, even
        share). The only market maker stands on the other side of everybody: both ways, and without taking. Where
        the role of the entity is unknown, confidence is lower for it. An omnibus account trades for many.

    Source:
        The mission: one account does >= 0.6 of the window's volume.
    """

    typology: ClassVar[str] = "concentrated_trading"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = "1(a)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by its largest share, where accounts, trades and role allow."""
        p = self.params
        net, taker = rows["top_account_net_ratio"], rows["top_account_taker_ratio"]
        is_maker = (net <= p.maker_net_ratio) & (taker <= p.maker_taker_ratio)
        # Who never takes may be left with a larger position than who does.
        is_maker |= (net <= 2.0 * p.maker_net_ratio) & (taker <= 0.1 * p.maker_taker_ratio)
        enough = (rows["account_count"] >= p.minimum_accounts) & (rows["trade_count"] >= p.minimum_trades)
        score = np.where(enough & ~is_maker, self._score(rows, sides=2.0), 0.0)
        role = np.where(np.isnan(net) | np.isnan(taker), ROLE_UNKNOWN, 1.0)
        confidence = role * weight_of_evidence(rows["trade_count"], 2.0 * p.minimum_trades)
        return sparse_findings(self, score, confidence, entity=rows.top_entity)

    def judge_summary(self, rows: Rows) -> Findings:
        """Score each row by its largest share, where shares sum to 1 and may come without accounts to count."""
        trades = known_or(rows["trade_count"], np.inf)
        confidence = SUMMARY * weight_of_evidence(trades, self.params.minimum_trades)
        return sparse_findings(self, self._score(rows, sides=1.0), confidence, entity=rows.top_entity)

    def _score(self, rows: Rows, sides: float) -> NDArray[np.float64]:
        p = self.params
        share = rows["top_account_share"]
        with np.errstate(divide="ignore", invalid="ignore"):
            even = sides / rows["account_count"]
        return np.where(share < p.even_multiple * even, 0.0, share_exceedance(share, p.concentration_threshold))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return the share, the concentration, and how many entities and trades there were."""
        p = self.params
        share = "One entity was in {value:.0%} of the volume (limit {threshold:.0%})."
        return measured(
            rows,
            row,
            ("top_account_share", p.concentration_threshold, share),
            ("top_account_net_ratio", p.maker_net_ratio, "{value:.0%} of what it traded stayed with it."),
            ("top_account_taker_ratio", p.maker_taker_ratio, "It took {value:.0%} of its volume and gave the rest."),
            ("user_concentration", None, "The squared shares of all entities sum to {value:.2f}."),
            ("account_count", p.minimum_accounts, "{value:.0f} entities traded in the window."),
            ("trade_count", p.minimum_trades, "The window holds {value:.0f} trades."),
        )
