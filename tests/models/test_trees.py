"""Flattened trees against scikit-learn, which is the oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier

from features.errors import BundleError
from models.trees import (
    Trees,
    flatten_gradient_boosting,
    flatten_isolation_forest,
    flatten_lightgbm,
    flatten_random_forest,
)

SEEDS = st.integers(0, 2**32 - 1)


def cases(seed: int, n_classes: int = 3, unknown: float = 0.1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(120, 5))
    # Coarse values fall exactly on thresholds; large ones lose digits in 32 bits.
    x[:, 1] = np.round(x[:, 1])
    x[:, 2] = 1e8 + np.round(x[:, 2] * 10)
    y = np.arange(120) % n_classes
    x[:, 0] += y
    x[random.random(x.shape) < unknown] = np.nan
    return x, y


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, n_classes=st.integers(2, 4), unknown=st.sampled_from([0.0, 0.2]))
def test_random_forest_flattened_agrees_with_scikit_learn(seed: int, n_classes: int, unknown: float) -> None:
    x, y = cases(seed, n_classes, unknown)
    model = RandomForestClassifier(7, random_state=seed).fit(x, y)
    trees = flatten_random_forest(model)
    np.testing.assert_allclose(trees.sums(x) / len(trees), model.predict_proba(x), rtol=0, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, n_classes=st.integers(2, 4), unknown=st.sampled_from([0.0, 0.2]))
def test_gradient_boosting_flattened_agrees_with_scikit_learn(seed: int, n_classes: int, unknown: float) -> None:
    x, y = cases(seed, n_classes, unknown)
    model = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=3, random_state=seed).fit(x, y)
    raw = model.decision_function(x).reshape(len(x), -1)
    np.testing.assert_allclose(flatten_gradient_boosting(model).sums(x), raw, rtol=0, atol=1e-12)


def fitted_lightgbm(x: NDArray[np.float64], y: NDArray[np.int64], seed: int) -> LGBMClassifier:
    return LGBMClassifier(
        n_estimators=5, min_child_samples=3, random_state=seed, n_jobs=1, deterministic=True, force_row_wise=True,
        verbosity=-1,
    ).fit(x, y)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, n_classes=st.integers(2, 4), unknown=st.sampled_from([0.0, 0.2]))
def test_lightgbm_flattened_agrees_with_lightgbm(seed: int, n_classes: int, unknown: float) -> None:
    x, y = cases(seed, n_classes, unknown)
    model = fitted_lightgbm(x, y, seed)
    raw = model.booster_.predict(x, raw_score=True)
    assert isinstance(raw, np.ndarray)
    np.testing.assert_allclose(flatten_lightgbm(model).sums(x), raw.reshape(len(x), -1), rtol=0, atol=1e-12)


def test_lightgbm_unknown_never_seen_in_training_agrees_with_lightgbm() -> None:
    x, y = cases(1, 2, unknown=0.0)
    model = fitted_lightgbm(x, y, 0)
    x[::3, 0] = x[::5, 1] = x[::7, 2] = np.nan
    raw = model.booster_.predict(x, raw_score=True)
    assert isinstance(raw, np.ndarray)
    np.testing.assert_allclose(flatten_lightgbm(model).sums(x)[:, 0], raw, rtol=0, atol=1e-12)


def test_lightgbm_same_seed_gives_the_same_bits() -> None:
    x, y = cases(2)
    first, again = (flatten_lightgbm(fitted_lightgbm(x, y, 3)) for _ in range(2))
    np.testing.assert_array_equal(first.sums(x), again.sums(x))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, max_features=st.sampled_from([1.0, 0.5]))
def test_isolation_forest_flattened_agrees_with_scikit_learn(seed: int, max_features: float) -> None:
    x, _ = cases(seed)
    model = IsolationForest(n_estimators=9, max_features=max_features, random_state=seed).fit(x)
    lengths = flatten_isolation_forest(model).sums(x)[:, 0]
    normal = 9 * (2.0 * (np.log(119.0) + np.euler_gamma) - 2.0 * 119.0 / 120.0)
    np.testing.assert_allclose(-(2.0 ** (-lengths / normal)), model.score_samples(x), rtol=0, atol=1e-12)


def test_gradient_boosting_unknown_never_seen_in_training_agrees_with_scikit_learn() -> None:
    x, y = cases(0, unknown=0.0)
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, y)
    x[:, 0] = np.nan
    np.testing.assert_array_equal(flatten_gradient_boosting(model).sums(x), model.decision_function(x))


def test_threshold_between_two_32_bit_values_rounds_as_scikit_learn_does() -> None:
    x = np.array([[1.0], [1.0 + 2e-7], [2.0]] * 10)
    model = RandomForestClassifier(5, bootstrap=False, random_state=0).fit(x, [0, 1, 1] * 10)
    near = 1.0 + np.linspace(0, 2e-7, 101)[:, None]
    np.testing.assert_array_equal(flatten_random_forest(model).sums(near) / 5, model.predict_proba(near))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, cuts=st.lists(st.integers(0, 400), max_size=6), kind=st.sampled_from(["forest", "boosting"]))
def test_sums_any_batches_give_the_same_bits(seed: int, cuts: list[int], kind: str) -> None:
    trees, x = (FOREST if kind == "forest" else BOOSTING), np.tile(cases(seed)[0], (4, 1))
    parts = [trees.sums(part) for part in np.split(x, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), trees.sums(x))
    np.testing.assert_array_equal(trees.sums(x[7:8])[0], trees.sums(x)[7])


def test_sums_trees_of_one_leaf_give_the_base() -> None:
    model = HistGradientBoostingClassifier(max_iter=2).fit(np.zeros((30, 2)), np.arange(30) % 2)
    np.testing.assert_array_equal(flatten_gradient_boosting(model).sums(np.ones((3, 2))), np.zeros((3, 1)))


def test_sums_no_rows_give_no_rows() -> None:
    assert FOREST.sums(np.empty((0, 5))).shape == (0, 3)


def test_sums_too_few_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 5 features, was 4"):
        FOREST.sums(np.zeros((1, 4)))


def test_flatten_categorical_splits_are_refused() -> None:
    x = np.arange(200.0)[:, None] % 7
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=3).fit(x, (x[:, 0] % 2).astype(int))
    with pytest.raises(ValueError, match="must be numerical"):
        flatten_gradient_boosting(model)


def test_state_read_back_gives_the_same_bits() -> None:
    x = cases(5)[0]
    np.testing.assert_array_equal(Trees.from_state(FOREST.state()).sums(x), FOREST.sums(x))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("left", lambda a: a * 0),  # back to the root: would never end
        ("right", lambda a: a + 10**6),
        ("root", lambda a: a - 10**6),
        ("output", lambda a: a + 1),
        ("feature", lambda a: a - 2),
        ("threshold", lambda a: a[:-1]),
    ],
)
def test_state_pointing_outside_is_refused(name: str, change: Any) -> None:
    state = replace(FOREST, **{name: change(getattr(FOREST, name))}).state()
    with pytest.raises(BundleError, match="must point to later nodes"):
        Trees.from_state(state)


FOREST = flatten_random_forest(RandomForestClassifier(7, random_state=1).fit(*cases(1)))
BOOSTING = flatten_gradient_boosting(HistGradientBoostingClassifier(max_iter=5, random_state=1).fit(*cases(1)))
