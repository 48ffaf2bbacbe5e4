from __future__ import annotations

import numpy as np
import pytest

from features.rows import blank_rows, no_episodes
from models.rules.front_running import FrontRunning, Params
from tests.models.judged import confidence_of, episode

RULE = FrontRunning(Params())


def test_leads_of_one_pair_clear_the_threshold() -> None:
    assert confidence_of(RULE) > 0.75


def test_leads_three_times_are_enough_and_twice_are_not() -> None:
    times = [confidence_of(RULE, leads=n, closed=n, leader_takes=2.0 * n, client_takes=n) for n in (2.0, 3.0)]
    assert times[0] < 0.7 < times[1]


@pytest.mark.parametrize(
    "innocent",
    [
        {"expected": 4.0},
        {"leader_takes": 200.0},
        {"client_takes": 60.0},
        {"closed": 2.0},
        {"ratio": 0.5},
        {"ahead_s": 5.0},
        {"usual_orders": 2.0},
        {"impact": 0.2},
    ],
)
def test_leads_short_of_one_fact_stay_quiet(innocent: dict[str, float]) -> None:
    assert confidence_of(RULE, **innocent) < 0.7


def test_leads_of_unknown_impact_are_less_sure() -> None:
    assert 0.0 < confidence_of(RULE, impact=np.nan) < confidence_of(RULE)


def test_leads_without_data_abstain() -> None:
    assert len(RULE.judge(blank_rows("fast", 3), no_episodes())) == 0
    assert len(RULE.judge(blank_rows("fast", 1), episode("lead", {}))) == 0


def test_leads_further_above_chance_never_score_lower() -> None:
    scores = [confidence_of(RULE, expected=8.0 / n) for n in range(1, 30)]
    assert scores == sorted(scores)
