from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from features.catalogue import COLUMN
from models.bundle import Bundle
from models.classifier import Classifier, ClassifierVariant, Link
from models.trees import flatten_gradient_boosting
from models.variants import Inputs
from training.fit_classifiers import CANDIDATES, Labelled, fit_classifiers

FEATURES = ("volume_volatility", "self_match_share")


@pytest.fixture(scope="module", params=list(CANDIDATES))
def classifier(request: pytest.FixtureRequest, labelled: Labelled) -> Classifier:
    return fit_classifiers(labelled, seed=0, candidates={request.param: CANDIDATES[request.param]}).classifier


def boosted(n_classes: int, columns: list[int]) -> tuple[Classifier, HistGradientBoostingClassifier]:
    x = np.random.default_rng(0).random((200, 2))
    model = HistGradientBoostingClassifier(max_iter=5).fit(x, (x[:, 1] * n_classes).astype(int))
    inputs = Inputs("full", FEATURES, FEATURES, np.full(2, np.nan))
    link: Link = "logistic" if n_classes == 2 else "softmax"
    variant = ClassifierVariant(inputs, flatten_gradient_boosting(model), link, np.array(columns))
    return Classifier(("none", "spoofing", "wash_trading", "volume_spike"), (variant,)), model


@pytest.mark.parametrize(("n_classes", "columns"), [(2, [0, 2]), (3, [0, 2, 3])])
def test_probabilities_of_boosting_equal_scikit_learn_in_the_classes_it_knows(
    values: NDArray[np.float64], n_classes: int, columns: list[int]
) -> None:
    classifier, model = boosted(n_classes, columns)
    expected = np.zeros((len(values), 4))
    expected[:, columns] = model.predict_proba(values[:, [COLUMN[name] for name in FEATURES]])
    np.testing.assert_allclose(classifier.probabilities(values), expected, rtol=0, atol=1e-12)


def test_probabilities_sum_to_one(classifier: Classifier, values: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(classifier.probabilities(values).sum(axis=1), 1.0)


def test_by_typology_self_matches_point_to_wash_trading(classifier: Classifier, values: NDArray[np.float64]) -> None:
    values[:25, COLUMN["self_match_share"]] = 1.6
    values[25:, COLUMN["self_match_share"]] = 0.2
    found = classifier.by_typology(values)
    assert list(found) == ["spoofing", "wash_trading"]
    assert found["wash_trading"][:25].min() > 0.5 > found["wash_trading"][25:].max()


def test_by_typology_row_without_features_abstains(classifier: Classifier, values: NDArray[np.float64]) -> None:
    values[7] = np.nan
    assert all(np.flatnonzero(np.isnan(p)).tolist() == [7] for p in classifier.by_typology(values).values())


def test_probabilities_without_orders_come_from_the_public_variant(
    classifier: Classifier, values: NDArray[np.float64]
) -> None:
    values[:, [COLUMN["cancellation_rate"], COLUMN["order_to_trade_ratio"]]] = np.nan
    assert {classifier.variants[number].inputs.variant for number in classifier.judged_by(values)} == {"public"}


def test_probabilities_any_batch_gives_the_same_bits(classifier: Classifier, values: NDArray[np.float64]) -> None:
    values[::4, COLUMN["cancellation_rate"]] = np.nan
    one_by_one = [classifier.probabilities(values[row : row + 1])[0] for row in range(len(values))]
    np.testing.assert_array_equal(classifier.probabilities(values), one_by_one)


def test_state_read_back_gives_the_same_bits(bundle: Bundle, values: NDArray[np.float64]) -> None:
    classifier = bundle.classifiers["market"]
    again = Classifier.from_state(classifier.state())
    np.testing.assert_array_equal(again.probabilities(values), classifier.probabilities(values))
