"""Combination: several detectors, one probability."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.combination import Weights, combine, inputs, log_odds

shares = st.floats(0, 1)
LOGISTIC = Weights(bias=-1.0, weight=(1.5, 0.7, 0.3), absent=(-0.4, 0.2, 0.0))


def combined(score: float, confidence: float, probability: float, p_value: float, weights: Weights = LOGISTIC) -> float:
    one = [np.array([figure]) for figure in (score, confidence, probability, p_value)]
    return float(combine(inputs(*one), weights)[0])


@given(score=shares, more=shares, confidence=shares, probability=shares, p_value=shares)
def test_more_suspicion_of_any_detector_never_lowers_the_result(
    score: float, more: float, confidence: float, probability: float, p_value: float
) -> None:
    before = combined(score, confidence, probability, p_value)
    assert combined(max(score, more), confidence, probability, p_value) >= before
    assert combined(score, confidence, max(probability, more), p_value) >= before
    assert combined(score, confidence, probability, min(p_value, more)) >= before


def test_detector_that_abstains_adds_its_constant() -> None:
    nan = float("nan")
    alone = combined(0.9, 1.0, nan, nan)
    assert alone == pytest.approx(1 / (1 + np.exp(-(-1.0 + 1.5 * np.log(9) + 0.2))))
    assert combined(nan, 1.0, nan, nan) == pytest.approx(1 / (1 + np.exp(1.2)))


def test_little_evidence_shrinks_a_score_towards_indifference() -> None:
    x = inputs(np.array([0.9]), np.array([0.0]), np.array([np.nan]), np.array([np.nan]))
    assert x[0, 0] == 0.0


def test_log_odds_of_certainties_are_held_within_bounds() -> None:
    assert log_odds(1.0) == pytest.approx(np.log(199))
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))


def test_rows_combined_together_have_the_bits_of_rows_combined_alone() -> None:
    figures = np.random.default_rng(0).random((4, 500))
    figures[2, ::3] = np.nan
    together = combine(inputs(*figures), LOGISTIC)
    assert together.tolist() == [combined(*column) for column in figures.T.tolist()]


def test_weights_through_json_come_back() -> None:
    assert Weights.from_state(json.loads(json.dumps(LOGISTIC.state()))) == LOGISTIC
