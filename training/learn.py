"""Learning: forests, classifiers and the combination of detectors, from folded and labelled markets.

What is fitted on top of a classifier (the combination, later the calibration) never sees a prediction for a row whose
group the classifier had learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from features.errors import TapewatchError
from features.fold import FAST, MARKET
from models.classifier import NONE
from models.combination import DETECTORS, Weights, combine, inputs
from models.isolation_forest import IsolationForest
from models.rules.base import Rule
from training.fit import fit_isolation_forest, non_overlapping
from training.fit_classifiers import ClassifierFit, Labelled, fit_classifiers
from training.labelling import LEFT_OUT, NEAR_NS, RIGHT, WRONG, Suspicions
from training.markets import MarketTape

LEAST_EPISODES = 3
LEAST_GROUPS = 3
_FOREST_ROWS = 40_000
_PULL_TO_PRIOR = 1.0
_PULL_ON_BIAS = 0.2


@dataclass(frozen=True)
class Learned:
    """Learned detectors of all scales and the weights that combine them with the rules.

    Attributes:
        classifiers: Comparison and winner by scale; none where no typology of the scale is labelled.
        forests: Isolation forest by scale; none where there were too few honest windows.
        weights: Combination by typology; none where the typology is not labelled.
        raw: Combined probability of each suspicion, by typology, from models that had not seen its group.
    """

    classifiers: dict[str, ClassifierFit]
    forests: dict[str, IsolationForest]
    weights: dict[str, Weights]
    raw: dict[str, NDArray[np.float64]]

    def judge(self, rows: Suspicions) -> NDArray[np.float64]:
        """Return the combined probability of suspicions that nothing was learned from, shape (n,)."""
        unknown = np.full(len(rows), np.nan)
        forest, fit = self.forests.get(rows.scale), self.classifiers.get(rows.scale)
        p_value = forest.p_values(rows.values) if forest else unknown
        probability = fit.classifier.by_typology(rows.values)[rows.typology] if fit else unknown
        return combine(inputs(rows.score, rows.evidence, probability, p_value), self.weights[rows.typology])


def learnable(suspected: Mapping[str, Suspicions]) -> tuple[str, ...]:
    """Return the typologies with enough labelled episodes that a rule at least suspected."""
    return tuple(
        typology
        for typology, rows in suspected.items()
        if rows.weight[rows.truth == RIGHT].sum() >= LEAST_EPISODES
    )


def learn(
    markets: Sequence[MarketTape], suspected: Mapping[str, Suspicions], rules: tuple[Rule, ...], *, seed: int
) -> Learned:
    """Fit all that is learned.

    Args:
        markets: Markets to learn from.
        suspected: What the rules suspect on them.
        rules: The catalogue.
        seed: Seed of everything random.

    Raises:
        TapewatchError: No typology has enough labelled episodes.
    """
    wanted = learnable(suspected)
    if not wanted:
        had = {name: round(rows.weight[rows.truth == RIGHT].sum()) for name, rows in suspected.items() if len(rows)}
        raise TapewatchError(
            f"a typology must have at least {LEAST_EPISODES} labelled episodes that a rule suspects, was {had}"
        )
    scale_of = {rule.typology: rule.scale for rule in rules}
    forests, classifiers = {}, {}
    weights: dict[str, Weights] = {}
    raw: dict[str, NDArray[np.float64]] = {}
    for scale in (MARKET, FAST):
        forest = _forest(markets, scale, seed)
        if forest is not None:
            forests[scale] = forest
        mine = {name: suspected[name] for name in wanted if scale_of[name] == scale}
        if not mine:
            continue
        fit = _classifier(mine, seed)
        if fit is not None:
            classifiers[scale] = fit
        probabilities = _probabilities(mine, fit)
        for name, rows in mine.items():
            p_value = forest.p_values(rows.values) if forest else np.full(len(rows), np.nan)
            x = inputs(rows.score, rows.evidence, probabilities[name], p_value)
            weights[name] = fit_weights(x, rows.truth, rows.weight)
            raw[name] = combine(x, weights[name])
    return Learned(classifiers, forests, weights, raw)


def _classifier(mine: Mapping[str, Suspicions], seed: int) -> ClassifierFit | None:
    rows = labelled(mine)
    is_right = rows.label != NONE
    # Too few wrong suspicions teach nothing but noise: the rules alone are that good on these markets.
    if len(np.unique(rows.group[~is_right])) < LEAST_GROUPS or len(np.unique(rows.group[is_right])) < LEAST_GROUPS:
        return None
    return fit_classifiers(rows, seed=seed)


def _forest(markets: Sequence[MarketTape], scale: str, seed: int) -> IsolationForest | None:
    values, number, end, span = [], [], [], 0
    for at, market in enumerate(markets):
        rows = market.folded.fast if scale == FAST else market.folded.market
        honest = np.ones(len(rows), dtype=bool)
        for begin, finish in zip(market.labels["start_ns"], market.labels["end_ns"], strict=True):
            honest &= (rows.end <= begin) | (rows.start > finish + NEAR_NS)
        values.append(rows.values[honest])
        number.append(np.full(int(honest.sum()), at))
        end.append(rows.end[honest])
        span = NEAR_NS
    # Every second market calibrates what the others taught.
    calibrates = np.concatenate(number) % 2 == 1
    if not len(calibrates) or not calibrates.any():
        return None
    all_values, all_numbers, all_ends = np.concatenate(values), np.concatenate(number), np.concatenate(end)
    teach = np.flatnonzero(~calibrates)
    teach = teach[:: max(1, len(teach) // _FOREST_ROWS)]
    apart = np.flatnonzero(calibrates)[non_overlapping(all_numbers[calibrates], all_ends[calibrates], span)]
    try:
        return fit_isolation_forest(all_values[teach], all_values[apart], seed=seed)
    except TapewatchError:
        return None


def labelled(mine: Mapping[str, Suspicions]) -> Labelled:
    """Return the suspicions of one scale as rows with one label each; right ones and wrong ones weigh alike."""
    parts = list(mine.values())
    truth = np.concatenate([rows.truth for rows in parts])
    label = np.concatenate([np.where(rows.truth == RIGHT, rows.typology, NONE) for rows in parts])
    key = np.stack([np.concatenate([rows.market for rows in parts]), np.concatenate([rows.end for rows in parts])])
    order = np.lexsort((-truth, key[1], key[0]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(key[:, order]) != 0).any(axis=0)
    left_out = np.isin(np.cumsum(first), np.cumsum(first)[truth[order] == LEFT_OUT])
    kept = order[first & ((truth[order] == RIGHT) | ~left_out)]
    weight = np.concatenate([rows.weight for rows in parts])[kept]
    is_right = truth[kept] == RIGHT
    weight[is_right] /= weight[is_right].sum() / len(kept)
    weight[~is_right] /= weight[~is_right].sum() / len(kept)
    values = np.concatenate([rows.values for rows in parts])[kept]
    return Labelled(values, label[kept], np.concatenate([rows.group for rows in parts])[kept], weight)


def _probabilities(mine: Mapping[str, Suspicions], fit: ClassifierFit | None) -> dict[str, NDArray[np.float64]]:
    if fit is None:
        return {name: np.full(len(rows), np.nan) for name, rows in mine.items()}
    # Rows that were left out of learning were seen by no fold; the final model judges them.
    rows = labelled(mine)
    known = {row.tobytes(): number for number, row in enumerate(rows.values)}
    out = {}
    for name, suspected in mine.items():
        column = fit.classifier.classes.index(name)
        probability = fit.classifier.by_typology(suspected.values)[name]
        for number, row in enumerate(suspected.values):
            at = known.get(row.tobytes())
            if at is not None:
                probability[number] = fit.out_of_fold[at, column]
        out[name] = probability
    return out


def fit_weights(x: NDArray[np.float64], truth: NDArray[np.int8], weight: NDArray[np.float64]) -> Weights:
    """Return the combination of one typology: a logistic with weights >= 0, held near the detectors' records.

    The prior of a detector's weight is the mean of its Beta posterior: of the suspicions at log-odds above 0, the
    share that was right, from one right and one wrong to begin with.

    Args:
        x: Detectors' log-odds, NaN where one abstains, shape (n, 3).
        truth: RIGHT, WRONG or LEFT_OUT.
        weight: Weight of each suspicion.
    """
    used = truth != LEFT_OUT
    absent = np.isnan(x[used])
    odds = np.where(absent, 0.0, x[used])
    design = np.concatenate([np.ones((len(odds), 1)), odds, absent.astype(float)], axis=1)
    y, w = (truth[used] == RIGHT).astype(float), weight[used]
    loud = odds > 0
    right = (loud * (y * w)[:, None]).sum(axis=0)
    record = (1.0 + right) / (2.0 + (loud * w[:, None]).sum(axis=0))
    prior = np.concatenate([[0.0], record, np.zeros(len(DETECTORS))])
    pull = np.array([_PULL_ON_BIAS, *[_PULL_TO_PRIOR] * (2 * len(DETECTORS))])

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z, away = design @ beta, beta - prior
        value = np.sum(w * (np.logaddexp(0.0, z) - y * z)) + 0.5 * np.sum(pull * away * away)
        gradient = design.T @ (w * (1.0 / (1.0 + np.exp(-z)) - y)) + pull * away
        return float(value), gradient

    bounds = [(None, None), *[(0.0, None)] * len(DETECTORS), *[(None, None)] * len(DETECTORS)]
    beta = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    n = len(DETECTORS)
    return Weights(float(beta[0]), tuple(map(float, beta[1 : n + 1])), tuple(map(float, beta[n + 1 :])))
