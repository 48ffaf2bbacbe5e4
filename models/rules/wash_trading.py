"""Volume without change of owner: an entity, a pair or a ring that trades with itself."""

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
    parameter,
    share_exceedance,
    shortfall,
    sparse_findings,
    weight_of_evidence,
)

HOUR_MIN = 60.0
AT_RANDOM = 0.8
"""Mean distance of a random walk's end, in steps' deviations (root of 2 / pi)."""


class Params(RuleParams):
    """Parameters of `wash_trading`."""

    wash_trade_threshold: float = parameter(
        0.8, "share of the members' volume (bought and sold) that is among them", "the mission", gt=0, lt=1
    )
    maximum_net_ratio: float = parameter(
        0.1,
        "of the volume among several, the part that did not come back, in up to an hour",
        "detectors.md: positions return; wider than its 1 %, as a window cuts a longer episode",
        gt=0,
        lt=1,
    )
    maximum_long_net_ratio: float = parameter(
        0.01, "the same over a day and a week", "detectors.md: within 1 % of what they traded", gt=0, lt=1
    )
    minimum_surprise: float = parameter(
        4.0,
        "digits of the chance that so many meetings, or arranged ones, came about by activity alone",
        "measured: honest groups reach 3 in 60 market-hours, washes mostly beyond 10",
        gt=0,
    )
    certain_surprise: float = parameter(
        10.0, "digits from which `certain_share` is enough", "ours: chance explains one in 10^10 such groups", gt=0
    )
    certain_share: float = parameter(
        0.75,
        "part of `wash_trade_threshold` that is enough where chance explains nothing",
        "ours: with honest trades in between, 0.6 of the volume is still most of it",
        gt=0,
        le=1,
    )
    minimum_meetings: int = parameter(8, "meetings among several", "ours: fewer bring positions back by chance", ge=1)
    minimum_self_trades: int = parameter(
        5, "self-matches of one", "ours: one or two happen when an old order is forgotten", ge=1
    )
    minimum_volume_share: float = parameter(
        0.005, "share of the window's volume that is among them", "ours: less paints no tape", ge=0, lt=1
    )
    minimum_outsiders: int = parameter(
        2,
        "other entities that traded in the window, for several, short of `certain_surprise`",
        "detectors.md: with three active users any two are a large part of each other's trading",
        ge=1,
    )


@dataclass(frozen=True)
class WashTrading:
    """An entity on both sides of its trades, or two to eight that trade among themselves and end where they began.

    Pattern:
        At least 80 % of the members' volume is among them; what went round came back; and they met far more often than
        their activity explains, or their orders met by arrangement: same size, moments apart.

    Innocent explanations:
        A market maker meets everyone, so no group holds 80 % of *its* volume. An execution algorithm that meets one
        maker buys one way: the net is its gross. In a market of three users there is nobody else to trade with, and
        meeting is no surprise. An omnibus account crosses its clients, but they mostly meet others.

    Source:
        The mission: >= 0.8 of the subject's trades between the same entities. MAR Annex II, Section 1, 3(a).
    """

    typology: ClassVar[str] = "wash_trading"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "ring"
    mar: ClassVar[str] = "3(a)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each ring by its share, by how little stayed where it went, and by how little chance explains it."""
        p, e = self.params, episodes
        alone = e["size"] == 1.0
        share = share_exceedance(e["share"], share_limit(p, e))
        returned = np.where(alone, 1.0, shortfall(e["open_ratio"], open_limit(p, e)))
        strange = exceedance(e["surprise"], p.minimum_surprise)
        enough = e["meetings"] >= np.where(alone, p.minimum_self_trades, p.minimum_meetings)
        others = (e["outsiders"] >= p.minimum_outsiders) | (e["surprise"] >= p.certain_surprise)
        enough &= (alone | others) & (e["volume_share"] >= p.minimum_volume_share)
        score = np.where(enough, np.minimum(np.minimum(share, returned), strange), 0.0)
        confidence = weight_of_evidence(e["surprise"], 1.5 * p.minimum_surprise)
        order = _plainest(e, score, confidence)
        return sparse_findings(
            self, score[order], confidence[order], row=e.row[order], members=e.members[order], episode=order
        )

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the ring's share, what stayed, how often it met and by arrangement, and its part of the market."""
        p, e = self.params, episodes
        value = {name: float(e[name][episode]) for name in e.names}
        alone, limit = value["size"] == 1.0, float(open_limit(p, e)[episode])
        who = "the entity was with itself" if alone else f"the {value['size']:.0f} was among them"
        told = [
            ("wash_share", value["share"], "ratio", float(share_limit(p, e)[episode]),
             f"In {value['window_min']:.0f} minutes, {value['share']:.0%} of the volume of {who}."),
            ("open_ratio", value["open_ratio"], "ratio", limit,
             f"Of what passed among them, {value['open_ratio']:.1%} did not come back (limit {limit:.0%})."),
            ("meetings", value["meetings"], "trades", p.minimum_self_trades if alone else p.minimum_meetings,
             f"They met {value['meetings']:.0f} times; by activity alone at most {value['expected']:.1f}."),
            ("surprise", value["surprise"], "digits", p.minimum_surprise,
             "Chance explains their meetings, or their arrangement, once in 10 to the power of this."),
            ("arranged", value["arranged"], "trades", None,
             f"In {value['arranged']:.0f} of them, orders of one size came moments apart."),
            ("volume_share", value["volume_share"], "ratio", p.minimum_volume_share,
             f"That was {value['volume_share']:.0%} of the market's volume."),
        ]  # fmt: skip
        skipped = {"open_ratio"} if alone else set()
        return tuple(Evidence(*one) for one in told if one[0] not in skipped and not np.isnan(one[1]))


def open_limit(params: Params, episodes: Episodes) -> NDArray[np.float64]:
    """Return which part of the volume among them may not have come back, for each ring.

    An hour may cut a longer episode, and of few trades one may still be open: there, half of what would be left if all
    had taken sides at random. Over a day only the trade still open.
    """
    meetings = np.maximum(episodes["meetings"], 1.0)
    at_random = AT_RANDOM * np.sqrt(episodes["size"] / (2.0 * meetings))
    short = np.maximum(params.maximum_net_ratio, 0.5 * at_random)
    return np.where(
        episodes["window_min"] <= HOUR_MIN, short, np.maximum(params.maximum_long_net_ratio, 1.0 / meetings)
    )


def share_limit(params: Params, episodes: Episodes) -> NDArray[np.float64]:
    """Return the share that each ring must reach: the less chance explains, the more honest trades may lie between."""
    span = max(params.certain_surprise - params.minimum_surprise, 1e-9)
    certain = np.clip((episodes["surprise"] - params.minimum_surprise) / span, 0.0, 1.0)
    return params.wash_trade_threshold * (1.0 - (1.0 - params.certain_share) * certain)


def _plainest(episodes: Episodes, score: NDArray[np.float64], confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the episodes, ascending by row; of those that share members in one row, the strongest alone."""
    kept: list[int] = []
    held: dict[int, set[int]] = {}
    for number in np.lexsort((-episodes["size"], -score * confidence)).tolist():
        row, members = int(episodes.row[number]), set(episodes.members[number][episodes.members[number] >= 0].tolist())
        taken = held.setdefault(row, set())
        if score[number] > 0.0 and not members & taken:
            taken |= members
            kept.append(number)
    order = np.array(kept, np.int64)
    return order[np.argsort(episodes.row[order], kind="stable")]
