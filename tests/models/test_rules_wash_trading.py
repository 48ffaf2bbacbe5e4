from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.wash_trading import Params, WashTrading

PAIR = {
    "pair_share": 0.8,
    "pair_net_ratio": 0.1,
    "pair_trades": 10.0,
    "pair_volume_share": 0.02,
    "account_count": 4.0,
}


def window(pair: tuple[int, int], **features: float) -> Rows:
    rows = blank_rows("market", 1)
    for name, value in {**PAIR, **features}.items():
        rows.values[0, COLUMN[name]] = value
    rows.pair[0] = pair
    return rows


def score(pair: tuple[int, int], **features: float) -> float:
    return float(WashTrading(Params()).judge(window(pair, **features), no_episodes()).score.sum())


def test_wash_trading_of_a_pair_at_the_threshold_scores_it_and_names_both() -> None:
    found = WashTrading().judge(window((3, 7)), no_episodes())
    assert found.score.tolist() == pytest.approx([0.7])
    assert (found.entity.tolist(), found.other.tolist()) == ([3], [7])


def test_wash_trading_of_a_self_match_names_one_entity_and_asks_no_net() -> None:
    found = WashTrading().judge(window((3, 3), pair_share=1.0, pair_net_ratio=1.0), no_episodes())
    assert found.score.tolist() == pytest.approx([1.0])
    assert (found.entity.tolist(), found.other.tolist()) == ([3], [-1])


def test_wash_trading_of_a_self_match_in_a_market_of_two_fires() -> None:
    assert score((3, 3), account_count=2.0, pair_trades=5.0) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("name", "at", "short"),
    [
        ("pair_share", 0.8, 0.79),
        ("pair_net_ratio", 0.1, 0.11),
        ("pair_trades", 10.0, 9.0),
        ("pair_volume_share", 0.005, 0.0049),
        ("account_count", 4.0, 3.0),
    ],
)
def test_wash_trading_of_a_pair_short_of_one_condition_is_below_threshold(name: str, at: float, short: float) -> None:
    assert score((3, 7), **{name: at}) == pytest.approx(0.7)
    assert score((3, 7), **{name: short}) < 0.7 - 1e-6


def test_wash_trading_of_forgotten_orders_that_met_twice_is_quiet() -> None:
    assert score((3, 3), pair_share=1.0, pair_trades=4.0) == 0.0


def test_wash_trading_of_an_omnibus_account_is_below_threshold() -> None:
    assert score((3, 3), pair_share=0.3, pair_trades=80.0, pair_volume_share=0.2) < 0.7


def test_wash_trading_without_a_pair_is_quiet() -> None:
    assert score((-1, -1), pair_share=np.nan, pair_trades=np.nan) == 0.0


def test_evidence_of_a_pair_tells_its_net_and_of_a_self_match_does_not() -> None:
    def names(pair: tuple[int, int]) -> list[str]:
        return [figure.name for figure in WashTrading().evidence(window(pair), 0, no_episodes(), -1)]

    assert "pair_net_ratio" in names((3, 7))
    assert "pair_net_ratio" not in names((3, 3))
