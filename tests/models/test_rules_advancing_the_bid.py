from __future__ import annotations

import pytest

from features.rows import blank_rows, no_episodes
from tests.contracts.cases import CASES
from tests.models.told import confidence, episode, rule_of

NAME = "advancing_the_bid"


def test_advancing_the_bid_fires_clearly_on_its_pattern() -> None:
    assert confidence(NAME) > 0.75


@pytest.mark.parametrize(
    ("figure", "enough", "short", "others"),
    [
        ("orders", 11.0, 7.0, {}),
        ("ups", 2.0, 1.0, {}),
        ("overlap_share", 0.6, 0.2, {}),
        ("taken_back_share", 0.8, 0.4, {}),
        ("filled_share", 0.15, 0.5, {}),
        ("one_sided_share", 0.95, 0.7, {}),
        ("leading_share", 0.9, 0.5, {}),
        ("size", 0.7, 0.3, {}),
        ("touch_sigma", -1.0, -4.0, {}),
    ],
)
def test_advancing_the_bid_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float, others: dict[str, float]
) -> None:
    assert confidence(NAME, **{**others, figure: enough}) >= 0.7
    assert confidence(NAME, **{**others, figure: short}) < 0.7


@pytest.mark.parametrize("name", CASES[NAME].look_alikes)
def test_advancing_the_bid_is_quiet_on_look_alikes(name: str) -> None:
    assert confidence(NAME, **CASES[NAME].look_alikes[name]) < 0.7


def test_advancing_the_bid_without_episodes_abstains() -> None:
    assert len(rule_of(NAME).judge(blank_rows("fast", 3), no_episodes())) == 0


def test_advancing_the_bid_evidence_names_figures_against_their_thresholds() -> None:
    cited = rule_of(NAME).evidence(blank_rows("fast", 1), 0, episode(NAME, {}), 0)
    assert len({figure.name for figure in cited}) == len(cited) >= 4
    assert any(figure.threshold is not None for figure in cited)


def test_advancing_the_bid_by_friends_names_them_all() -> None:
    rule = rule_of(NAME)
    found = rule.judge(blank_rows("fast", 1), episode(NAME, {"accounts": 3.0}, (5, 9, 4)))
    assert found.members[0, :4].tolist() == [5, 9, 4, -1]
