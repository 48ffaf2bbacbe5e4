"""Holders whose circumstances look odd: three in a thin market, a sleeper that wakes, an owner's two accounts."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.looks import accounts_of, between, orders_of, span_of, volume_share
from tests.training.simulator.showing import show


def test_three_users_make_most_of_a_thin_market_both_ways() -> None:
    shown = show("thin_market_three_users", symbol="KNC/USD", hours=4.0)
    trades, accounts = (
        between(shown.trades, *span_of(shown, "thin_market_three_users")),
        accounts_of(shown, "thin_market_three_users"),
    )
    assert len(accounts) == 3
    assert volume_share(trades, accounts) > 0.5
    among = trades["buyer_id"].isin(accounts) & trades["seller_id"].isin(accounts)
    assert trades.loc[among, "quantity"].sum() < 0.5 * trades["quantity"].sum()
    assert not (trades.loc[among, "buyer_id"] == trades.loc[among, "seller_id"]).any()


def test_dormant_account_wakes_and_sells_patiently() -> None:
    shown = show("dormant_awakening", hours=3.0)
    start, end = span_of(shown, "dormant_awakening")
    account = accounts_of(shown, "dormant_awakening")
    own = shown.orders[shown.orders["account_id"].isin(account)]
    assert own["timestamp"].iloc[0] >= start
    assert set(own["side"]) == {"sell"}
    assert volume_share(between(shown.trades, start, end), account) < 0.35
    assert end - start > pd.Timedelta(minutes=15)


def test_owner_trades_both_ways_far_apart_and_never_with_itself() -> None:
    shown = show("owner_accounts_both_ways", hours=4.0)
    accounts, owners = accounts_of(shown, "owner_accounts_both_ways"), shown.tape.accounts.to_pandas()
    assert len(set(owners[owners["account_id"].isin(accounts)]["owner_id"])) == 1
    own = orders_of(shown, "owner_accounts_both_ways")
    first, second = (own[own["account_id"] == account] for account in accounts)
    assert first["side"].mode()[0] != second["side"].mode()[0]
    assert second["timestamp"].min() - first["timestamp"].max() > pd.Timedelta(minutes=20)
    trades = shown.trades
    assert not (trades["buyer_id"].isin(accounts) & trades["seller_id"].isin(accounts)).any()
