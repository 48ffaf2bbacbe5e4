from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.catalogue import COLUMN, MARKET_FEATURES
from models.classifier import Classifier, ClassifierVariant
from models.variants import Inputs
from training.candidates import candidates_of, flattened
from training.experiment import CandidateName, Experiment
from training.explaining import as_usual, explain, explain_rows
from training.plots import shap_row, shap_summary

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
    model = ClassifierVariant(inputs, trees, link, np.arange(n_classes))
    one, usual = values[label == 1][3:4], values[label == 0][:20]
    alone = explain_rows(model, one, usual)
    of_one = model.trees.sums(alone.matrix) / (len(trees) if link == "mean" else 1)
    np.testing.assert_allclose(alone.values.sum(axis=1) + alone.base, of_one, rtol=0, atol=1e-6)
    shap_row(alone, 0, alone.classes.index(1), "Why").savefig(tmp_path / "row.png")
    classifier = Classifier(("none", "spoofing", "ramping")[:n_classes], (model,))
    without = as_usual(classifier, one[0], usual, "spoofing")
    assert next(iter(without)) == "order_to_trade_ratio"
    assert without["order_to_trade_ratio"] < classifier.by_typology(one)["spoofing"][0] - 0.2
    assert as_usual(classifier, one[0], usual, "wash_trading") == {}
    assert as_usual(classifier, np.full_like(one[0], np.nan), usual, "spoofing") == {}
