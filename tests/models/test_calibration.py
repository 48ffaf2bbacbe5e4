"""Calibrators, prior shift and the measures of calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calibration import Calibrator, Opening, brier, ece, fit_calibrator, fit_opening, shift_prior


def overconfident(seed: int, n: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    score = random.random(n)
    return score, random.random(n) < score**2


@pytest.mark.parametrize(("n", "method"), [(4000, "isotonic"), (40, "platt")])
def test_calibrator_chooses_by_sample_size(n: int, method: str) -> None:
    assert fit_calibrator(*overconfident(0, n)).method == method


def test_calibrator_overconfident_scores_become_calibrated_on_new_data() -> None:
    calibrator = fit_calibrator(*overconfident(0, 4000))
    score, truth = overconfident(1, 4000)
    assert ece(score, truth) > 0.15
    assert ece(calibrator(score), truth) < 0.03
    assert brier(calibrator(score), truth) < brier(score, truth)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 300), few=st.sampled_from([0, 30]), ties=st.booleans())
def test_calibrator_any_data_rises_and_never_claims_certainty(seed: int, n: int, few: int, ties: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
    score, truth = overconfident(seed, n)
    score = np.round(score, 1) if ties else score
    p = fit_calibrator(score, truth, few=few)(np.linspace(0, 1, 201))
    assert np.all(np.diff(p) >= -1e-12)
    assert np.all((p > 0) & (p < 1))


def test_calibrator_isotonic_different_scores_on_a_step_keep_their_order() -> None:
    calibrator = fit_calibrator(*overconfident(0, 4000))
    assert calibrator(np.array([0.50]))[0] < calibrator(np.array([0.53]))[0]


def test_calibrator_one_kind_only_claims_less_than_certainty() -> None:
    calibrator = fit_calibrator(np.array([0.9, 0.8, 0.95]), np.array([True, True, True]))
    assert 0.5 < calibrator(np.array([0.9]))[0] < 0.95


def test_calibrator_misleading_scores_are_ignored_and_not_turned_round() -> None:
    score = np.linspace(0.05, 0.95, 20)
    low, high = fit_calibrator(score, score < 0.5)(np.array([0.1, 0.9]))
    assert low == high


def test_calibrator_weights_count_as_repetitions() -> None:
    score, truth = overconfident(3, 200)
    weight = np.tile([1.0, 2.0, 3.0, 4.0], 50)
    repeated = np.repeat(np.arange(200), weight.astype(int))
    left, right = fit_calibrator(score, truth, weight), fit_calibrator(score[repeated], truth[repeated])
    np.testing.assert_allclose(left(score), right(score), atol=1e-6)


@pytest.mark.parametrize("n", [40, 4000])
def test_calibrator_any_batch_gives_the_same_bits_and_unknown_stays_unknown(n: int) -> None:
    calibrator = fit_calibrator(*overconfident(0, n))
    score = np.append(np.random.default_rng(1).random(99), np.nan)
    one_by_one = [calibrator(np.array([value]))[0] for value in score]
    np.testing.assert_array_equal(calibrator(score), one_by_one)
    assert np.isnan(one_by_one[-1])


def test_calibrator_state_read_back_is_the_same() -> None:
    calibrator = fit_calibrator(*overconfident(0, 4000))
    score = np.linspace(0, 1, 50)
    np.testing.assert_array_equal(Calibrator(**calibrator.state())(score), calibrator(score))


@pytest.mark.parametrize("score", [[], [1.1], [np.nan]])
def test_fit_calibrator_bad_scores_are_refused(score: list[float]) -> None:
    with pytest.raises(ValueError, match=r"scores must be in \[0, 1\]"):
        fit_calibrator(np.array(score), np.zeros(len(score), bool))


@given(p=st.floats(0.001, 0.999), a=st.floats(0.01, 0.99), b=st.floats(0.01, 0.99))
def test_shift_prior_there_and_back_changes_nothing(p: float, a: float, b: float) -> None:
    assert shift_prior(shift_prior(np.array([p]), a, b), b, a)[0] == pytest.approx(p, abs=1e-9)


def test_shift_prior_known_world_gives_bayes() -> None:
    random = np.random.default_rng(0)
    truth = random.random(400_000) < 0.5
    signal = random.random(400_000) < np.where(truth, 0.8, 0.2)
    kept = ~truth | (random.random(400_000) < 0.1)
    claimed = shift_prior(np.array([0.8]), 0.5, float(truth[kept].mean()))[0]
    assert truth[kept & signal].mean() == pytest.approx(claimed, abs=0.01)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1])
def test_shift_prior_impossible_prevalence_is_refused(prevalence: float) -> None:
    with pytest.raises(ValueError, match="prevalence_to must be strictly between 0 and 1"):
        shift_prior(np.array([0.5]), 0.5, prevalence)


def test_ece_known_gap_is_measured() -> None:
    probability = np.repeat([0.2, 0.9], 50)
    truth = np.concatenate([np.arange(50) < 10, np.arange(50) < 35])
    assert ece(probability, truth, bins=2) == pytest.approx(0.1)


@given(seed=st.integers(0, 1000))
def test_ece_order_of_ties_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    probability, truth = np.round(random.random(60), 1), random.random(60) < 0.5
    order = random.permutation(60)
    assert ece(probability[order], truth[order]) == pytest.approx(ece(probability, truth))


def test_measures_without_data_are_unknown() -> None:
    nothing = np.empty(0)
    assert np.isnan([ece(nothing, nothing.astype(bool)), brier(nothing, nothing.astype(bool))]).all()


def test_brier_of_a_coin_is_a_quarter() -> None:
    assert brier(np.full(4, 0.5), np.array([True, False, True, False])) == 0.25


def test_opening_without_alerts_leaves_confidence_as_it_is() -> None:
    opening = fit_opening({})
    assert [opening(p, 0.7) for p in (0.1, 0.5, 0.9)] == pytest.approx([0.1, 0.5, 0.9])


def test_opening_learns_what_who_opens_at_a_threshold_is_worth() -> None:
    # Under 0.7 three of four that open at 0.6 come true, under 0.05 every tenth of those that open at 0.1.
    under = {
        0.7: (np.full(400, 0.6), np.arange(400) % 4 > 0),
        0.05: (np.full(400, 0.1), np.arange(400) % 10 == 0),
    }
    opening = fit_opening(under)
    assert opening(0.6, 0.7) == pytest.approx(0.75, abs=0.01)
    assert opening(0.1, 0.05) == pytest.approx(0.1, abs=0.01)
    assert opening(0.6, 0.05) < opening(0.6, 0.3) < opening(0.6, 0.7) == opening(0.6, 0.95)
    assert Opening.from_state(opening.state()) == opening


@given(p=st.floats(0.0, 1.0), q=st.floats(0.0, 1.0), threshold=st.floats(0.01, 0.99))
def test_opening_rises_with_confidence_and_is_never_certain(p: float, q: float, threshold: float) -> None:
    opening = Opening((-1.0, 1.0), (0.5, 1.2), (0.3, -0.2))
    low, high = sorted((p, q))
    assert 0.0 < opening(low, threshold) <= opening(high, threshold) < 1.0
