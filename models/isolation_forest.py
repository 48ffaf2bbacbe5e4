"""Isolation forest: how unlike honest windows a row is, as a conformal p-value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.conformal import Conformal
from models.trees import Trees
from models.variants import Inputs, in_order, route


@dataclass(frozen=True)
class ForestVariant:
    """One forest over one set of features.

    Attributes:
        inputs: What it reads.
        trees: The trees; their sums are path lengths.
        normal_length: Path length over all trees at which the score is 0.5.
        conformal: Scores of honest windows.
    """

    inputs: Inputs
    trees: Trees
    normal_length: float
    conformal: Conformal

    def scores(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the anomaly score of rows in catalogue order, in (0, 1], high is suspicious; shape (n_rows,).

        It is `-score_samples` of scikit-learn. Rows are scored even where the model should abstain.
        """
        return _anomaly(self.trees.sums(self.inputs.matrix(values))[:, 0], self.normal_length)


@dataclass(frozen=True)
class IsolationForest:
    """Forests by available data, the one that sees most first."""

    variants: tuple[ForestVariant, ...]

    def judged_by(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of the variant that judges each row, -1 where all abstain, shape (n_rows,)."""
        return route([variant.inputs for variant in self.variants], values)

    def p_values(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how often an honest window is as unusual as each row.

        Args:
            values: Feature rows in catalogue order, shape (n_rows, n_features).

        Returns:
            Conformal p-values in (0, 1], low is suspicious, shape (n_rows,); NaN where the forest abstains.
        """
        p = np.full(len(values), np.nan)
        judge = self.judged_by(values)
        for number, variant in enumerate(self.variants):
            mine = judge == number
            if mine.any():
                p[mine] = variant.conformal.p_values(variant.scores(values[mine]))
        return p

    def suspicion(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw anomaly score of each row, in (0, 1], high is suspicious; 0 where the forest abstains."""
        scores = np.zeros(len(values))
        judge = self.judged_by(values)
        for number, variant in enumerate(self.variants):
            mine = judge == number
            if mine.any():
                scores[mine] = variant.scores(values[mine])
        return scores

    def state(self) -> dict[str, Any]:
        """Return arrays and JSON types only."""
        return {
            variant.inputs.variant: {
                "inputs": variant.inputs.state(),
                "trees": variant.trees.state(),
                "normal_length": variant.normal_length,
                "calibration_scores": variant.conformal.scores,
            }
            for variant in self.variants
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> IsolationForest:
        """Return the forest that `state` described."""
        return cls(
            tuple(
                ForestVariant(
                    Inputs.from_state(part["inputs"]),
                    Trees.from_state(part["trees"]),
                    part["normal_length"],
                    Conformal(part["calibration_scores"]),
                )
                for part in in_order(state.values())
            )
        )


@njit(cache=True)
def _anomaly(path_length: NDArray[np.float64], normal_length: float) -> NDArray[np.float64]:  # pragma: no cover
    # numpy's power differs in the last bit between the vectorised middle of an array and its tail; this does not.
    out = np.empty(len(path_length))
    for row in range(len(path_length)):
        out[row] = 2.0 ** (-path_length[row] / normal_length)
    return out
