"""One venue stands apart from the others beyond fees, and people trade at both prices."""

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
    measured,
    parameter,
    share_exceedance,
    sparse_findings,
    weight_of_evidence,
)


class Params(RuleParams):
    """Parameters of `price_discrepancy`."""

    minimum_net_bps: float = parameter(5.0, "gap after the taker fees of both venues, basis points", "ours", gt=0)
    minimum_gap_s: float = parameter(30.0, "seconds for which it stands", "measured: honest venues meet in 25 s", gt=0)
    minimum_trades: int = parameter(
        15, "trades on each of the two venues meanwhile", "measured: honest gaps of thin venues see fewer", ge=1
    )
    moved_share: float = parameter(0.5, "part of the two moves that is this venue's", "ours: the larger", gt=0, lt=1)


@dataclass(frozen=True)
class PriceDiscrepancy:
    """A venue's price away from the other venues' by more than both fees, for longer than honest venues need.

    Pattern:
        The lowest price of the dearer venue stays above the highest of the cheaper one by more than both taker fees,
        while people go on trading on both; the venue that moved is named.

    Innocent explanations:
        News moves all venues, and they meet again within seconds (duration). The price of a quiet or thin venue, and
        of one that is down, is old: nobody trades there meanwhile (trades, stale prices are unknown). A depeg of a
        stable coin is a different thing and compared with its own kind only. A gap is a fact, no accusation.

    Source:
        detectors.md: one venue is moved, prices apart beyond fees.
    """

    typology: ClassVar[str] = "price_discrepancy"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "cross"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = "2(c)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "venues")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by its weakest term."""
        p = self.params
        net = np.maximum(rows["net_gap_bps"], 0.0)
        score = np.minimum.reduce(
            (
                exceedance(net, p.minimum_net_bps),
                exceedance(rows["gap_s"], p.minimum_gap_s),
                exceedance(rows["gap_trades"], p.minimum_trades),
                share_exceedance(rows["moved_share"], p.moved_share),
            )
        )
        # Barely the larger move is enough: which venue it was is no part of whether there is a gap.
        sure = weight_of_evidence(rows["gap_trades"], p.minimum_trades)
        return sparse_findings(self, score, sure)

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return the gap, how long it stands, the trades meanwhile, who moved, and what could be traded."""
        p = self.params
        return measured(
            rows,
            row,
            ("net_gap_bps", p.minimum_net_bps, "{value:.1f} bps are left after both fees (limit {threshold:g})."),
            ("price_gap_bps", None, "The last price stands {value:+.1f} bps from the other venues'."),
            ("gap_s", p.minimum_gap_s, "It stands so for {value:.0f} s (limit {threshold:g} s)."),
            ("gap_trades", p.minimum_trades, "Each of the two saw {value:.0f} trades meanwhile or more."),
            ("moved_share", p.moved_share, "{value:.0%} of the move apart was this venue's."),
            ("gap_size", None, "At most {value:g} could have been traded, by the volume of the last minute."),
            ("gap_value", None, "That would have earned {value:,.2f} in quote currency."),
        )
