from __future__ import annotations

import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.concentrated_trading import ConcentratedTrading, Params


def window(**features: float) -> Rows:
    rows = blank_rows("market", 1)
    values = {"top_account_share": 0.6, "account_count": 10.0, "trade_count": 30.0, **features}
    for name, value in values.items():
        rows.values[0, COLUMN[name]] = value
    rows.top_entity[0] = 4
    return rows


def score(**features: float) -> float:
    return float(ConcentratedTrading(Params()).judge(window(**features), no_episodes()).score.sum())


def test_concentrated_trading_at_the_threshold_scores_it_and_names_the_entity() -> None:
    found = ConcentratedTrading().judge(window(), no_episodes())
    assert found.score.tolist() == pytest.approx([0.7])
    assert found.entity.tolist() == [4]


def test_concentrated_trading_of_three_equal_users_is_quiet() -> None:
    assert score(top_account_share=2 / 3, account_count=3.0) == 0.0


@pytest.mark.parametrize(("name", "short"), [("account_count", 4.0), ("trade_count", 29.0)])
def test_concentrated_trading_with_too_few_of_them_is_quiet(name: str, short: float) -> None:
    assert score(top_account_share=0.95, **{name: short}) == 0.0


def test_concentrated_trading_of_the_only_market_maker_is_quiet() -> None:
    assert score(top_account_share=0.98, top_account_net_ratio=0.1, top_account_taker_ratio=0.0) == 0.0


@pytest.mark.parametrize(("net", "taker"), [(0.9, 0.0), (0.1, 0.8)])
def test_concentrated_trading_one_way_or_by_taking_is_no_market_making(net: float, taker: float) -> None:
    assert score(top_account_share=0.9, top_account_net_ratio=net, top_account_taker_ratio=taker) > 0.7


def test_concentrated_trading_of_unknown_role_has_less_confidence() -> None:
    rule = ConcentratedTrading()
    known = rule.judge(window(top_account_net_ratio=0.9, top_account_taker_ratio=0.9), no_episodes())
    unknown = rule.judge(window(), no_episodes())
    assert unknown.confidence[0] < known.confidence[0]


def test_concentrated_trading_in_a_summary_takes_shares_that_sum_to_one() -> None:
    rule = ConcentratedTrading()
    assert rule.judge_summary(window(top_account_share=0.7, account_count=3.0)).score[0] > 0.7
    assert len(rule.judge_summary(window(top_account_share=0.7, account_count=2.0))) == 0
