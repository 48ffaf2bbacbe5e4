"""Several orders at successive prices on one side, execution on the other, then all of them pulled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.bait_rounds import RoundParams, bait_multiple, sequence, size_confidence, told
from models.rules.base import exceedance, known_or, parameter, share_exceedance, shortfall, sparse_findings


class Params(RoundParams):
    """Parameters of `layering`: of rounds of bait on several levels, and of a ladder that follows the market."""

    minimum_levels: float = parameter(2.5, "price levels, on average over the rounds", "detectors.md: 3 and more", gt=1)
    layers_multiple: float = parameter(
        2.4, "all layers over the genuine order, times", "ours: three layers of its size, one of them hit", gt=1
    )
    minimum_moves: float = parameter(
        8.0, "times that a ladder of three and more prices was moved", "Sarao: 161 an order, others 0.1", gt=1
    )
    ladder_multiple: float = parameter(
        6.0, "the ladder over the usual size of a new order, times", "Sarao: 4-6 orders, all of them large", gt=1
    )
    maximum_ladder_filled: float = parameter(
        0.015, "lots filled on the ladder's side over lots moved", "Sarao: more than 99 % cancelled", gt=0, lt=1
    )
    one_sided_share: float = parameter(
        0.85, "of all lots that it moves in this market, the part on this side", "measured: makers .4-.8", gt=0, lt=1
    )


@dataclass(frozen=True)
class Layering:
    """Orders at successive prices that lean on the market and are not meant to trade.

    Pattern:
        Layers on three and more prices, at the touch or improving it or behind it, all pulled within seconds of a fill
        on the other side. Or a ladder that is moved with the market again and again, too large and too far to trade,
        on one side only, while its owner trades small elsewhere or on the other side.

    Innocent explanations:
        A market maker keeps layers as well: on both sides, filled now and then, quoted anew after every pull. A large
        order that is worked in slices is filled.

    Source:
        MAR Annex II, section 1, 5(e). CFTC v. Nav Sarao Futures (2015).
    """

    typology: ClassVar[str] = "layering"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "bait"
    mar: ClassVar[str] = "5(e)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("spoofing",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each round and each move of a ladder by its weakest term."""
        p = self.params
        rounds = np.minimum.reduce((
            exceedance(bait_multiple(episodes), p.layers_multiple),
            exceedance(episodes["usual_levels"], p.minimum_levels),
            sequence(episodes, p),
        ))  # fmt: skip
        score = np.where(episodes["waves"] > 0, self._ladder(episodes), rounds)
        order = np.argsort(episodes.row, kind="stable")
        return sparse_findings(
            self, score[order], size_confidence(episodes)[order],
            row=episodes.row[order], members=episodes.members[order], episode=order,
        )  # fmt: skip

    def _ladder(self, episodes: Episodes) -> NDArray[np.float64]:
        p = self.params
        terms = (
            exceedance(episodes["waves"], p.minimum_moves),
            known_or(exceedance(episodes["size_multiple"], p.ladder_multiple), 1.0),
            shortfall(_ladder_filled(episodes), p.maximum_ladder_filled),
            share_exceedance(episodes["one_sided_share"], p.one_sided_share),
        )
        score: NDArray[np.float64] = np.minimum.reduce(terms)
        return score

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the round, or of the ladder."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        if not value["waves"] > 0:
            levels = f"It laid out {value['bait_levels']:.0f} price levels, {value['usual_levels']:.1f} a round."
            first = Evidence("usual_levels", value["usual_levels"], "levels", p.minimum_levels, levels)
            return (first, *told(episodes, episode, p, p.layers_multiple))
        filled = float(_ladder_filled(episodes)[episode])
        figures = (
            Evidence("waves", value["waves"], "times", p.minimum_moves,
                     f"{value['bait_levels']:.0f} prices were moved together, as {value['waves']:.0f} times so far."),
            Evidence("size_multiple", value["size_multiple"], "times", p.ladder_multiple,
                     f"The ladder was {value['size_multiple']:.1f} usual orders of the market."),
            Evidence("ladder_filled", filled, "ratio", p.maximum_ladder_filled,
                     f"Of all that was moved, {filled:.1%} has filled."),
            Evidence("one_sided_share", value["one_sided_share"], "ratio", p.one_sided_share,
                     f"{value['one_sided_share']:.0%} of what it moves stands on this side."),
        )  # fmt: skip
        return tuple(figure for figure in figures if not np.isnan(figure.value))


def _ladder_filled(episodes: Episodes) -> NDArray[np.float64]:
    """Return lots filled over lots moved, a ratio >= 0; NaN where nothing was moved."""
    return episodes["bait_filled_lots"] / np.where(episodes["moved_lots"] > 0, episodes["moved_lots"], np.nan)
