from __future__ import annotations

import numpy as np
import pytest

from features.rows import blank_rows, no_episodes
from models.rules.momentum_ignition import MomentumIgnition, Params
from tests.models.judged import confidence_of, episode

RULE = MomentumIgnition(Params())


def test_ignition_with_a_move_and_a_way_out_clears_the_threshold() -> None:
    assert confidence_of(RULE) > 0.75


@pytest.mark.parametrize(
    "innocent",
    [
        {"exit_s": 400.0},
        {"exit_share": 0.1, "usual_orders": 30.0},
        {"own_share": 0.3},
        {"taken_share": 0.1},
        {"gain": -0.3},
        {"habit_share": 0.02},
        {"sigmas": 3.0},
        {"usual_moves": 0.5},
        {"half_spreads": 1.0},
        {"usual_orders": 1.5},
        {"burst_s": 300.0},
    ],
)
def test_ignition_short_of_one_fact_stays_quiet(innocent: dict[str, float]) -> None:
    assert confidence_of(RULE, **innocent) < 0.7


def test_ignition_that_took_a_wall_needs_no_large_share_of_it_sold() -> None:
    assert confidence_of(RULE, exit_share=0.05, usual_orders=500.0) > 0.7
    assert confidence_of(RULE, exit_share=0.05, usual_orders=50.0) < 0.7


def test_ignition_where_nothing_is_usual_yet_is_less_sure() -> None:
    unknown = {"half_spreads": np.nan, "sigmas": np.nan, "usual_moves": np.nan}
    assert 0.0 < confidence_of(RULE, **unknown) < confidence_of(RULE)


def test_ignition_without_data_abstains() -> None:
    assert len(RULE.judge(blank_rows("fast", 3), no_episodes())) == 0
    assert len(RULE.judge(blank_rows("fast", 1), episode("ignition", {}))) == 0


def test_ignition_with_a_larger_move_never_scores_lower() -> None:
    scores = [confidence_of(RULE, half_spreads=float(n), sigmas=3.0 * n) for n in range(1, 12)]
    assert scores == sorted(scores)
