from __future__ import annotations

import numpy as np
import pytest

from features.rows import blank_rows, no_episodes
from models.rules.ramping import Params, Ramping
from tests.models.judged import confidence_of, episode

RULE = Ramping(Params())


def test_ramp_of_two_percent_on_a_tight_market_clears_the_threshold() -> None:
    assert confidence_of(RULE) > 0.75


def test_ramp_of_three_percent_needs_no_usual_spread_or_move() -> None:
    assert confidence_of(RULE, move=0.035, half_spreads=np.nan, sigmas=np.nan) > 0.6
    assert confidence_of(RULE, move=0.04, half_spreads=5.0, sigmas=0.8) > 0.7


@pytest.mark.parametrize(
    "innocent",
    [
        {"own_share": 0.15},
        {"volume_share": 0.18},
        {"steps": 3.0},
        {"takes": 3.0},
        {"seconds": 60.0},
        {"one_sided": 0.6},
        {"half_spreads": 3.0},
        {"sigmas": 0.5},
    ],
)
def test_ramp_short_of_one_fact_stays_quiet(innocent: dict[str, float]) -> None:
    assert confidence_of(RULE, **innocent) < 0.7


def test_ramp_with_few_steps_needs_to_dominate() -> None:
    assert confidence_of(RULE, steps=6.0, own_share=1.0, volume_share=0.95) > 0.7
    assert confidence_of(RULE, steps=6.0, own_share=0.7, volume_share=0.7) < 0.7


def test_ramp_without_data_abstains() -> None:
    assert len(RULE.judge(blank_rows("fast", 3), no_episodes())) == 0
    assert len(RULE.judge(blank_rows("fast", 1), episode("ramp", {}))) == 0


def test_ramp_with_more_steps_never_scores_lower() -> None:
    scores = [confidence_of(RULE, steps=float(n)) for n in range(1, 30)]
    assert scores == sorted(scores)
