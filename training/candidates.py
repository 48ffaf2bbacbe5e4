"""Candidates for the classifier: made by an experiment's settings, and turned into plain arrays once fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from models.classifier import Link
from models.trees import Trees, flatten_gradient_boosting, flatten_lightgbm, flatten_random_forest
from training.experiment import Experiment

Estimator: TypeAlias = Any  # scikit-learn and LightGBM have no types
Maker: TypeAlias = Callable[[int], Estimator]


def _random_forest(chosen: Mapping[str, Any], seed: int) -> Estimator:
    return RandomForestClassifier(
        chosen["trees"],
        min_samples_leaf=chosen["min_samples_leaf"],
        max_leaf_nodes=chosen["max_leaf_nodes"],
        max_samples=chosen["max_samples"] if chosen["max_samples"] < 1 else None,
        random_state=seed,
    )


def _hist_gradient_boosting(chosen: Mapping[str, Any], seed: int) -> Estimator:
    # No early stopping: its validation split is by row, and rows of one event are all but copies. Few bins, as finding
    # weighted quantiles takes most of the time. Small trees, held back: measured on data/pumps, forward-chained.
    return HistGradientBoostingClassifier(
        max_iter=chosen["iterations"],
        learning_rate=chosen["learning_rate"],
        max_depth=chosen["max_depth"],
        min_samples_leaf=chosen["min_samples_leaf"],
        l2_regularization=chosen["l2_regularization"],
        max_features=chosen["max_features"],
        max_bins=chosen["max_bins"],
        early_stopping=False,
        random_state=seed,
    )


def _lightgbm(chosen: Mapping[str, Any], seed: int) -> Estimator:
    from lightgbm import LGBMClassifier  # noqa: PLC0415 -- loaded when it is asked for: its OpenMP costs memory

    return LGBMClassifier(
        n_estimators=chosen["iterations"],
        learning_rate=chosen["learning_rate"],
        num_leaves=chosen["num_leaves"],
        min_child_samples=chosen["min_samples_leaf"],
        reg_lambda=chosen["l2_regularization"],
        colsample_bytree=chosen["max_features"],
        max_bin=chosen["max_bins"],
        random_state=seed,
        # The same bits on any machine: sums in row order, by one thread.
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbosity=-1,
    )


_MAKERS: dict[str, Callable[[Mapping[str, Any], int], Estimator]] = {
    "random_forest": _random_forest,
    "hist_gradient_boosting": _hist_gradient_boosting,
    "lightgbm": _lightgbm,
}


@dataclass(frozen=True)
class Candidate:
    """A classifier that is not fitted yet; calling it with a seed makes one.

    Attributes:
        name: Its name in experiments.
        settings: Hyper-parameters, a table of an experiment.
    """

    name: str
    settings: BaseModel

    def __call__(self, seed: int) -> Estimator:
        """Return an unfitted estimator."""
        return _MAKERS[self.name](self.settings.model_dump(), seed)


def candidates_of(experiment: Experiment) -> dict[str, Maker]:
    """Return the candidates that an experiment compares, by name."""
    return {name: Candidate(name, getattr(experiment, name)) for name in experiment.candidates}


def flattened(model: Estimator) -> tuple[Trees, Link]:
    """Return the trees of a fitted candidate, and what turns their sums into probabilities."""
    if isinstance(model, RandomForestClassifier):
        return flatten_random_forest(model), "mean"
    link: Link = "logistic" if len(model.classes_) == 2 else "softmax"
    if isinstance(model, HistGradientBoostingClassifier):
        return flatten_gradient_boosting(model), link
    return flatten_lightgbm(model), link
