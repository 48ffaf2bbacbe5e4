from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from training.drift import (
    Shift,
    distance,
    effective,
    judged,
    p_value,
    psi,
    q_values,
    rate_ratio_interval,
    rate_shifts,
    shifts,
    worst,
)
from training.reference import Sample

RNG = np.random.default_rng


def sample(values: NDArray[np.float64], per_cluster: int = 1) -> Sample:
    return Sample(values, np.arange(len(values)) // per_cluster)


def compared(before: Sample, now: Sample) -> list[Shift]:
    return judged(shifts("market", [f"f{n}" for n in range(before.values.shape[1])], before, now))


def test_psi_of_two_bins_by_hand() -> None:
    before, now = np.repeat([0.0, 1.0], [50, 50]), np.repeat([0.0, 1.0], [80, 20])
    found, bins = psi(before, now, 2)
    p, q = np.array([50.5, 50.5]) / 101, np.array([80.5, 20.5]) / 101
    assert found == pytest.approx(float(np.sum((q - p) * np.log(q / p))))
    assert bins == 2


@given(st.integers(0, 10_000), st.floats(0.1, 50.0))
def test_psi_and_distance_do_not_depend_on_the_unit(seed: int, unit: float) -> None:
    before, now = RNG(seed).normal(size=60), RNG(seed + 1).normal(size=40)
    assert psi(before * unit, now * unit)[0] == pytest.approx(psi(before, now)[0], abs=0.2)
    assert distance(before * unit, now * unit) == pytest.approx(distance(before, now))


def test_distance_and_p_value_are_those_of_scipy() -> None:
    before, now = RNG(0).normal(size=200), RNG(1).normal(0.3, size=150)
    oracle = ks_2samp(before, now, method="asymp")
    assert distance(before, now) == pytest.approx(oracle.statistic)
    assert p_value(distance(before, now), (200, 150)) == pytest.approx(oracle.pvalue, rel=0.25)


def test_q_values_are_benjamini_hochbergs_and_unknown_ones_do_not_count() -> None:
    found = q_values(np.array([0.01, 0.04, np.nan, 0.03]))
    np.testing.assert_allclose(found, [0.03, 0.04, np.nan, 0.04])


def test_effective_rows_of_alike_clusters_are_the_clusters() -> None:
    independent = effective(RNG(0).normal(size=400), RNG(1).normal(size=400), (np.arange(400), np.arange(400)))
    assert independent == pytest.approx((400, 400))
    clusters = np.repeat(np.arange(40), 10)
    alike = effective(
        np.repeat(RNG(0).normal(size=40), 10), np.repeat(RNG(1).normal(size=40), 10), (clusters, clusters)
    )
    assert alike == pytest.approx((40, 40), rel=0.15)


def test_effective_rows_are_not_fewer_for_a_shift_between_the_two() -> None:
    clusters, values = np.repeat(np.arange(40), 10), RNG(0).normal(size=400)
    assert effective(values, RNG(1).normal(9.0, size=400), (clusters, clusters)) == pytest.approx((400, 400), rel=0.3)


def test_shifts_of_one_distribution_are_stable_even_where_clusters_are_alike() -> None:
    drifted = 0
    for seed in range(20):
        dice = RNG(seed)
        parts = [dice.normal(size=(n, 20)).repeat(8, axis=0) + dice.normal(size=(8 * n, 20)) for n in (40, 20)]
        found = compared(*(sample(part, 8) for part in parts))
        drifted += worst([one.verdict for one in found]) != "stable"
    assert drifted <= 1


def test_shifts_of_another_distribution_are_found_and_come_first() -> None:
    before, now = RNG(0).normal(size=(300, 5)), RNG(1).normal(size=(200, 5))
    now[:, 3] += 1.0
    now[:, 4] += 0.5
    found = compared(sample(before), sample(now))
    assert [one.name for one in found[:2]] == ["f3", "f4"]
    assert [one.verdict for one in found] == ["drifted", "watch", "stable", "stable", "stable"]
    assert found[0].psi > 0.5
    assert found[0].q_value < 1e-6


def test_shift_of_values_that_are_no_longer_known_is_found() -> None:
    before, now = RNG(0).normal(size=(200, 1)), RNG(1).normal(size=(200, 1))
    now[::2] = np.nan
    (found,) = compared(sample(before), sample(now))
    assert (found.verdict, found.unknown) == ("drifted", (0.0, 0.5))


@pytest.mark.parametrize("n", [0, 3, 14])
def test_shift_of_a_tiny_sample_is_unknown(n: int) -> None:
    (found,) = compared(sample(RNG(0).normal(size=(200, 1))), sample(RNG(1).normal(5.0, size=(n, 1))))
    assert found.verdict == "unknown"
    assert np.isnan(found.psi)


def test_rate_ratio_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    dice, hours = RNG(0), (100.0, 50.0)
    counts = [(int(dice.poisson(40)), int(dice.poisson(30))) for _ in range(500)]
    held = [low <= 1.5 <= high for low, high in (rate_ratio_interval(pair, hours, 0.9) for pair in counts)]
    assert 0.9 <= np.mean(held) <= 0.96


@pytest.mark.parametrize(
    ("now", "verdict"), [({"spoofing": 25}, "stable"), ({"spoofing": 150}, "drifted"), ({}, "drifted")]
)
def test_rate_shift_that_is_surely_beyond_a_factor_of_two_has_drifted(now: dict[str, int], verdict: str) -> None:
    together, spoofing = rate_shifts({"spoofing": 50}, 100.0, now, 50.0)
    assert (together.verdict, spoofing.verdict) == (verdict, verdict)
    assert spoofing.per_day[0] == 12


def test_rate_shift_of_a_few_alerts_is_unknown() -> None:
    assert {one.verdict for one in rate_shifts({"a": 3}, 100.0, {"a": 6}, 1.0)} == {"unknown"}
    assert {one.verdict for one in rate_shifts({"a": 30}, 0.0, {"a": 60}, 1.0)} == {"unknown"}


def test_worst_of_nothing_is_unknown() -> None:
    assert worst([]) == "unknown"
    assert worst(["unknown", "stable", "watch"]) == "watch"
