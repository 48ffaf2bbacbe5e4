from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from features.rows import blank_rows, no_episodes
from tests.contracts.cases import CASES
from tests.models.judged import confidence_of, episode
from tests.models.told import rule_of

NAME = "unlabelled_volume"
HONEST = {
    "trades": 800.0, "benford": 0.026, "round_share": 0.1, "round_excess": 2.75, "tail_exponent": 1.4,
    "inside_share": 0.0, "repeat_share": 0.06, "alternation": -0.2,
}  # fmt: skip
LIMITS = {
    "benford": 0.115, "round_excess": -2.4, "tail_exponent": 4.95, "inside_share": 0.5, "repeat_share": 0.21,
    "alternation": -0.016,
}  # fmt: skip
EXTREME = CASES[NAME].pattern


def score(**figures: float) -> float:
    found = rule_of(NAME).judge(blank_rows("market", 1), episode("sizes", {**HONEST, **figures}, ()))
    return float(found.score.sum())


def weight(*names: str) -> float:
    return confidence_of(rule_of(NAME), **{**HONEST, **{name: EXTREME[name] for name in names}})


def test_unlabelled_volume_is_a_warning_that_names_nobody() -> None:
    rule = rule_of(NAME)
    found = rule.judge(blank_rows("market", 1), episode("sizes", EXTREME, ()))
    assert rule.category == "warning"
    assert set(found.members.ravel().tolist()) == {-1}


@pytest.mark.parametrize("name", LIMITS)
def test_one_test_alone_says_nothing(name: str) -> None:
    assert score(**{name: EXTREME[name]}) < 0.7


def test_two_tests_at_their_limits_score_the_threshold_whichever_they_are() -> None:
    names = list(LIMITS)
    for one, other in pairwise(names):
        assert score(**{one: LIMITS[one], other: LIMITS[other]}) == pytest.approx(0.7)


def test_two_tests_however_extreme_raise_no_alert_and_three_must_be_extreme() -> None:
    names = list(LIMITS)
    for one, other in pairwise(names):
        assert weight(one, other) <= 0.5
    assert weight("benford", "repeat_share", "alternation") < 0.7
    assert score(benford=0.9, repeat_share=1.0, inside_share=1.0) > 0.7
    assert weight("tail_exponent", "inside_share", "alternation") < 0.7
    extreme = {"benford": 1.9, "tail_exponent": 99.0, "round_excess": -90.0}
    assert confidence_of(rule_of(NAME), **{**HONEST, **extreme}) > 0.7


def test_an_unknown_figure_agrees_with_nothing() -> None:
    assert score(benford=0.3, repeat_share=np.nan, inside_share=np.nan) < 0.7
    assert score(**dict.fromkeys(LIMITS, np.nan)) == 0.0


def test_few_trades_say_nothing() -> None:
    assert score(**{**EXTREME, "trades": 199.0}) == 0.0


def test_unlabelled_volume_without_episodes_abstains() -> None:
    assert len(rule_of(NAME).judge(blank_rows("market", 3), no_episodes())) == 0


def test_evidence_says_that_nobody_can_be_named_and_tells_the_plainest_test_first() -> None:
    cited = rule_of(NAME).evidence(blank_rows("market", 1), 0, episode("sizes", {**HONEST, "benford": 0.3}, ()), 0)
    assert cited[0].says.startswith("Nobody can be named")
    assert "1 of 6 tests" in cited[0].says
    assert cited[1].name == "benford"
    unknown = episode("sizes", {**HONEST, "inside_share": np.nan}, ())
    names = [one.name for one in rule_of(NAME).evidence(blank_rows("market", 1), 0, unknown, 0)]
    assert "inside_share" not in names


def test_unlabelled_volume_that_asks_for_more_tests_than_there_are_finds_nothing() -> None:
    strict = rule_of(NAME, agreeing_tests=7)
    assert len(strict.judge(blank_rows("market", 1), episode("sizes", EXTREME, ()))) == 0
