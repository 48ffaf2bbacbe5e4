"""What a classifier reads: SHAP values of the very trees that are served, on rows that they had not learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import COLUMNS
from models.classifier import Classifier, ClassifierVariant
from models.trees import LEAF, Trees

ROWS, BACKGROUND = 150, 30


@dataclass(frozen=True)
class Explained:
    """SHAP values of a model, against a background of rows of the same kind.

    Attributes:
        features: Names of the model's columns.
        matrix: The rows that were explained, NaN where unknown, shape (n_rows, n_features).
        values: What each feature adds to each output of the trees (log-odds of boosting, probability of a forest),
            shape (n_rows, n_features, n_outputs).
        base: Output on average over the background, shape (n_outputs,).
        classes: Class number of each output.
    """

    features: tuple[str, ...]
    matrix: NDArray[np.float64]
    values: NDArray[np.float64]
    base: NDArray[np.float64]
    classes: tuple[int, ...]


def explain(model: ClassifierVariant, values: NDArray[np.float64], seed: int) -> Explained:
    """Return the SHAP values of a sample of rows.

    Args:
        model: The model.
        values: Held-out rows in catalogue order, at least one, shape (n_rows, n_features).
        seed: Seed of the sample: at most 150 rows are explained, against 30.
    """
    order = np.random.default_rng(seed).permutation(len(values))[:ROWS]
    return explain_rows(model, values[order], values[order[-BACKGROUND:]])


def explain_rows(model: ClassifierVariant, values: NDArray[np.float64], background: NDArray[np.float64]) -> Explained:
    """Return the SHAP values of given rows against a background.

    Args:
        model: The model.
        values: Rows in catalogue order, at least one, shape (n_rows, n_features).
        background: What they are held against, in catalogue order, at least one, shape (n_background, n_features).
    """
    import shap  # type: ignore[import-untyped]  # noqa: PLC0415 -- takes seconds to load; serving can reach this module

    matrix = model.inputs.matrix(np.concatenate([values, background]))
    if model.trees.single_precision:
        matrix = matrix.astype(np.float32).astype(np.float64)
    trees, codes = _coded(model.trees, matrix)
    told, held = codes[: len(values)], codes[len(values) :]
    explainer = shap.TreeExplainer(_told(model, trees), held, feature_perturbation="interventional")
    found = np.asarray(explainer.shap_values(told, check_additivity=False))
    known = model.columns.tolist()
    outputs = known[1:] if model.link == "logistic" else known
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float))
    shape = (len(values), matrix.shape[1], len(outputs))
    return Explained(model.inputs.features, matrix[: len(values)], found.reshape(shape), base, tuple(map(int, outputs)))


def as_usual(
    classifier: Classifier, row: NDArray[np.float64], usual: NDArray[np.float64], typology: str
) -> dict[str, float]:
    """Return what the classifier would say of a row if one feature at a time had been as usual.

    Args:
        classifier: The classifier of the row's scale.
        row: The row in catalogue order, shape (n_features,).
        usual: Rows that show what is usual, in catalogue order, shape (n_usual, n_features); their medians are taken.
        typology: Which probability is wanted.

    Returns:
        Probability by feature that the judging model reads, the lowest first; a feature that is always unknown in
        `usual` is left out. Empty where the classifier abstains or does not know the typology.
    """
    judge = int(classifier.judged_by(row[None])[0])
    if judge < 0 or typology not in classifier.classes:
        return {}
    model, output = classifier.variants[judge], classifier.classes.index(typology)
    if output not in model.columns:
        return {}
    inputs = model.inputs
    names = [name for name in inputs.features if np.isfinite(usual[:, COLUMNS[inputs.grain][name]]).any()]
    columns = [COLUMNS[inputs.grain][name] for name in names]
    altered = np.tile(row, (len(names), 1))
    altered[np.arange(len(names)), columns] = np.nanmedian(usual[:, columns], axis=0)
    told = model.probabilities(altered)[:, model.columns.tolist().index(output)].tolist()
    return dict(sorted(zip(names, told, strict=True), key=lambda pair: pair[1]))


def _coded(trees: Trees, matrix: NDArray[np.float64]) -> tuple[Trees, NDArray[np.float64]]:
    # Values as the number of thresholds below them, which go the same ways: shap compares in single precision, in which
    # a value that equals its threshold may pass it.
    threshold, codes = trees.threshold.copy(), np.full(matrix.shape, np.nan)
    for column in range(matrix.shape[1]):
        mine, known = trees.feature == column, np.isfinite(matrix[:, column])
        steps, threshold[mine] = np.unique(trees.threshold[mine], return_inverse=True)
        codes[known, column] = np.searchsorted(steps, matrix[known, column], side="left")
    return replace(trees, threshold=threshold), codes


def _told(model: ClassifierVariant, trees: Trees) -> dict[str, Any]:
    ends = [*trees.root[1:].tolist(), len(trees.feature)]
    scale = 1 / len(trees) if model.link == "mean" else 1.0
    parts = [_tree(trees, number, end, scale) for number, end in enumerate(ends)]
    return {"trees": parts, "base_offset": trees.base, "input_dtype": np.float64, "internal_dtype": np.float64}


def _tree(trees: Trees, number: int, end: int, scale: float) -> dict[str, NDArray[Any]]:
    begin, first = int(trees.root[number]), int(trees.output[number])
    part = slice(begin, end)
    leaf = trees.feature[part] == LEAF
    left, right = (np.where(leaf, -1, child[part] - begin) for child in (trees.left, trees.right))
    value = np.zeros((end - begin, len(trees.base)))
    value[:, first : first + trees.value.shape[1]] = trees.value[part] * scale
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(trees.missing_left[part], left, right),
        "features": np.where(leaf, -2, trees.feature[part]),
        "thresholds": trees.threshold[part],
        "values": value,
        # Read by the other way of explaining only, which needs no background.
        "node_sample_weight": np.ones(end - begin),
    }
