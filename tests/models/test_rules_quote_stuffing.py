from __future__ import annotations

import pytest

from features.rows import blank_rows, no_episodes
from tests.contracts.cases import CASES
from tests.models.told import confidence, episode, rule_of

NAME = "quote_stuffing"


def test_quote_stuffing_fires_clearly_on_its_pattern() -> None:
    assert confidence(NAME) > 0.75


@pytest.mark.parametrize(
    ("figure", "enough", "short", "others"),
    [
        ("messages", 240.0, 150.0, {"burst_messages": 240.0}),
        ("burst_share", 0.6, 0.4, {}),
        ("own_usual", 150.0, 400.0, {}),
        ("cancelled_share", 0.9, 0.5, {}),
        ("filled_share", 0.05, 0.3, {}),
    ],
)
def test_quote_stuffing_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float, others: dict[str, float]
) -> None:
    assert confidence(NAME, **{**others, figure: enough}) >= 0.7
    assert confidence(NAME, **{**others, figure: short}) < 0.7


@pytest.mark.parametrize("name", CASES[NAME].look_alikes)
def test_quote_stuffing_is_quiet_on_look_alikes(name: str) -> None:
    assert confidence(NAME, **CASES[NAME].look_alikes[name]) < 0.7


def test_quote_stuffing_without_episodes_abstains() -> None:
    assert len(rule_of(NAME).judge(blank_rows("fast", 3), no_episodes())) == 0


def test_quote_stuffing_evidence_names_figures_against_their_thresholds() -> None:
    cited = rule_of(NAME).evidence(blank_rows("fast", 1), 0, episode(NAME, {}), 0)
    assert len({figure.name for figure in cited}) == len(cited) >= 4
    assert any(figure.threshold is not None for figure in cited)


def test_quote_stuffing_of_a_slow_flood_far_above_the_markets_pace_fires_without_a_burst() -> None:
    slow = {"messages": 480.0, "burst_messages": 130.0, "market_usual": 30.0}
    assert confidence(NAME, **slow) > 0.7
    assert confidence(NAME, **{**slow, "market_usual": 150.0}) < 0.7


def test_quote_stuffing_in_a_market_of_unknown_pace_is_judged_by_its_burst() -> None:
    assert confidence(NAME, market_usual=float("nan")) > 0.7
