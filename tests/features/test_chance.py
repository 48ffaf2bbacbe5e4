from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from features.chance import binomial_digits, both_digits, choice_digits, poisson_digits


@given(st.integers(0, 300), st.floats(0.01, 100.0))
def test_poisson_digits_never_claim_more_than_the_tail(count: int, mean: float) -> None:
    assert poisson_digits(count, mean) <= -stats.poisson.logsf(count - 1, mean) / math.log(10.0) + 1e-6


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.001, 0.9))
def test_binomial_digits_never_claim_more_than_the_tail(count: int, trials: int, rate: float) -> None:
    hits = min(count, trials)
    assert binomial_digits(hits, trials, rate) <= -stats.binom.logsf(hits - 1, trials, rate) / math.log(10.0) + 1e-6


def test_digits_of_a_sure_thing_are_none() -> None:
    assert poisson_digits(3.0, 5.0) == 0.0
    assert binomial_digits(1.0, 10.0, 0.5) == 0.0
    assert binomial_digits(0.0, 0.0, 0.5) == 0.0


def test_choice_digits_count_the_groups() -> None:
    assert choice_digits(2, 1000) == pytest.approx(math.log10(math.comb(1000, 2)))
    assert choice_digits(3, 3) == pytest.approx(0.0, abs=1e-12)


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_both_digits_are_at_least_the_larger_and_at_most_the_sum(one: float, other: float) -> None:
    assert max(one, other) <= both_digits(one, other) <= one + other
