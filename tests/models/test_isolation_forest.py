from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest as Estimator

from features.catalogue import COLUMN, SIX
from models.bundle import Bundle
from models.isolation_forest import IsolationForest
from models.variants import NEEDS

ORDERS = [COLUMN[name] for name, needs in NEEDS["market"].items() if needs == "orders"]
ACCOUNTS = [COLUMN[name] for name, needs in NEEDS["market"].items() if needs == "accounts"]
AGGRESSOR = [COLUMN[name] for name, needs in NEEDS["market"].items() if needs == "aggressor"]
WIDER = [column for name, column in COLUMN.items() if name not in SIX]


@pytest.fixture
def forest(bundle: Bundle) -> IsolationForest:
    return bundle.isolation_forests["market"]


def test_scores_equal_scikit_learn(forest: IsolationForest, values: NDArray[np.float64]) -> None:
    train = np.random.default_rng(0).random(values.shape[1] * 200).reshape(200, -1)
    model = Estimator(n_estimators=10, random_state=0).fit(train)
    np.testing.assert_allclose(forest.variants[0].scores(values), -model.score_samples(values), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("missing", "variant"),
    [
        ([], "full"),
        (ORDERS, "public"),
        (ORDERS + ACCOUNTS, "public"),
        (WIDER, "six"),
        (ORDERS + ACCOUNTS + AGGRESSOR, "six_public"),
    ],
    ids=["nothing", "orders", "orders_accounts", "all_but_the_six", "all_but_public_trades"],
)
def test_judged_by_missing_data_is_the_variant_made_for_it(
    forest: IsolationForest, values: NDArray[np.float64], missing: list[int], variant: str
) -> None:
    values[:, missing] = np.nan
    judge = forest.judged_by(values)
    assert {forest.variants[number].inputs.variant for number in judge} == {variant}
    assert np.isfinite(forest.p_values(values)).all()


def test_p_values_row_without_features_abstains(forest: IsolationForest, values: NDArray[np.float64]) -> None:
    values[3] = np.nan
    assert np.flatnonzero(np.isnan(forest.p_values(values))).tolist() == [3]


def test_p_values_far_out_row_gets_the_least_possible(forest: IsolationForest, values: NDArray[np.float64]) -> None:
    values[0] = 50.0
    assert forest.p_values(values)[0] == pytest.approx(0.01)


def test_p_values_any_batch_gives_the_same_bits(forest: IsolationForest, values: NDArray[np.float64]) -> None:
    values[::3, ORDERS] = np.nan
    one_by_one = [forest.p_values(values[row : row + 1])[0] for row in range(len(values))]
    np.testing.assert_array_equal(forest.p_values(values), one_by_one)


def test_p_values_no_rows_give_none(forest: IsolationForest, values: NDArray[np.float64]) -> None:
    assert forest.p_values(values[:0]).shape == (0,)
