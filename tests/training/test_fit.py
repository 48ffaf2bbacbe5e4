from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from features.catalogue import COLUMN, MARKET_FEATURES
from features.errors import TapewatchError
from models.variants import NEEDS
from training.experiment import IsolationForest as ForestSettings
from training.fit import choose_inputs, fit_isolation_forest, non_overlapping
from training.fit_classifiers import ClassifierFit, Labelled, fit_classifiers

SMALL = {
    "random_forest": lambda seed: RandomForestClassifier(20, min_samples_leaf=3, random_state=seed),
    "hist_gradient_boosting": lambda seed: HistGradientBoostingClassifier(max_iter=5, random_state=seed),
}
RATIO = COLUMN["order_to_trade_ratio"]


def feature_rows(seed: int, n: int = 200) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((n, len(MARKET_FEATURES)))


def labelled(seed: int, n: int = 400) -> Labelled:
    values, number = feature_rows(seed, n), np.arange(n)
    label = np.array(["none", "none", "spoofing", "wash_trading"])[number // 10 % 4]
    values[label == "spoofing", RATIO] += 1.0
    values[label == "wash_trading", COLUMN["self_match_share"]] += 1.0
    return Labelled(values, label, number // 10, np.ones(n))


@pytest.fixture(scope="module")
def fit() -> ClassifierFit:
    return fit_classifiers(labelled(0), seed=0, candidates=SMALL)


def test_choose_inputs_often_unknown_feature_is_read_but_not_required() -> None:
    values = feature_rows(0)
    values[::4, COLUMN["pair_share"]] = np.nan
    inputs = choose_inputs("full", values, "median")
    assert inputs is not None
    assert "pair_share" in inputs.features
    assert "pair_share" not in inputs.required
    filled = inputs.matrix(values)[0, inputs.features.index("pair_share")]
    assert filled == np.nanmedian(values[:, COLUMN["pair_share"]])


def test_choose_inputs_never_known_feature_is_left_out() -> None:
    values = feature_rows(0)
    values[:, COLUMN["pair_share"]] = np.nan
    inputs = choose_inputs("full", values, "unknown")
    assert inputs is not None
    assert "pair_share" not in inputs.features


def test_choose_inputs_kind_of_data_missing_from_most_rows_is_still_required() -> None:
    values = feature_rows(0)
    orders = [COLUMN[name] for name, needs in NEEDS["market"].items() if needs == "orders"]
    values[:140, orders] = np.nan
    inputs = choose_inputs("full", values, "median")
    assert inputs is not None
    assert inputs.judges(values).tolist() == [False] * 140 + [True] * 60


def test_choose_inputs_too_few_rows_gives_none() -> None:
    assert choose_inputs("six", feature_rows(0, 49), "median") is None


@given(windows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 500)), max_size=60), span=st.integers(1, 100))
def test_non_overlapping_kept_windows_do_not_overlap_and_no_more_would_fit(
    windows: list[tuple[int, int]], span: int
) -> None:
    market, end = np.array([(m, e) for m, e in windows], dtype=np.int64).reshape(-1, 2).T
    kept = non_overlapping(market, end, span)
    for code in range(3):
        mine = np.sort(end[kept][market[kept] == code])
        assert np.all(np.diff(mine) >= span)
        others = end[market == code]
        assert all(np.min(np.abs(mine - other)) < span for other in others)


def test_fit_isolation_forest_public_tapes_only_has_no_full_variant() -> None:
    train, calibration = feature_rows(0), feature_rows(1)
    hidden = [COLUMN[name] for name, needs in NEEDS["market"].items() if needs in {"orders", "accounts"}]
    train[:, hidden] = calibration[:, hidden] = np.nan
    forest = fit_isolation_forest(train, calibration, seed=0, settings=ForestSettings(trees=10))
    assert [variant.inputs.variant for variant in forest.variants] == ["public", "six_public"]


def test_fit_isolation_forest_same_seed_gives_the_same_trees() -> None:
    first, again, other = (
        fit_isolation_forest(feature_rows(0), feature_rows(1), seed=s, settings=ForestSettings(trees=10))
        for s in (1, 1, 2)
    )
    values = feature_rows(2)
    np.testing.assert_array_equal(first.p_values(values), again.p_values(values))
    assert not np.array_equal(first.p_values(values), other.p_values(values))


@settings(max_examples=5)
@given(seed=st.integers(0, 10**6))
def test_fit_isolation_forest_honest_rows_are_flagged_at_the_stated_rate(seed: int) -> None:
    forest = fit_isolation_forest(
        feature_rows(seed, 300), feature_rows(seed + 1, 800), seed=seed, settings=ForestSettings(trees=20)
    )
    assert np.mean(forest.p_values(feature_rows(seed + 2, 800)) <= 0.05) == pytest.approx(0.05, abs=0.04)


def test_fit_isolation_forest_without_rows_is_refused() -> None:
    with pytest.raises(TapewatchError, match="needs 50 rows to learn from"):
        fit_isolation_forest(feature_rows(0, 10), feature_rows(1), seed=0)


def test_fit_classifiers_both_candidates_are_measured_and_the_better_one_wins(fit: ClassifierFit) -> None:
    assert fit.metrics.keys() == SMALL.keys()
    assert fit.winner == max(fit.metrics, key=lambda name: fit.metrics[name]["average_precision"])
    assert {"average_precision", "log_loss", "average_precision.spoofing"} <= fit.metrics[fit.winner].keys()
    assert fit.metrics[fit.winner]["average_precision"] > 0.9


def test_fit_classifiers_variants_cover_less_data(fit: ClassifierFit) -> None:
    names = [variant.inputs.variant for variant in fit.classifier.variants]
    assert names == ["full", "public", "six", "six_public"]


def test_fit_classifiers_importance_points_to_what_was_planted(fit: ClassifierFit) -> None:
    order = np.argsort(-fit.importance[0])
    assert {fit.features[column] for column in order[:2]} == {"order_to_trade_ratio", "self_match_share"}


def test_fit_classifiers_out_of_fold_never_saw_the_group() -> None:
    # Rows of a group are copies with a label drawn by lot: only a model that saw the group could know it.
    random = np.random.default_rng(0)
    values, group = np.repeat(feature_rows(0, 60), 10, axis=0), np.repeat(np.arange(60), 10)
    label = np.where(random.random(60) < 0.5, "spoofing", "none")[group]
    fit = fit_classifiers(Labelled(values, label, group, np.ones(600)), seed=0, candidates=SMALL)
    told = fit.out_of_fold[:, 1] > 0.5
    known = fit.classifier.probabilities(values)[:, 1] > 0.5
    assert np.mean(told == (label == "spoofing")) < 0.75
    assert np.mean(known == (label == "spoofing")) > 0.85


def test_fit_classifiers_rows_without_orders_get_out_of_fold_from_the_public_variant() -> None:
    rows = labelled(0)
    rows.values[:120, [COLUMN[name] for name, needs in NEEDS["market"].items() if needs == "orders"]] = np.nan
    fit = fit_classifiers(rows, seed=0, candidates=SMALL)
    assert np.isfinite(fit.out_of_fold).all()
    assert fit.classifier.judged_by(rows.values).tolist() == [0] * 0 + [1] * 120 + [0] * 280


def test_fit_classifiers_typology_in_one_group_only_is_still_learned() -> None:
    rows = labelled(0)
    label = np.where(rows.group == 5, "pump_and_dump", "none")
    fit = fit_classifiers(Labelled(rows.values, label, rows.group, rows.weight), seed=0, candidates=SMALL)
    assert fit.classifier.classes == ("none", "pump_and_dump")


@pytest.mark.parametrize(("label", "group"), [("none", "own"), ("mixed", "one")])
def test_fit_classifiers_nothing_to_compare_is_refused(label: str, group: str) -> None:
    rows = labelled(0)
    labels = np.full(400, "none") if label == "none" else rows.label
    groups = np.zeros(400, np.int64) if group == "one" else rows.group
    with pytest.raises(TapewatchError, match="at least 2 classes in at least 2 groups"):
        fit_classifiers(Labelled(rows.values, labels, groups, rows.weight), seed=0, candidates=SMALL)
