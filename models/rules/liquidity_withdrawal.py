"""Depth that is taken out of the book at once, without trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, known_or, measured, parameter, share_exceedance, shortfall, sparse_findings

CONFIDENCE = 0.97


class Params(RuleParams):
    """Parameters of `liquidity_withdrawal`."""

    depth_ratio: float = parameter(0.1, "depth left, of the preceding median", "measured: none in honest hours", gt=0)
    least_ratio: float = parameter(0.5, "depth left, of the least of 5 minutes", "ours: patchy books pass by", gt=0)
    pulled_share: float = parameter(0.9, "share of what left that no trade took", "ours", gt=0, lt=1)
    maximum_move: float = parameter(0.75, "move of the mid, in bands of the depth", "ours: prices leave depth", gt=0)
    maximum_gap_s: float = parameter(20.0, "longest silence of the feed in 5 minutes, s", "ours: after it, a gap", gt=0)


@dataclass(frozen=True)
class LiquidityWithdrawal:
    """One side of the book, or both, is emptied from one bucket to the next, and nobody traded it away.

    Pattern:
        Depth within the band around the mid falls to a tenth of its usual and to half of its least in minutes, while
        trades account for little of what is gone and the price stands where it stood.

    Innocent explanations:
        News: depth is traded away, or the price has left it. An outage, a gap of the feed, or a new image of the book
        in the middle of single levels: what happened meanwhile is not known. A halt empties the book altogether. A
        thin market's book is always patchy: it was as thin minutes ago, and its band is as wide as its spreads.

    Source:
        Withdrawal of depth without trades, as before the flash crash of 2010 (CFTC and SEC report); defaults measured
        on simulated books.
    """

    typology: ClassVar[str] = "liquidity_withdrawal"
    category: ClassVar[Category] = "anomaly"
    scale: ClassVar[str] = "book"
    reads: ClassVar[str] = ""
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("books", "trades")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, rows: Rows, _episodes: Episodes) -> Findings:
        """Score each row by its emptier side, by the weakest term."""
        p = self.params
        moved = np.maximum(np.abs(rows["mid_move_bps"]), np.abs(rows["price_change"]) * 1e4)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved /= rows["depth_band_bps"]
        known = (rows["book_gap_s"] <= p.maximum_gap_s) & ~((rows["image_share"] > 0.0) & (rows["image_share"] < 1.0))
        side = np.maximum(known_or(self._side(rows, "bid"), 0.0), known_or(self._side(rows, "ask"), 0.0))
        score = np.minimum(side, shortfall(moved, p.maximum_move))
        return sparse_findings(self, np.where(known, score, np.nan), np.full(len(rows), CONFIDENCE))

    def _side(self, rows: Rows, side: str) -> NDArray[np.float64]:
        p = self.params
        terms = (shortfall(rows[f"{side}_depth_ratio"], p.depth_ratio),
                 shortfall(rows[f"{side}_depth_to_least"], p.least_ratio),
                 share_exceedance(rows[f"{side}_pulled_share"], p.pulled_share))  # fmt: skip
        score: NDArray[np.float64] = np.minimum.reduce(terms)
        return score

    def evidence(self, rows: Rows, row: int, _episodes: Episodes, _episode: int) -> tuple[Evidence, ...]:
        """Return what is left of both sides, what was pulled, and the price's move."""
        p = self.params
        left = [
            (f"{side}_depth_ratio", p.depth_ratio, word + " hold {value:.0%} of their usual depth.")
            for side, word in (("bid", "Bids"), ("ask", "Asks"))
        ]
        gone = [
            (f"{side}_pulled_share", p.pulled_share, "{value:.0%} of what left the " + side + "s was not traded.")
            for side in ("bid", "ask")
        ]
        return measured(rows, row, *left, *gone, ("mid_move_bps", None, "The mid moved by {value:+.1f} bps."))
