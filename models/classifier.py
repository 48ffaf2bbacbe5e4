"""Classifier of typologies: how likely each known pattern is behind a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.trees import Trees
from models.variants import Inputs, in_order, route

NONE = "none"
Link = Literal["mean", "logistic", "softmax"]


@dataclass(frozen=True)
class ClassifierVariant:
    """One ensemble over one set of features.

    Attributes:
        inputs: What it reads.
        trees: The trees.
        link: What turns their sums into probabilities: the mean of a random forest, or the inverse link of boosting
            (logistic with two classes, softmax with more).
        columns: Class number of each of its probabilities: it knows only what it was shown, shape (n_known,).
    """

    inputs: Inputs
    trees: Trees
    link: Link
    columns: NDArray[np.int64]

    def probabilities(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of the classes it knows, rows in catalogue order, shape (n_rows, n_known).

        Rows are scored even where the model should abstain.
        """
        return self.of_matrix(self.inputs.matrix(values))

    def of_matrix(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same for the model's own columns, as `Inputs.matrix` gives them."""
        sums = self.trees.sums(matrix)
        if self.link == "mean":
            return sums / len(self.trees)
        return _logistic(sums[:, 0]) if self.link == "logistic" else _softmax(sums)


@dataclass(frozen=True)
class Classifier:
    """Classifiers by available data, the one that sees most first.

    Attributes:
        classes: "none" and the typologies, in the order of the probability columns.
        variants: The models.
    """

    classes: tuple[str, ...]
    variants: tuple[ClassifierVariant, ...]

    def judged_by(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of the variant that judges each row, -1 where all abstain, shape (n_rows,)."""
        return route([variant.inputs for variant in self.variants], values)

    def probabilities(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how likely each class is behind each row.

        Args:
            values: Feature rows in catalogue order, shape (n_rows, n_features).

        Returns:
            Probabilities as in training (not calibrated), rows sum to 1, shape (n_rows, n_classes); NaN where the
            classifier abstains.
        """
        out = np.full((len(values), len(self.classes)), np.nan)
        judge = self.judged_by(values)
        for number, variant in enumerate(self.variants):
            mine = judge == number
            if mine.any():
                out[mine] = 0.0
                out[np.ix_(mine, variant.columns)] = variant.probabilities(values[mine])
        return out

    def by_typology(self, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the columns of `probabilities` by typology, "none" left out."""
        out = self.probabilities(values)
        return {name: out[:, column] for column, name in enumerate(self.classes) if name != NONE}

    def state(self) -> dict[str, Any]:
        """Return arrays and JSON types only."""
        variants = {
            variant.inputs.variant: {
                "inputs": variant.inputs.state(),
                "trees": variant.trees.state(),
                "link": variant.link,
                "columns": variant.columns,
            }
            for variant in self.variants
        }
        return {"classes": list(self.classes), "variants": variants}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Classifier:
        """Return the classifier that `state` described."""
        variants = tuple(
            ClassifierVariant(
                Inputs.from_state(part["inputs"]), Trees.from_state(part["trees"]), part["link"], part["columns"]
            )
            for part in in_order(state["variants"].values())
        )
        return cls(tuple(state["classes"]), variants)


# Row by row and in scalar code: numpy's exp may round differently in the vectorised middle of an array and its tail.
@njit(cache=True)
def _logistic(raw: NDArray[np.float64]) -> NDArray[np.float64]:  # pragma: no cover
    out = np.empty((len(raw), 2))
    for row in range(len(raw)):
        out[row, 1] = 1.0 / (1.0 + np.exp(-raw[row]))
        out[row, 0] = 1.0 - out[row, 1]
    return out


@njit(cache=True)
def _softmax(raw: NDArray[np.float64]) -> NDArray[np.float64]:  # pragma: no cover
    out = np.empty(raw.shape)
    for row in range(len(raw)):
        highest = raw[row].max()
        total = 0.0
        for column in range(raw.shape[1]):
            out[row, column] = np.exp(raw[row, column] - highest)
            total += out[row, column]
        for column in range(raw.shape[1]):
            out[row, column] /= total
    return out
