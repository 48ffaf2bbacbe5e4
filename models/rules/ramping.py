"""One account carries the price by takes at ever higher (lower) prices."""

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
    findings_of,
    known_or,
    parameter,
    share_exceedance,
    told,
)

KNOWN, UNKNOWN = 0.98, 0.9
"""Confidence with and without the market's usual spread and moves."""


class Params(RuleParams):
    """Parameters of `ramping`."""

    price_change: float = parameter(0.03, "log return that is large in any market", "detectors.md", gt=0)
    half_spreads: float = parameter(8.0, "move in half spreads that is large as well", "ours: tight markets", gt=0)
    sigmas: float = parameter(1.2, "and at least, times the market's usual move of a time as long", "ours", gt=0)
    own_share: float = parameter(
        0.4, "share of all advances beyond the highest yet that own takes made", "measured: ramps .45-1", gt=0, lt=1
    )
    volume_share: float = parameter(0.42, "share of the volume meanwhile", "ours: a third and more", gt=0, lt=1)
    clear_steps: float = parameter(
        3.9, "own advances, times own share, times share of the volume", "measured: honest runs 1-3, ramps from 4", gt=0
    )
    minimum_takes: float = parameter(6.0, "takes of the run", "ours", gt=1)
    minimum_s: float = parameter(230.0, "seconds that the run has lasted", "ours: what is shorter is a burst", gt=0)
    one_sided: float = parameter(0.85, "share of the account's lots that went one way", "ours", gt=0, lt=1)


@dataclass(frozen=True)
class Ramping:
    """Executions of one account climb, and the price with them.

    Pattern:
        For minutes one account takes on one side only, at prices that set a new high again and again; nearly all
        advances of the price are its own, and it is a large part of the volume. The rise is 3 %, or large by the
        market's own spread and usual moves.

    Innocent explanations:
        TWAP and VWAP take into a rise that others make: their own takes advance little and are a small part of the
        volume. News and natural spikes are carried by many accounts. One who is most of the market trades both ways.
        A burst of seconds is an ignition, a crash or news.

    Source:
        MAR Annex II, Section 1, 1(b) and 4(a) of Regulation (EU) 2016/522.
    """

    typology: ClassVar[str] = "ramping"
    category: ClassVar[Category] = "manipulation"
    scale: ClassVar[str] = "account"
    reads: ClassVar[str] = "ramp"
    mar: ClassVar[str] = "1(b), 4(a)"
    needs: ClassVar[tuple[str, ...]] = ("trades", "aggressor", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ("momentum_ignition",)

    params: Params = field(default_factory=Params)

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each run by its weakest term."""
        p = self.params
        clear = episodes["steps"] * episodes["own_share"] * episodes["volume_share"]
        terms = (
            self._move(episodes),
            exceedance(clear, p.clear_steps),
            exceedance(episodes["takes"], p.minimum_takes),
            exceedance(episodes["seconds"], p.minimum_s),
            share_exceedance(episodes["own_share"], p.own_share),
            share_exceedance(episodes["volume_share"], p.volume_share),
            share_exceedance(episodes["one_sided"], p.one_sided),
        )
        unknown = np.isnan(episodes["half_spreads"]) | np.isnan(episodes["sigmas"])
        return findings_of(self, episodes, np.minimum.reduce(terms), np.where(unknown, UNKNOWN, KNOWN))

    def _move(self, episodes: Episodes) -> NDArray[np.float64]:
        """Return how large the move is: in any market, or by this one's spread and usual moves."""
        p = self.params
        spreads = exceedance(episodes["half_spreads"], p.half_spreads)
        moves = known_or(exceedance(episodes["sigmas"], p.sigmas), 1.0)
        score: NDArray[np.float64] = np.fmax(np.minimum(spreads, moves), exceedance(episodes["move"], p.price_change))
        return score

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return the figures of the run."""
        p = self.params
        return told(
            episodes, episode,
            ("move", "log return", p.price_change, "The price went {value:.2%} while it took."),
            ("half_spreads", "half spreads", p.half_spreads, "That is {value:.0f} half spreads (limit {threshold:g})."),
            ("sigmas", "times", p.sigmas, "That is {value:.1f} times the market's usual move of so long."),
            ("own_share", "ratio", p.own_share, "Of all advances of the price {value:.0%} were its own takes'."),
            ("steps", "takes", None, "{value:.0f} of its takes set a new extreme."),
            ("takes", "takes", p.minimum_takes, "It took {value:.0f} times."),
            ("seconds", "s", p.minimum_s, "That went on for {value:.0f} s."),
            ("volume_share", "ratio", p.volume_share, "It was {value:.0%} of the volume (limit {threshold:.0%})."),
            ("one_sided", "ratio", p.one_sided, "{value:.0%} of its lots went this way."),
        )  # fmt: skip
