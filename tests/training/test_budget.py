from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.budget import at_budget

CONFIDENCE = np.array([0.2, 0.9, 0.6, 0.8])


def test_budget_takes_the_most_confident_alerts_of_the_day() -> None:
    budget = at_budget(CONFIDENCE, 48.0, 1.0, np.array([False, True, True, False]))
    assert (budget.alerts, budget.threshold) == (2, 0.8)
    assert budget.expected_precision == pytest.approx(0.85)
    assert budget.precision == 0.5


def test_budget_larger_than_the_alerts_takes_them_all() -> None:
    assert at_budget(CONFIDENCE, 24.0, 100.0).alerts == 4


def test_budget_without_labels_or_alerts_claims_nothing() -> None:
    assert np.isnan(at_budget(CONFIDENCE, 24.0, 2.0).precision)
    nothing = at_budget(np.empty(0), 24.0, 20.0)
    assert (nothing.alerts, np.isnan(nothing.expected_precision)) == (0, True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(1, 20), st.floats(1, 20))
def test_budget_that_is_larger_expects_no_higher_precision(values: list[float], one: float, other: float) -> None:
    small, large = (at_budget(np.array(values), 24.0, per_day) for per_day in sorted((one, other)))
    if small.alerts:
        assert large.expected_precision <= small.expected_precision + 1e-12
