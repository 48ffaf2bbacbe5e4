"""The opponent: the three-term rule of `data/pumps`, as it stands and tuned on earlier pumps, also with a clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.catalogue import COLUMN
from training.labelling import Suspicions
from training.pump_counting import Alarms, Count

QUIET_NS = 1_800_000_000_000
QUIETS = (300_000_000_000, QUIET_NS)
RISES = (0.03, 0.04, 0.06, 0.08, 0.10, 0.12, 0.15)
SURGES = (50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 800.0)
RUSHES = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)
ROUND_S = 120.0
"""A pump is announced for a full or half hour: how far from one counts as that."""


@dataclass(frozen=True)
class ThreeTerms:
    """Thresholds that must all be reached in one 5 s bucket.

    Attributes:
        rise: High over the mean of the last hour's closes, as a ratio.
        surge: Taker buying of 30 s over the day's mean, times.
        rush: Rush orders of 30 s.
        quiet_ns: Quiet that ends an alert.
        round_surge: Surge and rush orders that are enough near a full or half hour; None asks the same at all times.
        round_rush: See `round_surge`.
    """

    rise: float = 0.08
    surge: float = 100.0
    rush: float = 3.0
    quiet_ns: int = QUIET_NS
    round_surge: float | None = None
    round_rush: float | None = None


@dataclass(frozen=True)
class Terms:
    """The columns that the rule reads, shape (n_rows,) each."""

    rise: NDArray[np.float64]
    surge: NDArray[np.float64]
    rush: NDArray[np.float64]
    is_round: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Suspicions) -> Terms:
        """Return the columns of some rows."""
        rise, surge, rush, phase = (
            rows.values[:, COLUMN[name]] for name in ("rise", "buy_surge", "rush_orders", "half_hour_phase_s")
        )
        return cls(rise, surge, rush, np.abs(phase) <= ROUND_S)

    def hold(self, terms: ThreeTerms) -> NDArray[np.bool_]:
        """Return in which rows all three terms hold."""
        held: NDArray[np.bool_] = (self.surge >= terms.surge) & (self.rush >= terms.rush)
        if terms.round_surge is not None and terms.round_rush is not None:
            held |= self.is_round & (self.surge >= terms.round_surge) & (self.rush >= terms.round_rush)
        return held & (self.rise >= terms.rise)


def plain_cells() -> tuple[ThreeTerms, ...]:
    """Return the rules to choose from."""
    return tuple(ThreeTerms(*cell) for cell in product(RISES, SURGES, RUSHES, QUIETS))


def clock_cells() -> tuple[ThreeTerms, ...]:
    """Return the rules to choose from that ask less near a full or half hour."""
    return tuple(_clock_cells())


def _clock_cells() -> Iterator[ThreeTerms]:
    rises, surges, rushes = (0.03, 0.04, 0.06, 0.08), (200.0, 400.0, 800.0), (3.0, 8.0, 20.0)
    near, near_rush = (50.0, 100.0, 200.0, 300.0), (1.0, 2.0, 4.0, 8.0)
    for rise, surge, rush, round_surge, round_rush in product(rises, surges, rushes, near, near_rush):
        if round_surge <= surge and round_rush <= rush:
            yield ThreeTerms(rise, surge, rush, QUIETS[0], round_surge, round_rush)


def trials(count: Count, terms: Terms, cells: tuple[ThreeTerms, ...]) -> tuple[tuple[ThreeTerms, Alarms], ...]:
    """Return what each rule catches and costs."""
    return tuple((cell, count.alarms(terms.hold(cell), cell.quiet_ns)) for cell in cells)


def choose(found: tuple[tuple[ThreeTerms, Alarms], ...], target: float) -> tuple[ThreeTerms, Alarms]:
    """Return the best of several tried rules at a rate of false alerts; the quietest where none is that quiet."""
    allowed = [item for item in found if item[1].false_rate <= target]
    if not allowed:
        return min(found, key=lambda item: item[1].false)
    return max(allowed, key=lambda item: (item[1].recall, -item[1].false))
