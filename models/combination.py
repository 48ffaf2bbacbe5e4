"""Combination: what several detectors say about one subject, as one probability.

A logistic over the detectors' log-odds. A detector that abstains adds a constant of its own instead, so that silence
is neither innocence nor guilt. Weights are >= 0: no detector's suspicion ever lowers the result. Computed by a scalar
kernel, so the bits do not depend on how many rows are judged together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

DETECTORS = ("rule", "classifier", "isolation_forest")
_LEAST = 0.005
FULL_REACH = (6.0, 6.0, 6.0)
# What was learned on simulated markets must not overrule a rule on real ones: odds of at most 4.5 to 1.
SIMULATED_REACH = (6.0, 1.5, 1.5)


@dataclass(frozen=True)
class Weights:
    """The logistic of one typology.

    Attributes:
        bias: Constant of the log-odds.
        weight: Factor of each detector's log-odds, in the order of DETECTORS, >= 0.
        absent: What each detector adds instead where it abstains.
        reach: Largest log-odds, either way, that a detector may bring.
    """

    bias: float
    weight: tuple[float, ...]
    absent: tuple[float, ...]
    reach: tuple[float, ...] = FULL_REACH

    def state(self) -> dict[str, Any]:
        """Return JSON types."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Weights:
        """Return what `state` described."""
        reach = tuple(state.get("reach", FULL_REACH))
        return cls(float(state["bias"]), tuple(state["weight"]), tuple(state["absent"]), reach)


@nb.njit(cache=True)
def log_odds(p: float) -> float:
    """Return ln(p / (1 - p)) with p held within [0.005, 0.995]."""
    held = min(max(p, _LEAST), 1.0 - _LEAST)
    return math.log(held / (1.0 - held))


@nb.njit(cache=True)
def inputs(
    score: NDArray[np.float64],
    confidence: NDArray[np.float64],
    probability: NDArray[np.float64],
    p_value: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the detectors' log-odds, NaN where one abstains.

    Args:
        score: Rule scores in [0, 1], shape (n,), NaN where the rule has nothing to say.
        confidence: How much evidence each score rests on, in [0, 1]; it shrinks the log-odds.
        probability: The classifier's probability of the typology.
        p_value: The isolation forest's conformal p-value; its suspicion is 1 - p.

    Returns:
        Shape (n, 3), columns as in DETECTORS.
    """
    out = np.empty((len(score), 3))
    for i in range(len(score)):
        out[i, 0] = math.nan if math.isnan(score[i]) else confidence[i] * log_odds(score[i])
        out[i, 1] = math.nan if math.isnan(probability[i]) else log_odds(probability[i])
        out[i, 2] = math.nan if math.isnan(p_value[i]) else log_odds(1.0 - p_value[i])
    return out


@nb.njit(cache=True)
def _combine(
    x: NDArray[np.float64],
    bias: float,
    weight: NDArray[np.float64],
    absent: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> NDArray[np.float64]:
    out = np.empty(len(x))
    for i in range(len(x)):
        total = bias
        for d in range(x.shape[1]):
            if math.isnan(x[i, d]):
                total += absent[d]
            else:
                total += weight[d] * min(max(x[i, d], -reach[d]), reach[d])
        out[i] = 1.0 / (1.0 + math.exp(-total))
    return out


def combine(x: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Return the combined probability of each row of detectors' log-odds, before calibration, shape (n,)."""
    limits = (np.array(part) for part in (weights.weight, weights.absent, weights.reach))
    combined: NDArray[np.float64] = _combine(x, weights.bias, *limits)
    return combined
