from __future__ import annotations

import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.pump_and_dump import PumpAndDump
from models.rules.rush import Params


def window(**features: float) -> Rows:
    rows = blank_rows("fast", 1)
    for name, value in features.items():
        rows.values[0, COLUMN[name]] = value
    return rows


THREE = {"rise": 0.08, "buy_surge": 100.0, "rush_orders": 3.0, "trade_count": 90.0}


def score(volatility_multiple: float = 6.0, **features: float) -> float:
    return float(
        PumpAndDump(Params(volatility_multiple=volatility_multiple))
        .judge(window(**features), no_episodes())
        .score.sum()
    )


def test_pump_and_dump_at_the_three_term_rule_scores_the_threshold() -> None:
    assert score(**THREE) == pytest.approx(0.7)


@pytest.mark.parametrize(("name", "short"), [("rise", 0.079), ("buy_surge", 99.0), ("rush_orders", 2.0)])
def test_pump_and_dump_short_of_one_term_is_below_threshold(name: str, short: float) -> None:
    strong = {"rise": 0.5, "buy_surge": 5000.0, "rush_orders": 50.0, "trade_count": 90.0}
    assert 0.35 <= score(**{**strong, name: short}) < 0.7


@pytest.mark.parametrize(("volatility", "needed"), [(0.005, 0.08), (0.02, 0.12), (0.09, 0.15)])
def test_pump_and_dump_in_a_volatile_market_needs_a_larger_rise(volatility: float, needed: float) -> None:
    assert score(**{**THREE, "rise": needed + 1e-9}, price_volatility=volatility) >= 0.7 - 1e-9
    assert score(**{**THREE, "rise": needed - 1e-6}, price_volatility=volatility) < 0.7


def test_pump_and_dump_without_volatility_multiple_is_the_plain_three_term_rule() -> None:
    assert score(volatility_multiple=0.0, **THREE, price_volatility=0.09) == pytest.approx(0.7)


def test_pump_and_dump_without_taker_sides_needs_more_and_has_less_confidence() -> None:
    sides = PumpAndDump().judge(window(**THREE), no_episodes())
    blind = PumpAndDump().judge(
        window(rise=0.15, volume_ratio=30.0, robust_volume_ratio=3.0, trade_count=90.0), no_episodes()
    )
    assert blind.score.tolist() == pytest.approx([0.7])
    assert blind.confidence[0] < sides.confidence[0]


def test_pump_and_dump_with_taker_sides_but_no_buying_on_record_abstains() -> None:
    assert score(rise=0.4, volume_ratio=90.0, robust_volume_ratio=50.0, rush_orders=5.0, trade_count=90.0) == 0.0


def test_pump_and_dump_in_a_summary_takes_the_missions_thresholds() -> None:
    found = PumpAndDump().judge_summary(window(price_change=0.15, volume_ratio=3.0))
    assert found.score.tolist() == pytest.approx([0.7])


def test_evidence_of_a_pump_tells_the_rise_this_market_needed() -> None:
    (rise, *_) = PumpAndDump().evidence(window(**THREE, price_volatility=0.02), 0, no_episodes(), -1)
    assert rise.threshold == pytest.approx(0.12)
    assert rise.says == "The price stood +8.0% from the last hour's mean close (limit 12.0%)."
