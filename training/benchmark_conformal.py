"""Do conformal p-values hold their level? Of honest windows, 1 % must look at least as unusual as p = 0.01 says.

A fifth of the windows teach the isolation forest, 39 % calibrate it, the rest are judged: once at random, where windows
are exchangeable and the level must hold, and once in time order of the tapes, where it shows how far later markets are
from earlier ones. Windows do not overlap; what the dataset labels or knows of is left out, and two hours around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import beta

from features.errors import TapewatchError
from features.fold import FAST, MARKET
from features.readers import read_dataset
from models.parameters import Parameters
from training.fit import FAST_PUBLIC, fit_isolation_forest, non_overlapping
from training.labelling import NEAR_NS, honest_rows, known_episodes
from training.markets import MarketTape, Progress, fold_tape
from training.over_tapes import over_tapes

LEVELS = (0.01, 0.05, 0.1)
TEACH, CALIBRATE = 0.2, 0.59
_LEAST_TAPES = 5
_AROUND_NS = 2 * NEAR_NS
_SCALES = (MARKET, FAST)


@dataclass(frozen=True)
class Level:
    """How often honest windows fall at or below a level.

    Attributes:
        judged: What was judged: windows at random, or later tapes.
        scale: Scale of the rows.
        level: The level.
        calibrated: Windows that calibrated the forest.
        windows: Windows judged.
        below: How many of them had a p-value at or below the level.
    """

    judged: str
    scale: str
    level: float
    calibrated: int
    windows: int
    below: int

    @property
    def rate(self) -> float:
        """Share of windows at or below the level."""
        return self.below / self.windows if self.windows else float("nan")

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of what is to be expected of exact p-values over this many windows (Beta-binomial).

        It has the chance of the windows judged and of the windows that calibrated.
        """
        k = max(1, int(np.floor(self.level * (self.calibrated + 1))))
        share = beta(k, self.calibrated + 1 - k)
        spread = np.sqrt(share.var() + self.level * (1 - self.level) / max(self.windows, 1))
        return max(0.0, float(share.mean() - 1.96 * spread)), float(share.mean() + 1.96 * spread)


@dataclass(frozen=True)
class ConformalBenchmark:
    """Levels by scale."""

    levels: tuple[Level, ...]

    def figures(self) -> dict[str, object]:
        """Return all figures as JSON types."""
        return {
            "levels": [
                {"judged": one.judged, "scale": one.scale, "level": one.level, "calibrated": one.calibrated,
                 "windows": one.windows, "rate": one.rate, "expected": one.interval()}
                for one in self.levels
            ]
        }  # fmt: skip


def benchmark(
    path: Path, parameters: Parameters, *, seed: int = 0, progress: Progress | None = None
) -> ConformalBenchmark:
    """Fit isolation forests on the earliest tapes and count how often honest windows of the last fall below levels.

    Args:
        path: Dataset; its labels and `known_pumps.csv` say what is not honest.
        parameters: Windows.
        seed: Seed of the forests.
        progress: Called with (tapes read, tapes in all).

    Raises:
        TapewatchError: There are fewer than 5 tapes.
    """
    dataset, job = read_dataset(path), partial(_honest_windows, parameters, known_episodes(path))
    found = [one for tape in over_tapes(dataset, job, progress) for one in tape]
    honest = sorted(found, key=lambda one: (one.start, one.tape))
    tapes = list(dict.fromkeys(one.tape for one in honest))
    if len(tapes) < _LEAST_TAPES:
        raise TapewatchError(f"{path}: must hold at least {_LEAST_TAPES} tapes, was {len(tapes)}")
    levels: list[Level] = []
    for scale in _SCALES:
        ordered = np.concatenate([one.values[scale] for one in honest])
        shuffled = ordered[np.random.default_rng(seed).permutation(len(ordered))]
        for judged, values in (("at random", shuffled), ("later tapes", ordered)):
            levels += levels_of(judged, scale, values, seed)
    return ConformalBenchmark(tuple(levels))


def levels_of(judged: str, scale: str, values: NDArray[np.float64], seed: int) -> list[Level]:
    """Return how often the last of honest windows fall at or below each level, by what the first ones taught.

    Args:
        judged: What to call it.
        scale: Scale of the rows.
        values: Rows in the order in which they teach, calibrate and are judged, shape (n_rows, n_features).
        seed: Seed of the forest.
    """
    first, second = (round(share * len(values)) for share in (TEACH, CALIBRATE))
    teach, calibrate, judge = np.split(values, [first, second])
    public = FAST_PUBLIC if scale == FAST else None
    forest = fit_isolation_forest(teach, calibrate, seed=seed, public=public)
    p_values = forest.p_values(judge)
    known = p_values[~np.isnan(p_values)]
    calibrated = max(len(variant.conformal.scores) for variant in forest.variants)
    return [Level(judged, scale, at, calibrated, len(known), int(np.sum(known <= at))) for at in LEVELS]


@dataclass(frozen=True)
class _Honest:
    tape: str
    start: int
    values: dict[str, NDArray[np.float64]]


def _honest_windows(
    parameters: Parameters, known: pd.DataFrame | None, tape: Path, labels: pd.DataFrame
) -> list[_Honest]:
    return [
        _Honest(market.tape, market.start, {scale: _windows(market, scale, known) for scale in _SCALES})
        for market in fold_tape(tape, labels, parameters)
    ]


def _windows(market: MarketTape, scale: str, known: pd.DataFrame | None) -> NDArray[np.float64]:
    rows = market.folded.rows_of(scale)
    honest = np.flatnonzero(honest_rows(rows, market, known, _AROUND_NS, _AROUND_NS))
    return rows.values[honest[non_overlapping(rows.entity[honest].astype(np.int64), rows.end[honest], NEAR_NS)]]


def table_of(result: ConformalBenchmark) -> Table:
    """Return a row a scale and level."""
    table = Table(title="Honest windows at or below a level of p", box=None, pad_edge=False, title_justify="left")
    for name in ("judged", "scale", "level", "found", "relative", "exact, 95 %", "windows", "calibrated"):
        table.add_column(name, justify="left" if name in ("judged", "scale") else "right", no_wrap=True)
    for one in result.levels:
        low, high = one.interval()
        table.add_row(
            one.judged, one.scale, f"{one.level:.0%}", f"{one.rate:.2%}", f"{one.rate / one.level - 1:+.0%}",
            f"{low:.2%}–{high:.2%}", f"{one.windows:,}", f"{one.calibrated:,}",
        )  # fmt: skip
    return table
