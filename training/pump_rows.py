"""Row-level precision on real pumps: is the one 25 s bin of the onset ranked above all others?

Positives: the bin of the onset of each pump. Negatives: every other bin with a trade within 24 h of the announcement.
The score of a bin is that of the last row suspected in it, which has seen the bin (the forest's: the highest). A
detector of pumps stays high while the pump goes on, which this measure counts against it; so besides the raw score it
is taken "as onset": less a part of how far the best of the half hour before stood out, as an alert opens once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from features.time_units import DAY_NS
from models.isolation_forest import IsolationForest
from training.pump_counting import Pumps, Scored

BIN_NS = 25_000_000_000
BEFORE_BINS = 72
BEFORE_SHARE = 0.15
"""Part of the earlier best that is taken off; of 0.1, 0.15, 0.2, 0.3 and 0.5 the best on the first 84 pumps."""
_LOW = -6.0


@dataclass(frozen=True)
class RowPrecision:
    """Average precision of raw scores and of scores as onset, each with a 90 % bootstrap interval over pumps."""

    raw: tuple[float, float, float]
    onset: tuple[float, float, float]


def bins_of(
    pumps: Pumps, numbers: Sequence[int], scores: Mapping[str, Scored], forest: IsolationForest, announced: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a 25 s bin with a trade near a pump: `number`, `bin`, `positive`, `isolation_forest`, each score.

    Args:
        pumps: All pumps.
        numbers: Which to take.
        scores: Scored rows of these, by name; bins without one score 0.
        forest: Isolation forest of the fast scale.
        announced: By tape, `announced` and `onset_25s`, ns.
    """
    parts = []
    for number in numbers:
        market = pumps.markets[number]
        fast = market.folded.fast
        moment, onset = announced.loc[[market.tape], ["announced", "onset_25s"]].to_numpy(np.int64)[0]
        near = np.abs(fast.end - moment) <= DAY_NS
        near &= fast["recent_trades"] > 0
        bins = fast.start[near] // BIN_NS
        scored = pd.Series(forest.suspicion(fast.values[near])).groupby(bins).max()
        part = pd.DataFrame({"isolation_forest": scored})
        for name, rows in scores.items():
            first, end = np.searchsorted(rows.market, [number, number + 1])
            told = pd.Series(rows.score[first:end]).groupby((rows.end[first:end] - 1) // BIN_NS).last()
            part[name] = told.reindex(scored.index).fillna(0.0)
        part["positive"] = part.index == onset // BIN_NS
        parts.append(part.assign(number=number).rename_axis("bin").reset_index())
    return pd.concat(parts, ignore_index=True)


def row_precision(bins: pd.DataFrame, column: str) -> RowPrecision:
    """Return the average precision of a column of scores in (0, 1)."""
    held = np.clip(bins[column].to_numpy(), 1e-9, 1 - 1e-9)
    odds = np.maximum(np.log(held / (1 - held)), _LOW)
    onset = odds - BEFORE_SHARE * (_best_before(bins["number"].to_numpy(), bins["bin"].to_numpy(), odds) - _LOW)
    positive = bins["positive"].to_numpy()
    number = bins["number"].to_numpy()
    return RowPrecision(_with_interval(number, positive, odds), _with_interval(number, positive, onset))


def _with_interval(
    number: NDArray[np.int64], positive: NDArray[np.bool_], score: NDArray[np.float64], draws: int = 200
) -> tuple[float, float, float]:
    # A pump drawn twice counts twice, with all its bins.
    random, names = np.random.default_rng(0), np.unique(number)
    place, found = np.searchsorted(names, number), []
    for _ in range(draws):
        times = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))[place]
        if times[positive].any():
            found.append(average_precision_score(positive, score, sample_weight=times))
    low, high = np.quantile(found, [0.05, 0.95])
    return float(average_precision_score(positive, score)), float(low), float(high)


def _best_before(number: NDArray[np.int64], bins: NDArray[np.int64], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    best = np.full(len(odds), _LOW)
    for back in range(1, BEFORE_BINS + 1):
        same = (number[back:] == number[:-back]) & (bins[back:] - bins[:-back] <= BEFORE_BINS)
        best[back:] = np.where(same, np.maximum(best[back:], odds[:-back]), best[back:])
    return best
