"""Volume of nobody in particular that does not look like people trading: a suspicion that names nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import AT_THRESHOLD, RuleParams, exceedance, findings_of, parameter

PUMPS = (
    "measured on data/pumps: {} of 5,763 quarters of an hour with 200 trades in the hour, 63 real tapes, more than six "
    "hours from the pump"
)
USUAL, LIMIT = PUMPS.format("median"), PUMPS.format("99th percentile")
SAYS = {
    "benford": "First digits of the sizes are off Benford's law by {:.3f} on average.",
    "round_excess": "Round sizes are {:.1f} deviations from their share by chance; people round.",
    "tail_exponent": "The largest sizes fall off with the exponent {:.1f}; people's do with 1 to 2.",
    "inside_share": "{:.0%} of the trades happened between the best bid and ask, where nobody showed an order.",
    "repeat_share": "{:.0%} of the trades repeat the size of one of the five before, beyond what frequent sizes do.",
    "alternation": "The side changes in {:+.0%} of the trades over chance; people's orders come in runs.",
}
UNITS = {"round_excess": "deviations", "tail_exponent": "exponent"}
FALLS = ("round_excess",)
"""Figures that are suspicious where they are low."""


class Params(RuleParams):
    """Parameters of `unlabelled_volume`; a figure's score rises from 0 at `usual_` through 0.7 at `limit_`."""

    agreeing_tests: int = parameter(2, "tests that must pass their limits", "ours: one alone has innocent causes", ge=1)
    minimum_trades: int = parameter(200, "trades of an hour", "ours: fewer have no distribution", ge=200)
    usual_benford: float = parameter(0.026, "mean distance of first digits from Benford's law", USUAL, ge=0)
    limit_benford: float = parameter(0.115, "the same, at the limit", LIMIT, gt=0)
    usual_round_excess: float = parameter(2.75, "deviations of the round sizes over chance", USUAL)
    limit_round_excess: float = parameter(-2.4, "the same, at the limit", PUMPS.format("1st percentile"))
    usual_tail_exponent: float = parameter(1.375, "Hill's exponent of the largest tenth", USUAL, gt=0)
    limit_tail_exponent: float = parameter(4.95, "the same, at the limit", LIMIT, gt=0)
    usual_inside_share: float = parameter(0.0, "share of trades inside the touch", "a book that shows all orders", ge=0)
    limit_inside_share: float = parameter(
        0.5, "the same, at the limit", "ours, not measured: data/pumps has no books", gt=0, le=1
    )
    usual_repeat_share: float = parameter(0.059, "share of repeated sizes over chance", USUAL)
    limit_repeat_share: float = parameter(0.21, "the same, at the limit", LIMIT)
    usual_alternation: float = parameter(-0.216, "share of changes of side over chance", USUAL)
    limit_alternation: float = parameter(-0.016, "the same, at the limit", LIMIT)
    agreed_confidence: float = parameter(
        0.5, "confidence where no test beyond `agreeing_tests` passes its limit", "ours: names nobody", gt=0, le=1
    )
    extreme_confidence: float = parameter(
        0.8,
        "confidence that one more test reaches at the score 1",
        "measured on data/pumps: score times confidence stays below 0.7 everywhere",
        gt=0,
        le=1,
    )


@dataclass(frozen=True)
class UnlabelledVolume:
    """Trades of an hour, of unknown accounts, whose sizes and sides look made up in several ways at once.

    Pattern:
        At least two of: first digits off Benford's law; round sizes avoided; no large sizes; trades between the best
        bid and ask; sizes repeated at once; sides that alternate. Each limit is passed by one honest hour in a hundred.

    Innocent explanations:
        One execution algorithm repeats its slices, a minimum order size or a fixed tick of size bends first digits,
        midpoint crossing trades inside the touch, and a market maker's orders taken in turn alternate. So one test
        says nothing, two are a hint without an alert, and no account is accused.

    Source:
        Cong, Li, Tang, Yang, "Crypto Wash Trading", Management Science 2023: Benford, clustering at round sizes, tail.
        The limits are not theirs but data/pumps', of which 0.7 % of the hours pass two. Weak: of 51 hours of simulated
        wash trading without accounts and books none passed two, for its sizes are like other people's. MAR Annex II,
        Section 1, 3(a).
    """

    typology: ClassVar[str] = "unlabelled_volume"
    category: ClassVar[Category] = "warning"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "sizes"
    mar: ClassVar[str] = "3(a)"
    needs: ClassVar[tuple[str, ...]] = ("trades",)
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each hour by the weakest of the tests that must agree; trust it by the next one."""
        p = self.params
        enough = episodes["trades"] >= p.minimum_trades
        blank = np.zeros((p.agreeing_tests + 1, len(enough)))
        best = np.sort(np.vstack([scores(p, episodes), blank]), axis=0)[::-1]
        agreed, further = best[p.agreeing_tests - 1], best[p.agreeing_tests]
        beyond = np.maximum(further - AT_THRESHOLD, 0.0) / (1.0 - AT_THRESHOLD)
        confidence = p.agreed_confidence + (p.extreme_confidence - p.agreed_confidence) * beyond
        return findings_of(self, episodes, np.where(enough, agreed, 0.0), confidence)

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return every test's figure, those furthest beyond their limits first."""
        p = self.params
        said = {
            name: Evidence(name, value, UNITS.get(name, "ratio"), getattr(p, f"limit_{name}"), says.format(value))
            for name, says in SAYS.items()
            if not np.isnan(value := float(episodes[name][episode]))
        }
        score = dict(zip(SAYS, scores(p, episodes)[:, episode].tolist(), strict=True))
        passed = sum(score[name] >= AT_THRESHOLD for name in said)
        trades = float(episodes["trades"][episode])
        summary = (
            f"Nobody can be named: of {trades:.0f} trades in an hour, by unknown accounts, sizes and sides look unlike "
            f"those of honest markets in {passed} of {len(said)} tests."
        )
        first = Evidence("trades", trades, "trades", float(p.minimum_trades), summary)
        return (first, *(said[name] for name in sorted(said, key=lambda name: -score[name])))


def scores(params: Params, episodes: Episodes) -> NDArray[np.float64]:
    """Return each test's score, 0 where its figure is unknown, shape (n_tests, n_episodes)."""
    return np.array([_score(params, name, episodes[name]) for name in SAYS])


def _score(params: Params, name: str, value: NDArray[np.float64]) -> NDArray[np.float64]:
    sign = -1.0 if name in FALLS else 1.0
    usual, limit = sign * getattr(params, f"usual_{name}"), sign * getattr(params, f"limit_{name}")
    # A limit set within the usual leaves a step there.
    beyond = np.maximum(sign * value - usual, 0.0)
    score = exceedance(beyond, max(limit - usual, 1e-9))
    return np.where(np.isnan(score), 0.0, score)
