"""Conformal p-values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.conformal import Conformal

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(calibration=SCORES, scores=SCORES)
def test_p_values_equal_the_definition_counted_one_by_one(calibration: list[float], scores: list[float]) -> None:
    expected = [(1 + sum(c >= s for c in calibration)) / (1 + len(calibration)) for s in scores]
    assert Conformal.fit(np.array(calibration)).p_values(np.array(scores)).tolist() == expected


@given(calibration=SCORES, scores=SCORES)
def test_p_values_higher_score_never_gets_higher_p(calibration: list[float], scores: list[float]) -> None:
    p = Conformal.fit(np.array(calibration)).p_values(np.sort(scores))
    assert np.all(np.diff(p) <= 0)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_p_values_one_percent_flags_one_percent_of_honest_windows(seed: int) -> None:
    random = np.random.default_rng(seed)
    p = Conformal.fit(random.gamma(2, size=20_000)).p_values(random.gamma(2, size=20_000))
    assert np.mean(p <= 0.01) == pytest.approx(0.01, abs=0.005)


def test_p_values_unknown_score_abstains() -> None:
    assert np.isnan(Conformal.fit(np.array([0.1, np.nan])).p_values(np.array([np.nan, 0.2]))).tolist() == [True, False]


def test_fit_without_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty, was 0 known of 1"):
        Conformal.fit(np.array([np.nan]))
