"""Volume without change of owner: an entity, or a pair, that trades with itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    RuleParams,
    measured,
    parameter,
    share_exceedance,
    shortfall,
    sparse_findings,
    weight_of_evidence,
)


class Params(RuleParams):
    """Parameters of `wash_trading`."""

    wash_trade_threshold: float = parameter(
        0.8, "share of the subject's volume that is between the same entities", "the mission", gt=0, lt=1
    )
    maximum_net_ratio: float = parameter(
        0.1,
        "net over gross of a pair's common volume; not asked of a self-match",
        "detectors.md: positions return; wider than its 1 %, as one of ten legs may still be open",
        gt=0,
        lt=1,
    )
    minimum_pair_trades: int = parameter(
        10, "common trades of a pair in the window", "ours: one chance trade weighs at most a tenth", ge=1
    )
    minimum_self_trades: int = parameter(
        5, "self-matches in the window", "ours: one or two happen when an old order is forgotten", ge=1
    )
    minimum_volume_share: float = parameter(
        0.005, "share of the window's volume that the pair's is", "ours: less paints no tape", ge=0, lt=1
    )
    minimum_accounts: int = parameter(
        4,
        "entities that traded in the window, for a pair",
        "detectors.md: with three active users any two are a large part of each other's trading",
        ge=2,
    )


@dataclass(frozen=True)
class WashTrading:
    """An entity on both sides of its trades, or two that trade with each other and end where they began.

    Pattern:
        At least 80 % of the members' volume is between them; of two, what went over came back; often enough, and
        enough of the market's volume, to paint a tape.

    Innocent explanations:
        A market maker meets everyone, so no pair holds 80 % of *its* volume. An execution algorithm that meets one
        maker buys one way: the net is its gross; a fast taker against one maker keeps more than a tenth. In a market
        of three users there is nobody else to trade with. An omnibus account crosses its clients, but they mostly
        meet others.

    Source:
        The mission: >= 0.8 of the subject's trades between the same entities. MAR Annex II, Section 1, 3(a).
    """

    typology: ClassVar[str] = "wash_trading"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "market"

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row's closest pair by its share, and of two entities by how little risk changed hands."""
        p = self.params
        entity, other = rows.pair[:, 0], rows.pair[:, 1]
        is_self = (entity == other) & (entity >= 0)
        share = share_exceedance(rows["pair_share"], p.wash_trade_threshold)
        returned = np.minimum(share, shortfall(rows["pair_net_ratio"], p.maximum_net_ratio))
        trades = rows["pair_trades"]
        enough = np.where(
            is_self,
            trades >= p.minimum_self_trades,
            (trades >= p.minimum_pair_trades) & (rows["account_count"] >= p.minimum_accounts),
        )
        enough = enough & (rows["pair_volume_share"] >= p.minimum_volume_share)
        score = np.where(enough, np.where(is_self, share, returned), 0.0)
        confidence = weight_of_evidence(trades, 2.0 * p.minimum_self_trades)
        return sparse_findings(self, score, confidence, entity=entity, other=np.where(is_self, -1, other))

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return the pair's share, its net, how often it traded and how much of the market that was."""
        p = self.params
        is_self = bool(rows.pair[row, 0] == rows.pair[row, 1])
        share = "{value:.0%} of the volume of " + ("the entity was with itself" if is_self else "the two was common")
        net = (
            "pair_net_ratio",
            p.maximum_net_ratio,
            "Of what went over between the two, {value:.1%} stayed there (limit {threshold:.0%}).",
        )
        least = p.minimum_self_trades if is_self else p.minimum_pair_trades
        return measured(
            rows,
            row,
            ("pair_share", p.wash_trade_threshold, share + " (limit {threshold:.0%})."),
            *(() if is_self else (net,)),
            ("pair_trades", least, "They met in {value:.0f} trades."),
            ("pair_volume_share", p.minimum_volume_share, "That was {value:.0%} of the market's volume."),
            ("account_count", None if is_self else p.minimum_accounts, "{value:.0f} entities traded in the window."),
        )
