"""The three-term rule of `data/pumps`, as it stands and tuned on earlier pumps: the opponent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.catalogue import COLUMN
from training.labelling import Suspicions
from training.pump_counting import Alarms, Pumps, Scored, count

QUIET_NS = 1_800_000_000_000
RISES = (0.03, 0.04, 0.06, 0.08, 0.10, 0.12, 0.15)
SURGES = (50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0)
RUSHES = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)


@dataclass(frozen=True)
class ThreeTerms:
    """Thresholds that must all be reached in one 5 s bucket."""

    rise: float = 0.08
    surge: float = 100.0
    rush: float = 3.0

    def holds(self, rows: Suspicions) -> NDArray[np.bool_]:
        """Return in which rows all three terms hold."""
        columns = [rows.values[:, COLUMN[name]] for name in ("rise", "buy_surge", "rush_orders")]
        held: NDArray[np.bool_] = (columns[0] >= self.rise) & (columns[1] >= self.surge) & (columns[2] >= self.rush)
        return held

    def scored(self, rows: Suspicions) -> Scored:
        """Return score 1 where the rule holds, 0 elsewhere."""
        return Scored(rows.market, rows.end, self.holds(rows).astype(float))


def tuned(pumps: Pumps, numbers: Sequence[int], rows: Suspicions, target: float) -> tuple[ThreeTerms, Alarms]:
    """Return the thresholds that catch most of some pumps at no more than `target` false alerts a coin-day."""
    spans = pumps.spans(numbers)
    best: tuple[ThreeTerms, Alarms] | None = None
    for terms in (ThreeTerms(*cell) for cell in product(RISES, SURGES, RUSHES)):
        found = count(pumps, spans, numbers, terms.scored(rows), 0.5, QUIET_NS)
        if found.false_rate > target:
            continue
        if best is None or (found.recall, -found.false) > (best[1].recall, -best[1].false):
            best = (terms, found)
    if best is None:
        strictest = ThreeTerms(RISES[-1], SURGES[-1], RUSHES[-1])
        return strictest, count(pumps, spans, numbers, strictest.scored(rows), 0.5, QUIET_NS)
    return best
