from __future__ import annotations

import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.dump_and_pump import DumpAndPump
from models.rules.pump_and_dump import PumpAndDump


def window(**features: float) -> Rows:
    rows = blank_rows("fast", 1)
    for name, value in features.items():
        rows.values[0, COLUMN[name]] = value
    return rows


def score(**features: float) -> float:
    return float(DumpAndPump().judge(window(**features), no_episodes()).score.sum())


FALL = {"fall": 0.08 / 1.08, "sell_surge": 100.0, "rush_sells": 3.0, "trade_count": 90.0}
CALM = {"usual_return": 0.0007, "usual_trades": 7.0}


def test_dump_and_pump_at_the_mirrored_terms_scores_the_threshold() -> None:
    assert score(**FALL) == pytest.approx(0.7)


@pytest.mark.parametrize("change", [0.1, 0.3, 1.0])
def test_dump_and_pump_scores_a_fall_as_the_rise_that_would_undo_it(change: float) -> None:
    pump = {"rise": change, "buy_surge": 300.0, "rush_orders": 30.0, "trade_count": 90.0}
    dump = {"fall": change / (1.0 + change), "sell_surge": 300.0, "rush_sells": 30.0, "trade_count": 90.0}
    found = PumpAndDump().judge(window(**pump), no_episodes())
    assert score(**dump) == pytest.approx(float(found.score.sum()))


@pytest.mark.parametrize(
    "look_alike",
    [
        {"sell_surge": 12.0, "rush_sells": 2.0},  # a cascade of stop orders, one after the other
        {"fall": 0.03, "rush_sells": 1.0},  # bad news, sold over minutes
        {"fall": -0.3},  # a rise
        {"fall": 0.1, "price_volatility": 0.03},  # an ordinary hour of a volatile market
    ],
)
def test_dump_and_pump_leaves_innocent_falls_alone(look_alike: dict[str, float]) -> None:
    assert score(**(FALL | {"fall": 0.2} | look_alike)) < 0.7


def test_dump_and_pump_in_a_calm_market_of_many_trades_needs_less_fall_and_selling() -> None:
    smaller = FALL | {"fall": 0.035, "sell_surge": 40.0, "rush_sells": 20.0}
    assert score(**smaller) < 0.7
    assert score(**smaller, **CALM) >= 0.7
    assert score(**(smaller | {"rush_sells": 5.0}), **CALM) < 0.7


def test_dump_and_pump_without_a_fall_on_record_abstains() -> None:
    assert score(sell_surge=500.0, rush_sells=30.0, trade_count=90.0) == 0.0
