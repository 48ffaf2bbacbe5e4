from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from training.candidates import candidates_of, flattened
from training.experiment import CandidateName, Experiment

EVERY: tuple[CandidateName, ...] = ("random_forest", "hist_gradient_boosting", "lightgbm")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1, user_api="openmp"):
        yield


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_candidate_flattened_gives_the_probabilities_of_the_estimator(name: str, n_classes: int) -> None:
    random = np.random.default_rng(1)
    x, y = random.normal(size=(300, 4)), np.arange(300) % n_classes
    x[:, 0] += y
    x[random.random(x.shape) < 0.1] = np.nan
    model = candidates_of(Experiment(candidates=EVERY))[name](3)
    model.fit(x, y)
    trees, link = flattened(model)
    sums = trees.sums(x)
    if link == "mean":
        told = sums / len(trees)
    else:
        odds = np.column_stack([np.zeros(len(x)), sums]) if link == "logistic" else sums
        told = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(told, model.predict_proba(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_candidate_same_seed_gives_the_same_trees(name: str) -> None:
    random = np.random.default_rng(2)
    x, y = random.normal(size=(200, 3)), np.arange(200) % 2
    first, again = (candidates_of(Experiment(candidates=EVERY))[name](7).fit(x, y) for _ in range(2))
    np.testing.assert_array_equal(flattened(first)[0].sums(x), flattened(again)[0].sums(x))
