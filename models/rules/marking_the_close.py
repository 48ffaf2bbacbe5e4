"""One account, or a few together, dominate the last minutes before a reference price and move it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import (
    RuleParams,
    exceedance,
    findings_of,
    known_or,
    parameter,
    share_exceedance,
    shortfall,
    told,
)

KNOWN, UNKNOWN = 0.98, 0.9
"""Confidence with and without the market's usual spread, moves and flow."""
Hour = Annotated[float, Field(ge=0, lt=24)]


class Params(RuleParams):
    """Parameters of `marking_the_close`."""

    calendars: dict[str, str] = Field(
        default={},
        description="calendar of the sessions of single venues, by venue, as exchange_calendars names it",
        json_schema_extra={"source": "the venue; XNYS is New York, XLON London"},
    )
    fixings_h: list[Hour] = Field(
        default=[float(hour) for hour in range(24)],
        description="hours of day, UTC, of reference prices on venues without a calendar",
        json_schema_extra={"source": "ours: crypto reference rates fix on full hours, which ones depends on the rate"},
    )
    volume_share: float = parameter(0.4, "share of the lots taken in the last minutes", "detectors.md", gt=0, lt=1)
    own_share: float = parameter(0.8, "share of all takers' advances in the move's direction", "ours", gt=0, lt=1)
    carried_own_share: float = parameter(
        0.6, "the same of a move that others joined, if the next two hold as well", "ours: followers advance it, too",
        gt=0, lt=1,
    )  # fmt: skip
    carried_share: float = parameter(0.6, "share of the lots, for that", "ours: more than all others", gt=0, lt=1)
    carried_sigmas: float = parameter(3.0, "move over the usual one of a time as long, for that", "ours", gt=0)
    half_spreads: float = parameter(4.0, "move of the price, half spreads", "ours: more than the touch", gt=0)
    sigmas: float = parameter(1.5, "move, times the market's usual one of a time as long", "ours", gt=0)
    flow: float = parameter(1.2, "lots taken, times what the market usually trades in the time", "ours", gt=0)
    minimum_steps: float = parameter(5.0, "takes that moved the price further", "ours: one order is no campaign", gt=0)
    one_sided: float = parameter(0.85, "share of what they took that went one way", "ours", gt=0, lt=1)
    before: float = parameter(0.3, "lots a minute in the ten minutes before, over those of the last ones", "ours", gt=0)
    after: float = parameter(
        0.4, "the same in the 45 s after", "ours: once the price is taken there is no reason", gt=0
    )


@dataclass(frozen=True)
class MarkingTheClose:
    """A reference price that is made in its last minutes.

    Pattern:
        In the last one to ten minutes before a session's close or a fixing one account, or up to three, take most of
        what is taken and more than the market usually trades, one way; their takes make the price's advances, or
        most of them where others join a move far out of the ordinary, and they stop once the reference price is
        taken. The end of a tape counts as a close.

    Innocent explanations:
        An index rebalance is many desks, each a modest share. Execution algorithms are a tenth of the volume. A ramp,
        or one who is most of the market, trades as much before and goes on after it. One large order is one step.

    Source:
        MAR Annex II, Section 1, 5(d) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "marking_the_close"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "fast"
    reads: ClassVar[str] = "closing"
    mar: ClassVar[str] = "5(d)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("ramping",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each look back from a reference price by its weakest term."""
        p = self.params
        usual = [episodes[name] for name in ("half_spreads", "sigmas", "lots_to_flow")]
        terms = (
            share_exceedance(episodes["share"], p.volume_share),
            np.maximum(share_exceedance(episodes["own_share"], p.own_share), self._carried(episodes)),
            known_or(exceedance(usual[0], p.half_spreads), 1.0),
            known_or(exceedance(usual[1], p.sigmas), 1.0),
            known_or(exceedance(usual[2], p.flow), 1.0),
            exceedance(episodes["steps"], p.minimum_steps),
            share_exceedance(episodes["one_sided"], p.one_sided),
            shortfall(episodes["before"], p.before),
            shortfall(episodes["after"], p.after),
        )
        confidence = np.where(np.isnan(usual).any(axis=0), UNKNOWN, KNOWN)
        return findings_of(self, episodes, np.minimum.reduce(terms), confidence)

    def _carried(self, episodes: Episodes) -> NDArray[np.float64]:
        """Return how surely others only followed: who takes most carries a move far out of the ordinary."""
        p = self.params
        terms = (
            share_exceedance(episodes["own_share"], p.carried_own_share),
            share_exceedance(episodes["share"], p.carried_share),
            known_or(exceedance(episodes["sigmas"], p.carried_sigmas), 0.0),
        )
        score: NDArray[np.float64] = np.minimum.reduce(terms)
        return score

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the last minutes."""
        p = self.params
        alone = float(episodes["own_share"][episode]) >= p.own_share
        own_share = p.own_share if alone else p.carried_own_share
        return told(
            episodes, episode,
            ("span_s", "s", None, "These are the last {value:.0f} s before the reference price."),
            ("share", "ratio", p.volume_share, "They took {value:.0%} of what was taken (limit {threshold:.0%})."),
            ("own_share", "ratio", own_share, "{value:.0%} of the advances were their own takes'."),
            ("move", "log return", None, "The price went {value:.2%}."),
            ("half_spreads", "half spreads", p.half_spreads, "That is {value:.0f} half spreads (limit {threshold:g})."),
            ("sigmas", "times", p.sigmas, "That is {value:.1f} times the market's usual move of so long."),
            ("lots_to_flow", "times", p.flow, "That is {value:.1f} times what is usually traded in the time."),
            ("steps", "takes", p.minimum_steps, "{value:.0f} of their takes moved the price further."),
            ("before", "ratio", p.before, "They had taken {value:.0%} as much a minute before."),
            ("after", "ratio", p.after, "They took {value:.0%} as much a minute right after."),
        )  # fmt: skip
