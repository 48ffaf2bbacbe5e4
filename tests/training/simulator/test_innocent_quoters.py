"""Quotes that are mostly cancelled, and large orders that are meant."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.looks import accounts_of, orders_of
from tests.training.simulator.showing import Shown, show


def cancelled_share(own: pd.DataFrame) -> float:
    """Return the share of new orders' lots that was cancelled."""
    by_event = own.groupby("event")["quantity"].sum()
    return float(by_event["cancel"] / by_event["new"])


def test_customer_maker_quotes_both_sides_and_cancels_nearly_all() -> None:
    own = orders_of(show("two_sided_customer_maker"), "two_sided_customer_maker")
    new = own[own["event"] == "new"]
    assert len(new) > 100
    assert new["side"].value_counts(normalize=True).min() > 0.35
    assert 0.85 < cancelled_share(own) < 1.0
    assert (own["event"] == "fill").any()


def test_latency_sensitive_quoter_cancels_within_a_second() -> None:
    own = orders_of(show("latency_sensitive_quoter"), "latency_sensitive_quoter")
    lives = own.groupby("order_id")["timestamp"].agg(lambda times: (times.max() - times.min()).total_seconds())
    assert len(lives) > 100
    assert lives.median() < 0.5
    assert cancelled_share(own) > 0.9


def large(seed: int) -> tuple[Shown, pd.DataFrame]:
    """Return a tape with a large genuine order, and the messages about it."""
    shown = show("large_genuine_order", seed=seed)
    own = orders_of(shown, "large_genuine_order")
    largest = own[own["event"] == "new"].sort_values("quantity")["order_id"].iloc[-1]
    return shown, own[own["order_id"] == largest]


def test_large_genuine_order_is_large_and_patient() -> None:
    for seed in (1, 2, 3):
        shown, own = large(seed)
        usual = shown.orders[shown.orders["event"] == "new"]["quantity"].median()
        assert own["quantity"].iloc[0] > 5.0 * usual
        assert own["timestamp"].iloc[-1] - own["timestamp"].iloc[0] > pd.Timedelta(seconds=60)


def test_large_genuine_order_mostly_fills() -> None:
    filled = [
        own.loc[own["event"] == "fill", "quantity"].sum() / own["quantity"].iloc[0]
        for _, own in map(large, range(1, 7))
    ]
    assert sum(share > 0.0 for share in filled) >= 3


def test_large_genuine_order_has_nothing_waiting_on_the_other_side() -> None:
    shown, own = large(1)
    everything = shown.orders[shown.orders["account_id"].isin(accounts_of(shown, "large_genuine_order"))]
    during = everything[everything["timestamp"].between(own["timestamp"].iloc[0], own["timestamp"].iloc[-1])]
    assert set(during[during["event"] == "new"]["side"]) == {own["side"].iloc[0]}
