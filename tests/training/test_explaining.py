from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import COLUMN, MARKET_FEATURES
from models.classifier import ClassifierVariant
from models.variants import Inputs
from training.candidates import candidates_of, flattened
from training.experiment import CandidateName, Experiment
from training.explaining import explain
from training.plots import shap_summary

EVERY: tuple[CandidateName, ...] = ("random_forest", "hist_gradient_boosting", "lightgbm")


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("n_classes", [2, 3])
# shap makes its colours when it is loaded.
@pytest.mark.filterwarnings("ignore:The set_.* function will be deprecated:PendingDeprecationWarning")
def test_explain_values_add_up_to_the_trees_and_point_to_what_was_planted(
    name: str, n_classes: int, tmp_path: Path
) -> None:
    random, n = np.random.default_rng(5), 240
    values, label = random.random((n, len(MARKET_FEATURES))), np.arange(n) % n_classes
    values[label == 1, COLUMN["order_to_trade_ratio"]] += 1.0
    values[::7, COLUMN["rise"]] = np.nan
    names = ("rise", "fall", "order_to_trade_ratio", "sweep")
    inputs = Inputs("full", names, ("fall",), np.full(len(names), np.nan))
    with threadpool_limits(1, user_api="openmp"):
        made = candidates_of(Experiment(candidates=EVERY))[name](0).fit(inputs.matrix(values), label)
    trees, link = flattened(made)
    explained = explain(ClassifierVariant(inputs, trees, link, np.arange(n_classes)), values, 0)
    sums = trees.sums(explained.matrix) / (len(trees) if link == "mean" else 1)
    np.testing.assert_allclose(explained.values.sum(axis=1) + explained.base, sums, rtol=0, atol=1e-6)
    largest = np.abs(explained.values[:, :, explained.classes.index(1)]).mean(axis=0).argmax()
    assert explained.features[largest] == "order_to_trade_ratio"
    figure = shap_summary(explained, ("none", "spoofing", "ramping"), "What it reads")
    figure.savefig(tmp_path / "shap.png")
