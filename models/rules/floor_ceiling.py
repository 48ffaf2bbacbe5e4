"""One price held with size that is put back when it is hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import RuleParams, exceedance, findings_of, parameter, share_exceedance, shortfall

CONFIDENCE = 0.96


class Params(RuleParams):
    """Parameters of `floor_ceiling`."""

    minimum_refills: float = parameter(1.8, "times that it was put back, for each who holds it", "ours", gt=0)
    minimum_size: float = parameter(5.0, "most that stood there, usual orders of the market", "ours: icebergs 1", gt=0)
    minimum_size_each: float = parameter(3.0, "the same for each who holds it, where several do", "ours", gt=0)
    minimum_absorbed: float = parameter(2.5, "what others traded against it, usual orders", "ours", gt=0)
    minimum_hits: float = parameter(5.0, "trades of others against it", "ours", gt=0)
    at_price_share: float = parameter(
        0.75, "share of the account's orders at that one price, since it came there", "measured: honest ones .3-.7",
        gt=0, lt=1,
    )  # fmt: skip
    maximum_taken_back: float = parameter(0.2, "share of the ended orders that were cancelled", "ours", gt=0, lt=1)
    minimum_span_s: float = parameter(60.0, "seconds for which the price was held", "ours", gt=0)


@dataclass(frozen=True)
class FloorCeiling:
    """A price that others cannot pass because somebody stands there.

    Pattern:
        One account, or a few together, stand at one price with many times the usual size, and put back what others
        take from it, minutes on end, and send hardly anything elsewhere.

    Innocent explanations:
        An iceberg is put back too, in ordinary sizes, and follows the touch. A large order that is meant is not put
        back. Makers are hit and quote anew on two sides and at changing prices, and cancel nearly all.

    Source:
        MAR Annex II, Section 1, 1(b) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "floor_ceiling"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "floor_ceiling"
    mar: ClassVar[str] = "1(b)"
    needs: ClassVar[tuple[str, ...]] = ("orders", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("advancing_the_bid", "wash_trading")

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each held price by its weakest term."""
        p = self.params
        holders = np.maximum(episodes["accounts"], 1.0)
        terms = (
            exceedance(episodes["refills"], p.minimum_refills * holders),
            exceedance(episodes["most_size"], np.maximum(p.minimum_size, p.minimum_size_each * holders)),
            exceedance(episodes["absorbed_size"], p.minimum_absorbed),
            exceedance(episodes["hits"], p.minimum_hits),
            share_exceedance(episodes["at_price_share"], p.at_price_share),
            shortfall(episodes["taken_back_share"], p.maximum_taken_back),
            exceedance(episodes["span_s"], p.minimum_span_s),
        )
        score = np.minimum.reduce(terms)
        return findings_of(self, episodes, score, np.full(len(score), CONFIDENCE))

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the held price."""
        p = self.params
        value = {name: float(episodes[name][episode]) for name in episodes.names}
        return (
            Evidence("refills", value["refills"], "times", p.minimum_refills,
                     f"{value['refills']:.0f} time(s) what had been hit was put back at the same price."),
            Evidence("most_size", value["most_size"], "times", p.minimum_size,
                     f"Up to {value['most_size']:.0f} usual orders stood there."),
            Evidence("absorbed_size", value["absorbed_size"], "times", p.minimum_absorbed,
                     f"{value['hits']:.0f} trades took {value['absorbed_size']:.0f} usual orders from it "
                     f"in {value['span_s']:.0f} s."),
            Evidence("at_price_share", value["at_price_share"], "ratio", p.at_price_share,
                     f"{value['at_price_share']:.0%} of all it sent meanwhile was at this price."),
            Evidence("accounts", value["accounts"], "accounts", None, f"{value['accounts']:.0f} owner(s) held it."),
        )  # fmt: skip
