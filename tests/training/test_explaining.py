from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from features.catalogue import COLUMN, MARKET_FEATURES
from training.candidates import candidates_of
from training.experiment import Experiment
from training.explaining import explain
from training.fit_classifiers import Labelled, fit_classifiers
from training.plots import shap_summary

EVERY = ("random_forest", "hist_gradient_boosting", "lightgbm")


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kinds", [("none", "spoofing"), ("none", "spoofing", "wash_trading")])
def test_explain_values_add_up_to_the_trees_and_point_to_what_was_planted(
    name: str, kinds: tuple[str, ...], tmp_path: Path
) -> None:
    random, n = np.random.default_rng(5), 240
    values, number = random.random((n, len(MARKET_FEATURES))), np.arange(n)
    label = np.array(kinds)[number // 10 % len(kinds)]
    values[label == "spoofing", COLUMN["order_to_trade_ratio"]] += 1.0
    values[::7, COLUMN["rise"]] = np.nan
    rows = Labelled(values, label, number // 10, np.ones(n))
    candidates = candidates_of(Experiment(candidates=(name,)))
    fit = fit_classifiers(rows, seed=0, candidates=candidates)
    explained = explain(fit.fold_model, fit.held_out.values, 0)
    sums = fit.fold_model.trees.sums(explained.matrix)
    if fit.fold_model.link == "mean":
        sums /= len(fit.fold_model.trees)
    np.testing.assert_allclose(explained.values.sum(axis=1) + explained.base, sums, rtol=0, atol=1e-9)
    spoofing = explained.classes.index(fit.classifier.classes.index("spoofing"))
    largest = np.abs(explained.values[:, :, spoofing]).mean(axis=0).argmax()
    assert explained.features[largest] == "order_to_trade_ratio"
    figure = shap_summary(explained, fit.classifier.classes, "What it reads")
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "shap.png")
