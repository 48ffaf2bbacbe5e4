from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from features.events import Vocabulary
from models.alert import Alert
from training.alerts import Raised, uncited
from training.intervals import intervals, weighted_average_precision
from training.markets import MarketTape

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]


@pytest.fixture
def half_found(market: MakeMarket, labels: MakeLabels, alert: MakeAlert) -> Raised:
    """Return a market of 40 episodes of wash trading, every other found, and 10 false alerts of spoofing."""
    planted = labels(*({"start_s": 300.0 * n, "end_s": 300.0 * n + 60} for n in range(40)))
    found = [alert(300.0 * n, 300.0 * n + 60) for n in range(0, 40, 2)]
    false = [alert(20_000.0 + 300 * n, 20_060.0 + 300 * n, typology="spoofing") for n in range(10)]
    return Raised(market(labels=planted), (*found, *false), (*found, *false))


@given(seed=st.integers(0, 10**6), n=st.integers(1, 30))
def test_weighted_average_precision_agrees_with_scikit_learn(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    truth, score = random.random(n) < 0.5, np.round(random.random(n), 1)
    weight = random.integers(0, 3, (4, n)).astype(float)
    expected = [
        float(average_precision_score(truth, score, sample_weight=one)) if one[truth].sum() else 0.0 for one in weight
    ]
    np.testing.assert_allclose(weighted_average_precision(truth, score, weight), expected, rtol=0, atol=1e-12)


def test_intervals_hold_what_was_measured_and_are_as_wide_as_chance(half_found: Raised) -> None:
    found = intervals([half_found], [half_found])
    low, high = found["recall_low.wash_trading"], found["recall_high.wash_trading"]
    assert low < 0.5 < high
    # The normal interval of 20 in 40 is .26 wide.
    assert 0.18 < high - low < 0.34
    assert found["recall_low"] == low
    assert found["average_precision_low"] == found["average_precision_low.wash_trading"]


def test_intervals_false_alerts_of_a_market_and_typology_come_and_go_together(half_found: Raised) -> None:
    found = intervals([half_found], [half_found])
    assert (found["precision_low.spoofing"], found["precision_high.spoofing"]) == (0.0, 0.0)
    # All ten or none: without them all alerts are right.
    assert found["precision_high"] == 1.0
    assert found["precision_low"] < 0.5


def test_intervals_same_seed_gives_the_same_and_nothing_gives_nothing(half_found: Raised, market: MakeMarket) -> None:
    first, again, other = (intervals([half_found], [half_found], seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    nothing = Raised(market(), (), ())
    assert intervals([nothing], [nothing]) == {}


def test_intervals_an_alert_that_cites_nothing_is_of_the_episode_that_names_another_account_of_its_owner(
    market: MakeMarket, labels: MakeLabels, alert: MakeAlert
) -> None:
    names = Vocabulary()
    names.own([("a", "ann"), ("a2", "ann")])
    planted = market(labels=labels({"accounts": ("a2",)}), names=names)
    shown, unsure = alert(accounts=("a", "a2")), alert(accounts=("a",))
    found = intervals([Raised(planted, (shown,), (shown,))], [Raised(uncited(planted), (unsure,), (unsure,))])
    assert (found["average_precision_low"], found["average_precision_high"]) == (1.0, 1.0)
