"""What happens to a whole venue: outage and reopening, and the rebalance of an index."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.looks import accounts_of, between, orders_of, rows_of, span_of
from tests.training.simulator.showing import show


def test_outage_stops_every_market_and_reopens_with_an_auction() -> None:
    shown = show("outage_and_reopening", more_symbols=("ETH/USD",))
    assert set(rows_of(shown, "outage_and_reopening")["symbol"]) == {"SOL/USD", "ETH/USD"}
    start, end = span_of(shown, "outage_and_reopening")
    for symbol in ("SOL/USD", "ETH/USD"):
        trades = shown.trades[shown.trades["symbol"] == symbol]
        after = trades[trades["timestamp"] > start]
        assert (after["timestamp"].iloc[0] - start).total_seconds() > 60.0
        assert after["timestamp"].iloc[0] < end
    first = shown.trades[shown.trades["timestamp"] > start]
    assert first["aggressor"].isna().any()


def test_outage_takes_no_new_orders_while_halted() -> None:
    shown = show("outage_and_reopening", more_symbols=("ETH/USD",))
    start, _ = span_of(shown, "outage_and_reopening")
    new = shown.orders[(shown.orders["event"] == "new") & (shown.orders["timestamp"] > start)]
    assert (new["timestamp"].iloc[0] - start).total_seconds() > 30.0


def test_index_rebalance_is_one_sided_in_several_symbols_of_many_desks_into_the_fixing() -> None:
    shown = show("index_rebalance", start_h=11.2, at_h=0.45, more_symbols=("ADA/USD", "ETH/USD"))
    rows, own = rows_of(shown, "index_rebalance"), orders_of(shown, "index_rebalance")
    assert rows["symbol"].nunique() >= 2
    assert len(accounts_of(shown, "index_rebalance")) >= 5
    assert all(len(set(sides)) == 1 for _, sides in own.groupby("symbol")["side"])
    start, end = span_of(shown, "index_rebalance")
    desks, half = accounts_of(shown, "index_rebalance"), start + (end - start) / 2
    trades = between(shown.trades, start, end)
    mine = trades[trades["buyer_id"].isin(desks) | trades["seller_id"].isin(desks)]
    early, late = (
        mine.loc[chosen, "quantity"].sum() for chosen in (mine["timestamp"] < half, mine["timestamp"] >= half)
    )
    assert late > 1.2 * early
    assert end - start > pd.Timedelta(minutes=5)
