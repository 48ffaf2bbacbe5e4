from __future__ import annotations

import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.price_anomaly import Params, PriceAnomaly
from tests.models.told import confidence, episode, rule_of


def window(**features: float) -> Rows:
    rows = blank_rows("market", 1)
    for name, value in features.items():
        rows.values[0, COLUMN[name]] = value
    return rows


def score(rows: Rows) -> float:
    return float(PriceAnomaly(Params()).judge(rows, no_episodes()).score.sum())


@pytest.mark.parametrize("move", [0.15, -0.15])
def test_price_anomaly_at_the_threshold_scores_it_either_way(move: float) -> None:
    assert score(window(price_change=move, trade_count=100.0)) == pytest.approx(0.7)


def test_price_anomaly_just_below_the_threshold_scores_less() -> None:
    assert score(window(price_change=0.149, trade_count=100.0)) < 0.7


def test_price_anomaly_of_a_material_jump_beyond_habit_fires_below_the_move() -> None:
    jump = window(price_change=0.05, bucket_return=0.05, return_deviation=12.0, trade_count=100.0)
    assert score(jump) == pytest.approx(0.8)


def test_price_anomaly_of_a_tick_in_a_still_market_is_quiet() -> None:
    assert score(window(price_change=0.001, bucket_return=0.001, return_deviation=40.0, trade_count=100.0)) == 0.0


def test_price_anomaly_without_deviations_still_judges_the_move() -> None:
    assert score(window(price_change=0.3, trade_count=100.0)) == pytest.approx(0.85)


def test_price_anomaly_of_few_trades_is_quiet_on_a_tape_only() -> None:
    rows = window(price_change=0.3, trade_count=9.0)
    assert score(rows) == 0.0
    assert PriceAnomaly().judge_summary(rows).score.tolist() == pytest.approx([0.85])


@pytest.mark.parametrize(("figure", "enough", "short"), [("move", 0.035, 0.025), ("deviations", 14.0, 10.0)])
def test_price_anomaly_of_a_leap_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float
) -> None:
    assert confidence("price_anomaly") > 0.75
    assert confidence("price_anomaly", **{figure: enough}) >= 0.7
    assert confidence("price_anomaly", **{figure: short}) < 0.7


def test_price_anomaly_of_a_leap_cites_its_figures() -> None:
    cited = rule_of("price_anomaly").evidence(blank_rows("market", 1), 0, episode("price_anomaly", {}), 0)
    assert {figure.name for figure in cited} == {"move", "deviations", "minutes"}
