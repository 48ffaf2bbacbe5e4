"""A small learned bundle: wash trading shows in the self-matches, spoofing in the bait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from features.catalogue import COLUMN, MARKET_FEATURES
from models.bundle import Bundle
from models.calibration import fit_calibrator
from training.experiment import IsolationForest as ForestSettings
from training.fit import fit_isolation_forest
from training.fit_classifiers import Labelled, fit_classifiers

SMALL = {"random_forest": lambda seed: RandomForestClassifier(20, min_samples_leaf=3, random_state=seed)}


def feature_rows(seed: int, n: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((n, len(MARKET_FEATURES)))


def small_labelled(seed: int, n: int = 400) -> Labelled:
    values, number = feature_rows(seed, n), np.arange(n)
    label = np.array(["none", "none", "spoofing", "wash_trading"])[number // 10 % 4]
    values[label == "wash_trading", COLUMN["self_match_share"]] += 1.0
    values[label == "spoofing", COLUMN["order_to_trade_ratio"]] += 1.0
    return Labelled(values, label, number // 10, np.ones(n))


def small_bundle(seed: int, average_precision: float = 0.9) -> Bundle:
    forest = fit_isolation_forest(
        feature_rows(seed, 200), feature_rows(seed + 1, 99), seed=seed, settings=ForestSettings(trees=10)
    )
    classifier = fit_classifiers(small_labelled(seed), seed=seed, candidates=SMALL).classifier
    score = np.linspace(0, 1, 100)
    return Bundle(
        classifiers={"market": classifier},
        isolation_forests={"market": forest},
        combination={"spoofing": {"bias": -1.5, "weight": [1.0, 0.5, 0.25], "absent": [0.0, -0.5, 0.0]}},
        calibrators={"spoofing": fit_calibrator(score, score > 0.6)},
        parameters="p1",
        calibrated_on="simulated",
        created_from="d1",
        metrics={"average_precision": average_precision},
    )


@pytest.fixture(scope="session")
def labelled() -> Labelled:
    return small_labelled(0, 640)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return small_bundle(0)


@pytest.fixture(scope="session")
def better_bundle(bundle: Bundle) -> Bundle:
    return replace(bundle, metrics={"average_precision": 0.95}, created_from="d2")


@pytest.fixture
def values() -> NDArray[np.float64]:
    return feature_rows(9, 50)
