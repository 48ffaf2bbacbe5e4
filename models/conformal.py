"""Conformal p-values: how rare a score is among honest windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Conformal:
    """Scores of honest windows that the model was not trained on and that do not overlap.

    A new honest window gets a p-value of at most 0.01 in 1 % of cases, whatever the score's distribution, because its
    score is equally likely to take any rank among these (Vovk et al. 2005; Bates et al. 2023 for outliers).

    Attributes:
        scores: Calibration scores, ascending, shape (n_windows,); high is suspicious.
    """

    scores: NDArray[np.float64]

    @classmethod
    def fit(cls, scores: NDArray[np.float64]) -> Conformal:
        """Return the calibration for scores in any order; NaN ones are left out.

        Raises:
            ValueError: No score is known.
        """
        known = np.sort(scores[~np.isnan(scores)])
        if len(known) == 0:
            raise ValueError("calibration scores must not be empty, was 0 known of " + str(len(scores)))
        return cls(known)

    def p_values(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (1 + number of calibration scores >= score) / (1 + number of calibration scores).

        Args:
            scores: Scores to judge, shape (n_rows,).

        Returns:
            Values in (0, 1], low is suspicious; NaN where the score is. The least possible is 1 / (n_windows + 1).

        Example:
            >>> Conformal(np.array([0.1, 0.2, 0.3])).p_values(np.array([0.05, 0.2, 0.9])).tolist()
            [1.0, 0.75, 0.25]
        """
        at_least = len(self.scores) - np.searchsorted(self.scores, scores, side="left")
        p = (1.0 + at_least) / (1.0 + len(self.scores))
        return np.where(np.isnan(scores), np.nan, p)
