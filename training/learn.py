"""Learning: forests, classifiers and the combination of detectors, from folded and labelled markets.

What is fitted on top of a classifier (the combination, later the calibration) never sees a prediction for a row whose
group the classifier had learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from features.catalogue import GRAINS, grain_of
from features.errors import TapewatchError
from features.fold import ACCOUNT, FAST, MARKET
from models.classifier import NONE
from models.combination import DETECTORS, FULL_REACH, Weights, combine, inputs
from models.isolation_forest import IsolationForest
from models.records import Record
from models.rules.base import Rule
from training.candidates import candidates_of
from training.experiment import Experiment
from training.fit import FAST_PUBLIC, LEAST_ROWS, fit_isolation_forest, non_overlapping
from training.fit_classifiers import ClassifierFit, Labelled, fit_classifiers
from training.labelling import (
    NEAR_NS,
    Suspicions,
    honest_rows,
    is_judged,
    is_right,
    overlapping,
)
from training.markets import MarketTape
from training.onsets import fit_onsets
from training.search import Search
from training.track_records import BY_DETECTOR, of_rows, of_verdicts, together
from training.verdicts import is_partly

DEFAULT = Experiment()
LEAST_EPISODES = 3
LEAST_GROUPS = 3
_ROW = ("market", "end", "entity")
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
        probability: The classifier's word behind it, NaN where it abstains.
        p_value: The isolation forest's.
        onsets: Classifier of onsets by scale; only where labels name nobody, as on public tapes.
        records: Record of each detector by typology, of which the weights' priors are the means.
    """

    classifiers: dict[str, ClassifierFit]
    forests: dict[str, IsolationForest]
    weights: dict[str, Weights]
    raw: dict[str, NDArray[np.float64]]
    probability: dict[str, NDArray[np.float64]]
    p_value: dict[str, NDArray[np.float64]]
    onsets: dict[str, ClassifierFit] = field(default_factory=dict)
    records: dict[str, dict[str, Record]] = field(default_factory=dict)

    def winners(self) -> str:
        """Return the names of the classifiers that won, such as "hist_gradient_boosting"; "rules" without any."""
        return "+".join(sorted({fit.winner for fit in self.classifiers.values()})) or "rules"

    def onset(self, rows: Suspicions) -> NDArray[np.float64]:
        """Return how likely suspicions are the onset of what they suspect, shape (n,); NaN where nobody can tell."""
        fit, told = self.classifiers.get(rows.scale), self.onsets.get(rows.scale)
        if fit is None or told is None:
            return np.full(len(rows), np.nan)
        both = fit.classifier.by_typology(rows.values), told.classifier.by_typology(rows.values)
        onset: NDArray[np.float64] = both[0][rows.typology] * both[1][rows.typology]
        return onset

    def judge(self, rows: Suspicions) -> NDArray[np.float64]:
        """Return the combined probability of suspicions that nothing was learned from, shape (n,)."""
        unknown = np.full(len(rows), np.nan)
        forest, fit = self.forests.get(rows.scale), self.classifiers.get(rows.scale)
        p_value = forest.p_values(rows.values) if forest else unknown
        probability = fit.classifier.by_typology(rows.values)[rows.typology] if fit else unknown
        return combine(inputs(rows.score, rows.evidence, probability, p_value), self.weights[rows.typology])


def episodes_in(rows: Suspicions) -> int:
    """Return how many labelled episodes the right suspicions stand for; the weights of each sum to 1."""
    return round(float(rows.weight[is_right(rows.truth)].sum()))


def learnable(suspected: Mapping[str, Suspicions]) -> tuple[str, ...]:
    """Return the typologies with enough labelled episodes that a rule at least suspected."""
    return tuple(name for name, rows in suspected.items() if episodes_in(rows) >= LEAST_EPISODES)


def learn(
    markets: Sequence[MarketTape],
    suspected: Mapping[str, Suspicions],
    rules: tuple[Rule, ...],
    *,
    experiment: Experiment = DEFAULT,
    reach: tuple[float, ...] = FULL_REACH,
    search: Search | None = None,
    known: pd.DataFrame | None = None,
) -> Learned:
    """Fit all that is learned.

    Args:
        markets: Markets to learn from.
        suspected: What the rules suspect on them.
        rules: The catalogue.
        experiment: What is learned, and how; its seed is the seed of everything random.
        reach: Largest log-odds that each detector may bring to the combination.
        search: Finds the candidates' settings; those of the experiment are taken by default.
        known: Further episodes (`symbol`, `time_ns`), near which nothing is honest.

    Raises:
        TapewatchError: No typology has enough labelled episodes.
    """
    # An anomaly is a fact, whether somebody planted it or not: there is nothing to learn about its truth.
    wanted = learnable({rule.typology: suspected[rule.typology] for rule in rules if rule.category == "manipulation"})
    if not wanted:
        had = {name: episodes_in(rows) for name, rows in suspected.items() if len(rows)}
        raise TapewatchError(
            f"a typology must have at least {LEAST_EPISODES} labelled episodes that a rule suspects, was {had}"
        )
    learned = Learned({}, {}, {}, {}, {}, {})
    for scale in (MARKET, FAST, ACCOUNT):
        forest = _forest(markets, scale, experiment, known)
        if forest is not None:
            learned.forests[scale] = forest
        names = [rule.typology for rule in rules if rule.scale == scale and rule.typology in wanted]
        if names:
            mine = {name: suspected[name] for name in names}
            fit = _classifier(mine, scale, experiment, search)
            _combine_scale(learned, scale, mine, markets, fit, reach)
            onsets = fit_onsets(mine, experiment) if scale == FAST else None
            if onsets is not None:
                learned.onsets[scale] = onsets
    return learned


def _combine_scale(
    learned: Learned, scale: str, mine: Mapping[str, Suspicions], markets: Sequence[MarketTape],
    fit: ClassifierFit | None, reach: tuple[float, ...],
) -> None:  # fmt: skip
    forest = learned.forests.get(scale)
    if fit is not None:
        learned.classifiers[scale] = fit
    probabilities = unseen_probabilities(mine, fit)
    # An alert that somebody looked at is one verdict, not as many as it has rows.
    is_complete, verdicts = np.array([not is_partly(market.labels) for market in markets]), of_verdicts(markets)
    for name, rows in mine.items():
        p_value = forest.p_values(rows.values) if forest else np.full(len(rows), np.nan)
        x = inputs(rows.score, rows.evidence, probabilities[name], p_value)
        whole = is_complete[rows.market]
        seeded = of_rows(x[whole], rows.truth[whole], rows.weight[whole])
        learned.records[name] = together(seeded, verdicts.get(name, BY_DETECTOR))
        learned.weights[name] = fit_weights(x, rows.truth, rows.weight, reach, learned.records[name])
        learned.raw[name] = combine(x, learned.weights[name])
        learned.probability[name], learned.p_value[name] = probabilities[name], p_value


def _classifier(
    mine: Mapping[str, Suspicions], scale: str, experiment: Experiment, search: Search | None
) -> ClassifierFit | None:
    rows = labelled(mine, experiment)
    is_right = rows.label != NONE
    # Too few wrong suspicions teach nothing but noise: the rules alone are that good on these markets.
    if len(np.unique(rows.group[~is_right])) < LEAST_GROUPS or len(np.unique(rows.group[is_right])) < LEAST_GROUPS:
        return None
    try:
        return fit_classifiers(
            rows,
            seed=experiment.seed,
            candidates=candidates_of(experiment),
            allowed=experiment.features.of(rows.grain),
            tune=partial(search.tuned, scale) if search else None,
        )
    except TapewatchError:
        # Too few rows know what any variant reads: the bundle does without, as with the forest.
        return None


def calibrating(markets: Sequence[MarketTape]) -> NDArray[np.bool_]:
    """Return which markets calibrate the isolation forest that the others teach, shape (n_markets,).

    Alternately over the symbols, and over the tapes of each symbol, so that every symbol with several tapes does
    both, and one tape of two symbols is enough. Overlapping tapes of a symbol do the same, so that no moment does both.

    Args:
        markets: Markets to learn from, any order.
    """
    groups = overlapping(markets)
    symbols = sorted({(market.venue, market.symbol) for market in markets})
    of_symbol: dict[tuple[str, str], list[int]] = {key: [] for key in symbols}
    for number in sorted(range(len(markets)), key=lambda n: markets[n].start):
        of_one = of_symbol[markets[number].venue, markets[number].symbol]
        if int(groups[number]) not in of_one:
            of_one.append(int(groups[number]))
    place = {group: rank + turn for rank, key in enumerate(symbols) for turn, group in enumerate(of_symbol[key])}
    return np.array([place[int(group)] % 2 == 1 for group in groups], dtype=bool)


def _forest(
    markets: Sequence[MarketTape], scale: str, experiment: Experiment, known: pd.DataFrame | None
) -> IsolationForest | None:
    grain = grain_of(scale)
    calibrates, taught, held_out = calibrating(markets), [np.empty((0, len(GRAINS[grain])))], []
    for market, calibrate in zip(markets, calibrates, strict=True):
        rows = market.folded.rows_of(scale)
        honest = np.flatnonzero(honest_rows(rows, market, known))
        if calibrate:
            # Windows that overlap would count one honest hour as many.
            honest = honest[non_overlapping(rows.entity[honest].astype(np.int64), rows.end[honest], NEAR_NS)]
            held_out.append(rows.values[honest])
        else:
            taught.append(rows.values[honest])
    teach = np.concatenate(taught)
    if not held_out or len(teach) < LEAST_ROWS:
        return None
    try:
        few = teach[:: max(1, len(teach) // _FOREST_ROWS)]
        public = FAST_PUBLIC if scale == FAST else None
        return fit_isolation_forest(
            few,
            np.concatenate(held_out),
            seed=experiment.seed,
            settings=experiment.isolation_forest,
            public=public,
            grain=grain,
            allowed=experiment.features.of(grain),
        )
    except TapewatchError:
        # Too few rows know the six features: the bundle does without, and the combination learns that it is absent.
        return None


def labelled(mine: Mapping[str, Suspicions], experiment: Experiment = DEFAULT) -> Labelled:
    """Return the suspicions of one scale as rows with one label each, weighed as the experiment says."""
    parts, kept = list(mine.values()), kept_for_learning(mine)
    label = np.concatenate([np.where(is_right(rows.truth), rows.typology, NONE) for rows in parts])
    values, group = np.concatenate([rows.values for rows in parts]), np.concatenate([rows.group for rows in parts])
    weight = balanced(np.concatenate([rows.weight for rows in parts])[kept], label[kept], experiment)
    return Labelled(values[kept], label[kept], group[kept], weight, grain_of(parts[0].scale))


def balanced(weight: NDArray[np.float64], label: NDArray[np.str_], experiment: Experiment) -> NDArray[np.float64]:
    """Return weights that treat the imbalance of classes as the experiment says.

    Args:
        weight: Weight of each row, so that those of an episode, and of a run of wrong suspicions, sum to 1.
        label: Typology of each row, or "none".
        experiment: `balanced`: right and wrong rows weigh alike; `effective_number`: each class weighs what its
            episodes add to one another; `none`: as they are.
    """
    out: NDArray[np.float64] = weight.copy()
    if experiment.imbalance == "none":
        out *= len(weight) / weight.sum()
        return out
    by_class, b = experiment.imbalance == "effective_number", experiment.effective_b
    kinds = label if by_class else label != NONE
    for kind in np.unique(kinds):
        mine = kinds == kind
        total = weight[mine].sum()
        out[mine] *= len(weight) * ((1 - b**total) / (1 - b) if by_class else 1.0) / total
    if by_class:
        out *= len(out) / out.sum()
    return out


def kept_for_learning(mine: Mapping[str, Suspicions]) -> NDArray[np.int64]:
    """Return numbers into the suspicions of one scale, end to end: one for each feature row that may be learned from.

    A row is a market, the end of a bucket and whom it is about. What several rules suspect in it is one row: right if
    any of them was, and otherwise left out if any of them is.
    """
    truth, key = np.concatenate([rows.truth for rows in mine.values()]), _row_key(mine)
    strength = np.select([is_right(truth), ~is_judged(truth)], [2, 1], 0)
    order = np.lexsort((-strength, *key[::-1]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(key[:, order]) != 0).any(axis=0)
    kept: NDArray[np.int64] = order[first & is_judged(truth[order])]
    return kept


def _row_key(mine: Mapping[str, Suspicions]) -> NDArray[np.int64]:
    return np.array([np.concatenate([getattr(rows, name) for rows in mine.values()]) for name in _ROW])


def unseen_probabilities(mine: Mapping[str, Suspicions], fit: ClassifierFit | None) -> dict[str, NDArray[np.float64]]:
    """Return the classifier's probability of each suspicion, by typology, from folds that had not learned its group.

    Rows that were left out of learning were in no fold, so the final model judges them.

    Args:
        mine: Suspicions of one scale.
        fit: What came of `labelled(mine)`; None where no classifier was learned, which then abstains.
    """
    if fit is None:
        return {name: np.full(len(rows), np.nan) for name, rows in mine.items()}
    kept = kept_for_learning(mine)
    number = {tuple(key): at for at, key in enumerate(_row_key(mine)[:, kept].T.tolist())}
    out = {}
    for name, rows in mine.items():
        keys = zip(*(getattr(rows, part).tolist() for part in _ROW), strict=True)
        at = np.array([number.get(key, -1) for key in keys])
        probability, learned = fit.classifier.by_typology(rows.values)[name], np.flatnonzero(at >= 0)
        probability[learned] = fit.out_of_fold[at[learned], fit.classifier.classes.index(name)]
        out[name] = probability
    return out


def fit_weights(
    x: NDArray[np.float64],
    truth: NDArray[np.int8],
    weight: NDArray[np.float64],
    reach: tuple[float, ...] = FULL_REACH,
    records: Mapping[str, Record] | None = None,
) -> Weights:
    """Return the combination of one typology: a logistic with weights >= 0, held near the detectors' records.

    The prior of a detector's weight is the mean of its Beta posterior: of the suspicions at log-odds above 0, the
    share that was right, from one right and one wrong to begin with.

    Args:
        x: Detectors' log-odds, NaN where one abstains, shape (n, 3).
        truth: As in `Suspicions`; only those that are right or wrong count.
        weight: Weight of each suspicion.
        reach: Largest log-odds that each detector may bring.
        records: Record of each detector; that over these suspicions by default.
    """
    records = of_rows(x, truth, weight) if records is None else records
    used = is_judged(truth)
    absent = np.isnan(x[used])
    odds = np.where(absent, 0.0, np.clip(x[used], -np.array(reach), reach))
    design = np.concatenate([np.ones((len(odds), 1)), odds, absent.astype(float)], axis=1)
    y, w = is_right(truth[used]).astype(float), weight[used]
    prior = np.array([0.0, *(records[name].mean for name in DETECTORS), *[0.0] * len(DETECTORS)])
    pull = np.array([_PULL_ON_BIAS, *[_PULL_TO_PRIOR] * (2 * len(DETECTORS))])

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z, away = design @ beta, beta - prior
        value = np.sum(w * (np.logaddexp(0.0, z) - y * z)) + 0.5 * np.sum(pull * away * away)
        gradient = design.T @ (w * (1.0 / (1.0 + np.exp(-z)) - y)) + pull * away
        return float(value), gradient

    bounds = [(None, None), *[(0.0, None)] * len(DETECTORS), *[(None, None)] * len(DETECTORS)]
    beta = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    n = len(DETECTORS)
    return Weights(float(beta[0]), tuple(map(float, beta[1 : n + 1])), tuple(map(float, beta[n + 1 :])), reach)
