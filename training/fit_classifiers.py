"""Fitting classifiers of typologies: candidates compared by grouped cross-validation, the winner as plain arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import MARKET_GRAIN
from features.errors import TapewatchError
from models.classifier import NONE, Classifier, ClassifierVariant
from models.variants import VARIANTS, Inputs, route
from training.candidates import Candidate, Estimator, Maker, candidates_of, flattened
from training.experiment import Experiment
from training.fit import choose_inputs
from training.search import Scores, Tuned

N_FOLDS, N_JOBS = 4, 2
CANDIDATES = candidates_of(Experiment())
Tune = Callable[[str, Maker, str, Scores], Tuned]
"""Chooses the settings of a candidate, from its name, its maker, the digest of the rows and their scores."""
AVERAGE_PRECISION = "average_precision"
_LEAST_ASKED = 100
_IMPORTANCE_ROWS, _IMPORTANCE_REPEATS = 1000, 2


@dataclass(frozen=True)
class Labelled:
    """Feature rows and what they are.

    Attributes:
        values: Rows in catalogue order, shape (n_rows, n_features).
        label: Typology of each row, or "none", shape (n_rows,).
        group: What rows must stay together in cross-validation: the tape, or the event, shape (n_rows,).
        weight: Weight of each row, > 0, shape (n_rows,).
        grain: Grain of the rows.
    """

    values: NDArray[np.float64]
    label: NDArray[np.str_]
    group: NDArray[np.int64]
    weight: NDArray[np.float64]
    grain: str = MARKET_GRAIN

    def take(self, rows: NDArray[np.int64]) -> Labelled:
        """Return the given rows."""
        return Labelled(self.values[rows], self.label[rows], self.group[rows], self.weight[rows], self.grain)

    def digest(self) -> str:
        """Return SHA-256 over all there is to learn from."""
        total = hashlib.sha256(self.grain.encode())
        for column in (self.values, self.label.astype("U64"), self.group, self.weight):
            total.update(np.ascontiguousarray(column).tobytes())
        return total.hexdigest()


@dataclass(frozen=True)
class ClassifierFit:
    """What came of a comparison.

    Attributes:
        classifier: The winner, fitted on all rows, in all variants that the rows allow.
        winner: Its name among `CANDIDATES`.
        metrics: Cross-validated metrics of each candidate: `average_precision` (mean over the typologies),
            `log_loss`, `average_precision.<typology>`.
        out_of_fold: Probabilities of each row from models that saw no row of its group, shape (n_rows, n_classes); NaN
            where the classifier abstains, and where a lesser variant judges fewer than 100 rows in all. What is fitted
            on top of the classifier must be fitted on these.
        features: Features of the compared variant.
        importance: Mean and standard deviation of the average precision lost when a feature is shuffled, on held-out
            rows, shape (2, n_features).
        held_out: Rows that one fold of the winner had not learned from.
        fold_model: What that fold had learned.
        tuned: What the search chose for each candidate.
    """

    classifier: Classifier
    winner: str
    metrics: dict[str, dict[str, float]]
    out_of_fold: NDArray[np.float64]
    features: tuple[str, ...]
    importance: NDArray[np.float64]
    held_out: Labelled
    fold_model: ClassifierVariant
    tuned: Mapping[str, Tuned]

    def settings(self, candidate: str) -> dict[str, object]:
        """Return the hyper-parameters that a candidate was compared with."""
        make = self.tuned[candidate].make
        return make.settings.model_dump() if isinstance(make, Candidate) else {}


def fit_classifiers(
    rows: Labelled,
    *,
    seed: int,
    candidates: Mapping[str, Maker] = CANDIDATES,
    allowed: frozenset[str] | None = None,
    tune: Tune | None = None,
) -> ClassifierFit:
    """Compare candidates by grouped cross-validation on average precision and fit the winner.

    They are compared on the variant that sees most; the other variants take the winner's algorithm.

    Args:
        rows: What to learn from.
        seed: Seed of folds and trees.
        candidates: Makes an unfitted classifier from a seed, by name.
        allowed: Features that may be read; all by default.
        tune: Chooses the settings of each candidate first; the candidates are taken as they are by default.

    Raises:
        TapewatchError: Only one class, fewer than 2 groups, or fewer than 50 rows with known features.
    """
    _refuse_one_kind(rows)
    classes = (NONE, *sorted(set(rows.label.tolist()) - {NONE}))
    inputs = _inputs(rows, allowed)
    judge = route(inputs, rows.values)
    first = min(set(judge.tolist()) - {-1})
    tuned = {name: Tuned(make) for name, make in candidates.items()}
    if tune is not None:
        scores = partial(_scores, rows, inputs[first], judge == first, classes, seed)
        tuned = {name: tune(name, make, rows.digest(), scores) for name, make in candidates.items()}
    validations = {
        name: _cross_validate(rows, inputs[first], judge == first, classes, one.make, seed)
        for name, one in tuned.items()
    }
    metrics = {name: _metrics(rows, item.out_of_fold, classes) for name, item in validations.items()}
    winner = max(metrics, key=lambda name: metrics[name][AVERAGE_PRECISION])
    make, validation = tuned[winner].make, validations[winner]
    for number in np.flatnonzero(np.bincount(judge[judge > first], minlength=1) >= _LEAST_ASKED):
        other = _cross_validate(rows, inputs[number], judge == number, classes, make, seed)
        validation.out_of_fold[judge == number] = other.out_of_fold[judge == number]
    return ClassifierFit(
        classifier=Classifier(classes, tuple(_fit_all(rows, inputs, classes, make, seed))),
        winner=winner,
        metrics=metrics,
        out_of_fold=validation.out_of_fold,
        features=inputs[first].features,
        importance=_importance(rows.take(validation.test), validation.fold_model, classes, seed),
        held_out=rows.take(validation.test),
        fold_model=validation.fold_model,
        tuned=tuned,
    )


def _refuse_one_kind(rows: Labelled) -> None:
    if len(set(rows.label.tolist())) < 2 or len(set(rows.group.tolist())) < 2:
        raise TapewatchError(
            "a classifier needs rows of at least 2 classes in at least 2 groups (tapes or events), "
            f"was {sorted(set(rows.label.tolist()))} in {len(set(rows.group.tolist()))}"
        )


def _inputs(rows: Labelled, allowed: frozenset[str] | None) -> list[Inputs]:
    reads = {
        variant: tuple(name for name in names if allowed is None or name in allowed)
        for variant, names in VARIANTS[rows.grain].items()
    }
    chosen = [choose_inputs(name, rows.values, "unknown", reads[name], rows.grain) for name in reads if reads[name]]
    inputs = [item for item in chosen if item and len(np.unique(rows.group[item.judges(rows.values)])) >= 2]
    if not inputs:
        raise TapewatchError(
            f"a classifier needs 50 rows with known features in 2 groups, was {len(rows.label)} without"
        )
    return inputs


@dataclass(frozen=True)
class _Validation:
    out_of_fold: NDArray[np.float64]
    fold_model: ClassifierVariant
    test: NDArray[np.int64]


def _cross_validate(
    rows: Labelled,
    inputs: Inputs,
    wanted: NDArray[np.bool_],
    classes: tuple[str, ...],
    make: Maker,
    seed: int,
) -> _Validation:
    # Learns from all rows the variant can judge, predicts those it is wanted for.
    able = np.flatnonzero(inputs.judges(rows.values))
    out = np.full((len(rows.label), len(classes)), np.nan)
    folds = _folds(rows.take(able), seed)
    models = Parallel(n_jobs=N_JOBS, prefer="threads")(
        delayed(_fit)(rows.take(able[train]), inputs, classes, make(seed)) for train, _ in folds
    )
    for model, (_, test) in zip(models, folds, strict=True):
        asked = able[test][wanted[able[test]]]
        if len(asked):
            out[asked] = Classifier(classes, (model,)).probabilities(rows.values[asked])
    # The last fold's model and its held-out rows serve to measure importances.
    return _Validation(out, models[-1], able[folds[-1][1]])


def _scores(
    rows: Labelled, inputs: Inputs, wanted: NDArray[np.bool_], classes: tuple[str, ...], seed: int, make: Maker
) -> Iterator[float]:
    # Average precision of all rows predicted so far, after each fold; the last is what `_cross_validate` comes to.
    able = np.flatnonzero(inputs.judges(rows.values))
    out = np.full((len(rows.label), len(classes)), np.nan)
    for train, test in _folds(rows.take(able), seed):
        model = _fit(rows.take(able[train]), inputs, classes, make(seed))
        asked = able[test][wanted[able[test]]]
        if len(asked):
            out[asked] = Classifier(classes, (model,)).probabilities(rows.values[asked])
            yield _metrics(rows, out, classes)[AVERAGE_PRECISION]


def _folds(rows: Labelled, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    n_folds = min(N_FOLDS, len(set(rows.group.tolist())))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(rows.values, _known_classes(rows.label, n_folds), rows.group))


def _known_classes(label: NDArray[np.str_], n_folds: int) -> NDArray[np.str_]:
    # scikit-learn warns of classes with fewer rows than folds; they are stratified together.
    names, number, count = np.unique(label, return_inverse=True, return_counts=True)
    return np.where(count[number] < n_folds, "rare", names[number])


def _fit_all(
    rows: Labelled, inputs: list[Inputs], classes: tuple[str, ...], make: Maker, seed: int
) -> list[ClassifierVariant]:
    fitted: list[ClassifierVariant] = Parallel(n_jobs=N_JOBS, prefer="threads")(
        delayed(_fit)(rows, item, classes, make(seed)) for item in inputs
    )
    return fitted


def _fit(rows: Labelled, inputs: Inputs, classes: tuple[str, ...], model: Estimator) -> ClassifierVariant:
    able = np.flatnonzero(inputs.judges(rows.values))
    target = np.searchsorted(classes[1:], rows.label[able]) + 1
    target[rows.label[able] == NONE] = 0
    if len(np.unique(target)) == 1:
        # Boosting refuses a fold that holds one class; a tree says what there is to say.
        model = RandomForestClassifier(1, random_state=0)
    # One thread each: boosting's threads wait for one another, which on a busy machine costs more than they bring.
    with threadpool_limits(1, user_api="openmp"):
        model.fit(inputs.matrix(rows.values[able]), target, sample_weight=rows.weight[able])
    columns = np.asarray(model.classes_, dtype=np.int64)
    trees, link = flattened(model)
    return ClassifierVariant(inputs, trees, link, columns)


def _metrics(rows: Labelled, probability: NDArray[np.float64], classes: tuple[str, ...]) -> dict[str, float]:
    known = ~np.isnan(probability[:, 0])
    label, weight, probability = rows.label[known], rows.weight[known], probability[known]
    by_typology = {
        f"{AVERAGE_PRECISION}.{name}": float(
            average_precision_score(label == name, probability[:, i], sample_weight=weight)
        )
        for i, name in enumerate(classes)
        if name != NONE and np.any(label == name)
    }
    number = np.array([classes.index(name) for name in label.tolist()])
    loss = log_loss(number, probability, sample_weight=weight, labels=np.arange(len(classes)))
    mean = float(np.mean(list(by_typology.values()))) if by_typology else 0.0
    return {AVERAGE_PRECISION: mean, "log_loss": float(loss), **by_typology}


def _importance(rows: Labelled, model: ClassifierVariant, classes: tuple[str, ...], seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    rows = rows.take(np.sort(random.permutation(len(rows.label))[:_IMPORTANCE_ROWS]))
    classifier = Classifier(classes, (model,))
    matrix = model.inputs.matrix(rows.values)
    base = _metrics(rows, classifier.probabilities(rows.values), classes)[AVERAGE_PRECISION]
    loss = np.empty((_IMPORTANCE_REPEATS, matrix.shape[1]))
    for repeat in range(_IMPORTANCE_REPEATS):
        for column in range(matrix.shape[1]):
            shuffled = matrix.copy()
            shuffled[:, column] = random.permutation(matrix[:, column])
            loss[repeat, column] = (
                base - _metrics(rows, _of_matrix(model, shuffled, classes), classes)[AVERAGE_PRECISION]
            )
    return np.array([loss.mean(axis=0), loss.std(axis=0)])


def _of_matrix(model: ClassifierVariant, matrix: NDArray[np.float64], classes: tuple[str, ...]) -> NDArray[np.float64]:
    out = np.zeros((len(matrix), len(classes)))
    out[:, model.columns] = model.of_matrix(matrix)
    return out
