"""What a classifier reads: SHAP values of the very trees that are served, on rows that they had not learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.classifier import ClassifierVariant
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
    import shap  # type: ignore[import-untyped]  # noqa: PLC0415 -- takes seconds to load; serving can reach this module

    order = np.random.default_rng(seed).permutation(len(values))
    matrix = model.inputs.matrix(values[order[:ROWS]])
    if model.trees.single_precision:
        matrix = matrix.astype(np.float32).astype(np.float64)
    trees, codes = _coded(model.trees, matrix)
    explainer = shap.TreeExplainer(_told(model, trees), codes[-BACKGROUND:], feature_perturbation="interventional")
    found = np.asarray(explainer.shap_values(codes, check_additivity=False))
    known = model.columns.tolist()
    outputs = known[1:] if model.link == "logistic" else known
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float))
    return Explained(
        model.inputs.features, matrix, found.reshape(*matrix.shape, len(outputs)), base, tuple(map(int, outputs))
    )


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
