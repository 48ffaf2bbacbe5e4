"""Splits by time, never by row: the earliest tapes teach, later ones calibrate, the last ones test.

No moment of a market is in two parts, and nobody is accused in two: of who is accused again later, the earlier
episodes are left out. `training.leaks` proves it of every split before anything is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.errors import TapewatchError
from training.markets import MarketTape, tapes_in_order
from training.verdicts import LEFT, left_out

SHARES = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Split:
    """Markets by what they are used for; no moment of a market is in two parts.

    Attributes:
        fit: What is learned from, the earliest.
        calibrate: What only the calibration sees besides.
        test: What nothing is learned from, the last.
    """

    fit: tuple[MarketTape, ...]
    calibrate: tuple[MarketTape, ...]
    test: tuple[MarketTape, ...]

    def counts(self) -> dict[str, int]:
        """Return the number of tapes in each part, and of the episodes that are left out of the earlier ones."""
        parts = {"fit": self.fit, "calibrate": self.calibrate, "test": self.test}
        tapes = {f"{name}_tapes": len({market.tape for market in part}) for name, part in parts.items()}
        count = sum(int(np.count_nonzero(left_out(market.labels))) for part in parts.values() for market in part)
        return {**tapes, "left_out_episodes": count}


def split_by_time(markets: Sequence[MarketTape], shares: tuple[float, float, float] = SHARES) -> Split:
    """Split markets by the start of their tapes.

    A tape that overlaps a later part on the same market is left out of the earlier one, and so is every episode of
    an entity that is accused again in a later part, so that nothing leaks.

    Args:
        markets: Markets, any order.
        shares: Shares of the tapes to fit, calibrate and test.

    Raises:
        TapewatchError: There are fewer than 3 tapes, or so many overlap that none is left to learn from.
    """
    tapes = tapes_in_order(markets)
    if len(tapes) < len(shares):
        raise TapewatchError(f"a dataset must hold at least {len(shares)} tapes to be split by time, was {len(tapes)}")
    n_test = max(1, round(shares[2] * len(tapes)))
    n_calibrate = max(1, round(shares[1] * len(tapes)))
    n_fit = len(tapes) - n_test - n_calibrate
    parts = [set(tapes[:n_fit]), set(tapes[n_fit : n_fit + n_calibrate]), set(tapes[n_fit + n_calibrate :])]
    fit, calibrate, test = (tuple(market for market in markets if market.tape in part) for part in parts)
    split = Split(_apart(fit, (*calibrate, *test)), _apart(calibrate, test), test)
    if not split.fit:
        raise TapewatchError(
            f"the earliest {n_fit} of {len(tapes)} tapes must end before later ones of the same market begin, "
            "was overlapping in every market"
        )
    return split


def _apart(earlier: Sequence[MarketTape], later: Sequence[MarketTape]) -> tuple[MarketTape, ...]:
    return without_accused(without_overlap(earlier, later), later)


def without_overlap(earlier: Sequence[MarketTape], later: Sequence[MarketTape]) -> tuple[MarketTape, ...]:
    """Return the markets of `earlier` that share no moment with one of `later` on the same venue and symbol."""

    def leaks(one: MarketTape) -> bool:
        return any(
            (one.venue, one.symbol) == (two.venue, two.symbol) and one.start <= two.end and two.start <= one.end
            for two in later
        )

    return tuple(market for market in earlier if not leaks(market))


def without_accused(earlier: Sequence[MarketTape], later: Sequence[MarketTape]) -> tuple[MarketTape, ...]:
    """Return the markets of `earlier` with every episode of who is accused in `later` marked as left out.

    Suspicions near such an episode are neither right nor wrong: nobody learns from them.
    """
    again = {name for market in later for accused in market.accused() for name in accused}
    return tuple(_left(market, again) for market in earlier)


def _left(market: MarketTape, again: set[str]) -> MarketTape:
    told = np.array([bool(names & again) for names in market.accused()], dtype=bool)
    is_left = left_out(market.labels) | told
    return replace(market, labels=market.labels.assign(**{LEFT: is_left})) if is_left.any() else market
