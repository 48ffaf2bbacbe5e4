"""Calibration: scores that mean what they say, and how far they are from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

FEW = 30
_EDGE = 1e-9
Method = Literal["isotonic", "platt"]


@dataclass(frozen=True)
class Calibrator:
    """A rising curve from score to probability.

    Attributes:
        method: "isotonic": straight lines between points, flat outside them. "platt": logistic in the score's
            log-odds, from two numbers.
        x: Isotonic: scores of the points, ascending. Platt: slope (>= 0) and intercept.
        y: Isotonic: probabilities of the points, ascending. Platt: empty.
        prevalence: Share of true ones it was fitted on; see `shift_prior`.
    """

    method: Method
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    prevalence: float

    def __call__(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of scores in [0, 1]; same shape, NaN where the score is."""
        flat = np.ascontiguousarray(score, dtype=np.float64).ravel()
        out = _lines(flat, self.x, self.y) if self.method == "isotonic" else _platt(flat, self.x[0], self.x[1])
        return out.reshape(np.shape(score))

    def state(self) -> dict[str, Any]:
        """Return the fields by name: arrays and JSON types only."""
        return {"method": self.method, "x": self.x, "y": self.y, "prevalence": self.prevalence}


def fit_calibrator(
    score: NDArray[np.float64],
    truth: NDArray[np.bool_],
    weight: NDArray[np.float64] | None = None,
    few: int = FEW,
) -> Calibrator:
    """Return a calibrator fitted on held-out scores, one for each alert.

    Isotonic with at least `few` true and `few` false ones, else Platt's two parameters.

    Args:
        score: Scores in [0, 1], shape (n,), none NaN.
        truth: Whether each was true, shape (n,).
        weight: Weights > 0, shape (n,); all 1 if not given.
        few: Least number of each kind for the isotonic curve.

    Raises:
        ValueError: There is no score, or one is outside [0, 1].
    """
    if len(score) == 0 or not bool(np.all((score >= 0.0) & (score <= 1.0))):
        raise ValueError(f"scores must be in [0, 1], was {score if len(score) else 'none'}")
    true = np.asarray(truth, dtype=np.float64)
    weight = np.ones(len(score)) if weight is None else weight
    prevalence = float(np.sum(weight * true) / np.sum(weight))
    if min(true.sum(), len(true) - true.sum()) < few:
        return Calibrator("platt", _fit_platt(score, true, weight), np.empty(0), prevalence)
    return Calibrator("isotonic", *_fit_isotonic(score, true, weight), prevalence)


def _fit_isotonic(
    score: NDArray[np.float64], truth: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Centred isotonic regression (Oron & Flournoy 2017): a point in the middle of each flat step and lines between,
    # so that different scores keep different probabilities.
    x, group = np.unique(score, return_inverse=True)
    mass = np.bincount(group, weight)
    share = np.bincount(group, weight * truth) / mass
    steps = isotonic_regression(share, weights=mass)
    block = np.repeat(np.arange(len(steps.blocks) - 1), np.diff(steps.blocks))
    block_mass = np.bincount(block, mass)
    middle = np.bincount(block, mass * x) / block_mass
    level = steps.x[steps.blocks[:-1]]
    # A pure first or last step is no proof of 0 or 1: half an observation against it (Jeffreys).
    ceiling = (block_mass[-1] + 0.5) / (block_mass[-1] + 1.0)
    floor = 0.5 / (block_mass[0] + 1.0)
    held = np.clip(level, min(floor, level[1:].min(initial=1.0)), max(ceiling, level[:-1].max(initial=0.0)))
    # Rounding may lift a step that is all but pure to 1.
    return middle, np.clip(held, _EDGE, 1.0 - _EDGE)


def _fit_platt(
    score: NDArray[np.float64], truth: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    # Platt's smoothed targets keep few samples, or samples of one kind only, from claiming certainty.
    positives, negatives = float(weight @ truth), float(weight @ (1.0 - truth))
    target = np.where(truth > 0, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    odds = _log_odds(score)

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = line[0] * odds + line[1]
        residual = weight * (1.0 / (1.0 + np.exp(-z)) - target)
        value = np.sum(weight * (np.logaddexp(0.0, z) - target * z)) + 0.5 * (line[0] - 1.0) ** 2
        return float(value), np.array([np.sum(residual * odds) + line[0] - 1.0, np.sum(residual)])

    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    return np.asarray(fitted.x, dtype=np.float64)


def _log_odds(score: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(score, _EDGE, 1.0 - _EDGE)
    out: NDArray[np.float64] = np.log(inside / (1.0 - inside))
    return out


# Scalar code, so that a score gets the same bits alone and among many.
@njit(cache=True)
def _platt(score: NDArray[np.float64], slope: float, intercept: float) -> NDArray[np.float64]:  # pragma: no cover
    out = np.empty(len(score))
    for row in range(len(score)):
        if np.isnan(score[row]):
            out[row] = np.nan
            continue
        inside = min(max(score[row], _EDGE), 1.0 - _EDGE)
        claimed = 1.0 / (1.0 + np.exp(-(slope * np.log(inside / (1.0 - inside)) + intercept)))
        out[row] = min(max(claimed, _EDGE), 1.0 - _EDGE)
    return out


@njit(cache=True)
def _lines(
    score: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:  # pragma: no cover
    out = np.empty(len(score))
    for row in range(len(score)):
        if np.isnan(score[row]):
            out[row] = np.nan
            continue
        right = np.searchsorted(x, score[row])
        if right == 0:
            out[row] = y[0]
        elif right == len(x):
            out[row] = y[-1]
        else:
            part = (score[row] - x[right - 1]) / (x[right] - x[right - 1])
            out[row] = y[right - 1] + part * (y[right] - y[right - 1])
    return out


@dataclass(frozen=True)
class Opening:
    """What confidence is worth at the moment that an alert opens.

    Who opens at the threshold may grow: the more was asked for, the more likely is what asks for it true. A logistic in
    the log-odds of the confidence at each of several thresholds, straight lines between them.

    Attributes:
        thresholds: Log-odds of the thresholds, ascending.
        slopes: Factor of the confidence's log-odds at each, >= 0.
        intercepts: Constant at each.
    """

    thresholds: tuple[float, ...]
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def __call__(self, confidence: float, threshold: float) -> float:
        """Return how likely an alert is true that opens at a confidence under a threshold, both in [0, 1]."""
        at = _odds(threshold)
        slope, intercept = (float(np.interp(at, self.thresholds, line)) for line in (self.slopes, self.intercepts))
        claimed = 1.0 / (1.0 + math.exp(-(slope * _odds(confidence) + intercept)))
        return min(max(claimed, _EDGE), 1.0 - _EDGE)

    def state(self) -> dict[str, list[float]]:
        """Return the fields by name."""
        return {
            "thresholds": list(self.thresholds), "slopes": list(self.slopes), "intercepts": list(self.intercepts)
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Sequence[float]]) -> Opening:
        """Return what `state` described."""
        return cls(**{name: tuple(map(float, values)) for name, values in state.items()})


UNMOVED = Opening((0.0,), (1.0,), (0.0,))
"""At opening, confidence is worth what it says."""


def fit_opening(by_threshold: Mapping[float, tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> Opening:
    """Return what confidence is worth at opening, from alerts raised under several thresholds.

    Args:
        by_threshold: Confidence at which each alert opened, in [0, 1], and whether it was true, shape (n,) each, by the
            threshold under which they did; thresholds without an alert are left out.
    """
    lines = [
        (_odds(threshold), *_fit_platt(confidence, np.asarray(truth, np.float64), np.ones(len(truth))).tolist())
        for threshold, (confidence, truth) in sorted(by_threshold.items())
        if len(truth)
    ]
    return Opening(*zip(*lines, strict=True)) if lines else UNMOVED


def _odds(probability: float) -> float:
    inside = min(max(probability, _EDGE), 1.0 - _EDGE)
    return math.log(inside / (1.0 - inside))


def shift_prior(probability: NDArray[np.float64], prevalence_from: float, prevalence_to: float) -> NDArray[np.float64]:
    """Return probabilities for a world in which true ones are rarer or commoner, by Bayes' rule.

    Args:
        probability: Calibrated probabilities, any shape; NaN stays NaN.
        prevalence_from: Share of true ones in what they were calibrated on.
        prevalence_to: Share of true ones where they are used.

    Raises:
        ValueError: A prevalence is not strictly between 0 and 1.

    Example:
        >>> shift_prior(np.array([0.5]), 0.5, 0.1).round(3).tolist()
        [0.1]
    """
    for name, value in (("prevalence_from", prevalence_from), ("prevalence_to", prevalence_to)):
        if not 0.0 < value < 1.0:
            raise ValueError(f"{name} must be strictly between 0 and 1, was {value}")
    true = probability * (prevalence_to / prevalence_from)
    false = (1.0 - probability) * ((1.0 - prevalence_to) / (1.0 - prevalence_from))
    return true / (true + false)


def ece(probability: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal mass.

    Args:
        probability: Claimed probabilities, shape (n,).
        truth: What came true, shape (n,).
        bins: Number of bins; equal probabilities share one.

    Returns:
        Mean distance between claim and outcome over the bins, weighted by size, in [0, 1]; NaN without data.

    Example:
        >>> ece(np.array([0.8] * 5), np.array([True, True, True, True, False]))
        0.0
    """
    if len(probability) == 0:
        return float("nan")
    rank = np.searchsorted(np.sort(probability), probability, side="left")
    gap = np.bincount(rank * bins // len(rank), np.asarray(truth, dtype=np.float64) - probability, minlength=bins)
    return float(np.abs(gap).sum() / len(rank))


def brier(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the mean squared distance between claim and outcome, in [0, 1]; NaN without data."""
    if len(probability) == 0:
        return float("nan")
    return float(np.mean((probability - np.asarray(truth, dtype=np.float64)) ** 2))
