"""Execution algorithms and hedgers: one side, patiently; or two places, at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.simulator.looks import accounts_of, between, orders_of, rows_of, span_of, volume_share
from tests.training.simulator.showing import show


@pytest.mark.parametrize("kind", ["twap_execution", "vwap_execution", "iceberg_execution"])
def test_executor_trades_one_side_only(kind: str) -> None:
    shown = show(kind)
    own = orders_of(shown, kind)
    assert len(set(own["side"])) == 1
    assert 0.01 < volume_share(between(shown.trades, *span_of(shown, kind)), accounts_of(shown, kind)) < 0.7


def test_twap_execution_is_regular() -> None:
    own = orders_of(show("twap_execution"), "twap_execution")
    rested = own[own["event"] == "new"].groupby("order_id").first()["timestamp"]
    gaps = rested.sort_values().diff().dt.total_seconds()[lambda gap: gap > 5.0]
    shares = gaps / gaps.quantile(0.9)  # of the time from slice to slice; what did not fill is taken at 0.6 of it
    assert sum(shares.between(usual - 0.03, usual + 0.03).mean() for usual in (0.4, 0.6, 1.0)) > 0.8


def test_vwap_execution_follows_the_volume_of_others() -> None:
    shown = show("vwap_execution")
    trades = between(shown.trades, *span_of(shown, "vwap_execution")).set_index("timestamp")
    account = accounts_of(shown, "vwap_execution")[0]
    own = (trades["buyer_id"] == account) | (trades["seller_id"] == account)
    a_while = [trades.loc[chosen, "quantity"].resample("3min").sum() for chosen in (own, ~own)]
    ranks = pd.concat(a_while, axis=1).fillna(0.0).rank().to_numpy()
    assert np.corrcoef(ranks.T)[0, 1] > 0.4


def test_iceberg_execution_is_one_order_of_which_a_part_is_shown() -> None:
    own = orders_of(show("iceberg_execution"), "iceberg_execution")
    assert len(set(own["order_id"])) == 1
    fills = own[own["event"] == "fill"]
    assert len(fills) >= 10
    assert fills["quantity"].median() < 0.1 * own[own["event"] == "new"]["quantity"].iloc[0]


def test_hedger_trades_the_opposite_elsewhere_within_a_second() -> None:
    shown = show("hedger_across_venues", venues=2)
    own = shown.orders[shown.orders["account_id"].isin(accounts_of(shown, "hedger_across_venues"))]
    first = rows_of(shown, "hedger_across_venues").iloc[0]["venue"]
    fills, hedges = (
        own[(own["event"] == e) & ((own["venue"] == first) == here)] for e, here in (("fill", True), ("new", False))
    )
    assert len(fills) > 5
    for fill in fills.itertuples():
        wait = (hedges["timestamp"] - fill.timestamp).dt.total_seconds()
        assert (wait.between(0.0, 1.0) & (hedges["side"] != fill.side)).any()


def test_hedger_holds_nothing_over_both_venues() -> None:
    shown = show("hedger_across_venues", venues=2)
    account = accounts_of(shown, "hedger_across_venues")[0]
    own = shown.trades[(shown.trades["buyer_id"] == account) | (shown.trades["seller_id"] == account)]
    signed = own["quantity"] * np.where(own["buyer_id"] == account, 1.0, -1.0)
    assert abs(signed.sum()) < 0.05 * own["quantity"].sum()


def test_hedger_on_one_venue_hedges_in_another_symbol() -> None:
    shown = show("hedger_across_venues", more_symbols=("ETH/USD",))
    assert set(rows_of(shown, "hedger_across_venues")["symbol"]) == {"SOL/USD", "ETH/USD"}
