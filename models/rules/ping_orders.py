"""Tiny orders sent to learn what is hidden, then a larger one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, findings_of, parameter, share_exceedance, shortfall

CONFIDENCE = 0.97


class Params(RuleParams):
    """Parameters of `ping_orders`."""

    minimum_pings: float = parameter(8.0, "tiny orders of one run, gone within 0.1 s", "ours", gt=1)
    maximum_size: float = parameter(0.2, "their mean size, usual orders of the market", "ours", gt=0, lt=1)
    maximum_gap_s: float = parameter(3.0, "mean seconds from one to the next", "ours", gt=0)
    one_way_share: float = parameter(0.7, "share of them on one side", "ours", gt=0, lt=1)
    pings_share: float = parameter(0.6, "share of pings among the account's orders of the run", "ours", gt=0, lt=1)
    missed_share: float = parameter(
        0.2, "share that met nothing inside the spread", "measured: honest takers aim at what is shown, share 0", gt=0,
        lt=1,
    )  # fmt: skip
    both_ways_missed_share: float = parameter(
        0.3, "the same of a run on both sides, of sizes that are alike", "ours: who asks on both looks inside", gt=0,
        lt=1,
    )  # fmt: skip
    ahead_multiple: float = parameter(10.0, "the larger order after the run over their size, times", "ours", gt=1)
    many_pings: float = parameter(24.0, "pings that need no larger order after them", "ours", gt=1)
    maximum_size_spread: float = parameter(
        0.4, "standard deviation of their log sizes, where none met nothing", "measured: honest takers .7-1.3", gt=0
    )


@dataclass(frozen=True)
class PingOrders:
    """Small orders that ask rather than trade.

    Pattern:
        A quick run of orders of a small part of the usual size on one side, at the touch or inside the spread, filled
        or gone at once; those inside the spread find nothing unless something is hidden. Then an order many times
        their size on the same side. Or on both sides, alike in size, where a good part finds nothing.

    Innocent explanations:
        Small accounts take small amounts, sometimes often, but what is shown, in sizes that vary, and seconds apart. A
        fleeting quoter shows ordinary sizes, and on both sides. An execution algorithm's remainders are small, and
        come once a slice.

    Source:
        MAR Annex II, Section 1, 1(c) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "ping_orders"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "ping_orders"
    mar: ClassVar[str] = "1(c)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each run by its weakest term."""
        p = self.params
        terms = (
            exceedance(episodes["pings"], p.minimum_pings),
            shortfall(episodes["ping_size"], p.maximum_size),
            shortfall(episodes["gap_s"], p.maximum_gap_s),
            np.maximum(share_exceedance(episodes["one_way_share"], p.one_way_share), self._both_ways(episodes)),
            share_exceedance(episodes["pings_share"], p.pings_share),
            self._probing(episodes),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def _both_ways(self, episodes: Episodes) -> NDArray[np.float64]:
        """Return how surely a run on both sides asked for what is hidden on each: orders alike that met nothing."""
        p = self.params
        met_nothing = share_exceedance(episodes["missed_share"], p.both_ways_missed_share)
        return np.minimum(met_nothing, shortfall(episodes["size_spread"], p.maximum_size_spread))

    def _probing(self, episodes: Episodes) -> NDArray[np.float64]:
        """Return how surely a run asked: it met nothing, or its orders were alike and many, or size came after."""
        p = self.params
        met_nothing = share_exceedance(episodes["missed_share"], p.missed_share)
        ahead = exceedance(episodes["ahead_multiple"], p.ahead_multiple)
        many = exceedance(episodes["pings"], p.many_pings)
        alike = shortfall(episodes["size_spread"], p.maximum_size_spread)
        return np.maximum(met_nothing, np.minimum(alike, np.maximum(ahead, many)))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the run."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        ahead = value["ahead_multiple"]
        figures = [
            Evidence("pings", value["pings"], "orders", p.minimum_pings,
                     f"{value['pings']:.0f} orders in a row were gone within 0.1 s, {value['gap_s']:.2f} s apart."),
            Evidence("ping_size", value["ping_size"], "times", p.maximum_size,
                     f"They were {value['ping_size']:.3f} of a usual order (limit {p.maximum_size:g})."),
            Evidence("missed_share", value["missed_share"], "ratio", p.missed_share,
                     f"{value['missed_share']:.0%} of them met nothing inside the spread."),
            Evidence("size_spread", value["size_spread"], "log", p.maximum_size_spread,
                     f"Their sizes differed by {value['size_spread']:.2f} in logs; honest ones by about 1."),
        ]  # fmt: skip
        if ahead > 0.0:
            says = f"Then it sent an order {ahead:.0f} times as large on the same side (limit {p.ahead_multiple:g})."
            figures.append(Evidence("ahead_multiple", ahead, "times", p.ahead_multiple, says))
        return tuple(figures)
