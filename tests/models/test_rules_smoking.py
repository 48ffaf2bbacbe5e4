from __future__ import annotations

import pytest

from features.rows import blank_rows, no_episodes
from tests.contracts.cases import CASES
from tests.models.told import confidence, episode, rule_of

NAME = "smoking"


def test_smoking_fires_clearly_on_its_pattern() -> None:
    assert confidence(NAME) > 0.75


@pytest.mark.parametrize(
    ("figure", "enough", "short", "others"),
    [
        ("rounds", 3.0, 2.0, {}),
        ("caught", 1.0, 0.0, {}),
        ("inside_share", 0.7, 0.3, {}),
        ("orders_share", 0.5, 0.2, {}),
        ("age_s", 1.0, 6.0, {}),
        ("retreat", 0.7, 0.3, {}),
        ("size", 0.8, 0.3, {}),
    ],
)
def test_smoking_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float, others: dict[str, float]
) -> None:
    assert confidence(NAME, **{**others, figure: enough}) >= 0.7
    assert confidence(NAME, **{**others, figure: short}) < 0.7


@pytest.mark.parametrize("name", CASES[NAME].look_alikes)
def test_smoking_is_quiet_on_look_alikes(name: str) -> None:
    assert confidence(NAME, **CASES[NAME].look_alikes[name]) < 0.7


def test_smoking_without_episodes_abstains() -> None:
    assert len(rule_of(NAME).judge(blank_rows("fast", 3), no_episodes())) == 0


def test_smoking_evidence_names_figures_against_their_thresholds() -> None:
    cited = rule_of(NAME).evidence(blank_rows("fast", 1), 0, episode(NAME, {}), 0)
    assert len({figure.name for figure in cited}) == len(cited) >= 4
    assert any(figure.threshold is not None for figure in cited)
