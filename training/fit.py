"""Fitting over feature matrices: what a model may read, and the isolation forest with its calibration."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest as Estimator

from features.catalogue import COLUMNS, MARKET_GRAIN
from features.errors import TapewatchError
from models.conformal import Conformal
from models.isolation_forest import ForestVariant, IsolationForest
from models.trees import flatten_isolation_forest
from models.variants import NEEDS, VARIANTS, Inputs
from training.experiment import IsolationForest as ForestSettings

KNOWN = 0.99
LEAST_ROWS = 50
FOREST = ForestSettings()
FAST_PUBLIC = ("sweep", "rise_10s", "return_deviation")
"""What the isolation forest of the fast scale reads on a public tape.

A forest cuts at random, so each feature that says nothing dilutes the others: on the 84 tested pumps of data/pumps
these three rank the 25 s bins of onsets at an average precision of .6, all 33 at .2.
"""


def choose_inputs(
    variant: str,
    values: NDArray[np.float64],
    fill: Literal["median", "unknown"],
    names: tuple[str, ...] | None = None,
    grain: str = MARKET_GRAIN,
) -> Inputs | None:
    """Return what a model of a variant may read, judged by the rows that have the variant's kinds of data.

    Args:
        variant: Name in `VARIANTS` of the grain.
        values: Training rows in catalogue order, shape (n_rows, n_features).
        fill: What stands in for what is unknown: the median, or nothing (the trees have a branch for it).
        names: Features to choose from; all of the variant's by default.
        grain: Grain of the rows.

    Returns:
        Required is what at least 99 % of those rows know, and the best known feature of each kind of data (trades,
        aggressor, accounts, orders), so that the model abstains where a kind of data is missing altogether. None with
        fewer than 50 such rows.
    """
    names = VARIANTS[grain][variant] if names is None else names
    column, needs = COLUMNS[grain], NEEDS[grain]
    known = np.isfinite(values[:, [column[name] for name in names]])
    kinds = {kind: [i for i, name in enumerate(names) if needs[name] == kind] for kind in {needs[n] for n in names}}
    has_data = np.all([known[:, columns].any(axis=1) for columns in kinds.values()], axis=0)
    if np.count_nonzero(has_data) < LEAST_ROWS:
        return None
    share = known[has_data].mean(axis=0)
    best = {max(columns, key=lambda i: share[i]) for columns in kinds.values()}
    features = tuple(name for i, name in enumerate(names) if share[i] > 0)
    required = tuple(name for i, name in enumerate(names) if share[i] >= KNOWN or i in best)
    columns = values[has_data][:, [column[name] for name in features]]
    filler = _medians(columns) if fill == "median" else np.full(len(features), np.nan)
    return Inputs(variant, features, required, filler, grain)


def _medians(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.median(column[np.isfinite(column)]) for column in columns.T])


def non_overlapping(market: NDArray[np.int64], end: NDArray[np.int64], span_ns: int) -> NDArray[np.int64]:
    """Return the numbers of rows whose windows do not overlap: of each market the earliest, then the next that is free.

    Args:
        market: Market (of one tape) of each row, shape (n_rows,).
        end: End of each row's bucket, ns, shape (n_rows,).
        span_ns: Length of a window, ns.

    Returns:
        Row numbers, ascending.

    Example:
        >>> non_overlapping(np.array([0, 0, 0, 1]), np.array([60, 90, 120, 70]), 60).tolist()
        [0, 2, 3]
    """
    kept: list[int] = []
    free_from: dict[int, int] = {}
    for row in np.argsort(end, kind="stable"):
        key = int(market[row])
        if end[row] >= free_from.get(key, end[row]):
            kept.append(int(row))
            free_from[key] = int(end[row]) + span_ns
    return np.array(sorted(kept), dtype=np.int64)


def fit_isolation_forest(
    train: NDArray[np.float64],
    calibration: NDArray[np.float64],
    *,
    seed: int,
    settings: ForestSettings = FOREST,
    public: tuple[str, ...] | None = None,
    grain: str = MARKET_GRAIN,
    allowed: frozenset[str] | None = None,
) -> IsolationForest:
    """Return an isolation forest in all variants that the rows allow.

    Args:
        train: Rows to learn from, mostly honest, in catalogue order, shape (n_rows, n_features).
        calibration: Honest rows of non-overlapping windows that are not among `train`, catalogue order.
        seed: Seed of the trees.
        settings: Trees of each variant, and what each is grown on.
        public: Features that the variant for public tapes may read, such as `FAST_PUBLIC`; all of its by default.
        grain: Grain of the rows.
        allowed: Features that may be read; all by default.

    Raises:
        TapewatchError: No variant has 50 rows to learn from and one to be calibrated on.
    """
    reads = VARIANTS[grain] if public is None else {**VARIANTS[grain], "public": public}
    if allowed is not None:
        reads = {variant: tuple(name for name in names if name in allowed) for variant, names in reads.items()}
    chosen = [choose_inputs(name, train, "median", names, grain) for name, names in reads.items() if names]
    fitted = [_fit_variant(inputs, train, calibration, seed, settings) for inputs in chosen if inputs is not None]
    variants = tuple(variant for variant in fitted if variant is not None)
    if not variants:
        raise TapewatchError(
            f"an isolation forest needs {LEAST_ROWS} rows to learn from and honest rows to be calibrated on, "
            f"was {len(train)} and {len(calibration)} (rows without the features of any variant count for nothing)"
        )
    return IsolationForest(variants)


def _fit_variant(
    inputs: Inputs, train: NDArray[np.float64], calibration: NDArray[np.float64], seed: int, settings: ForestSettings
) -> ForestVariant | None:
    learned, held_out = train[inputs.judges(train)], calibration[inputs.judges(calibration)]
    if len(learned) < LEAST_ROWS or len(held_out) == 0:
        return None
    model = Estimator(
        n_estimators=settings.trees,
        max_samples=min(settings.max_samples, len(learned)),
        max_features=settings.max_features,
        random_state=seed,
        n_jobs=2,
    ).fit(inputs.matrix(learned))
    normal_length = settings.trees * _average_path_length(model.max_samples_)
    variant = ForestVariant(inputs, flatten_isolation_forest(model), normal_length, Conformal(np.empty(0)))
    return ForestVariant(inputs, variant.trees, normal_length, Conformal.fit(variant.scores(held_out)))


def _average_path_length(samples: int) -> float:
    # Of an unsuccessful search in a binary tree; Liu et al. 2008, equation 1.
    if samples <= 2:
        return float(samples == 2)
    return float(2.0 * (np.log(samples - 1.0) + np.euler_gamma) - 2.0 * (samples - 1.0) / samples)
