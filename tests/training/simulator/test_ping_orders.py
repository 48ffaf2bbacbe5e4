"""Ping orders on the tape: many tiny orders that live for no time, then a large one the same way."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show

TYPICAL = 4.0  # SOL


def pings(shown: Shown) -> pd.DataFrame:
    """Return the accused's new orders of at most a seventh of the typical size."""
    own = shown.own_orders
    return own[(own["event"] == "new") & (own["quantity"] <= TYPICAL / 7.0)]


def test_ping_orders_are_tiny_and_gone_at_once() -> None:
    own = show("ping_orders").own_orders
    sent = pings(show("ping_orders"))
    over = own[own["event"] != "new"].groupby("order_id")["timestamp"].max()
    assert len(sent) >= 50
    assert (over.loc[sent["order_id"]].to_numpy() == sent["timestamp"].to_numpy()).all()


def test_ping_orders_find_something_and_a_large_order_follows() -> None:
    shown = show("ping_orders")
    own, sent = shown.own_orders, pings(shown)
    found = own[(own["event"] == "fill") & own["order_id"].isin(sent["order_id"])]
    large = own[(own["event"] == "new") & (own["quantity"] > TYPICAL)]
    waits = [
        (large["timestamp"] - when).dt.total_seconds().loc[lambda wait: wait >= 0.0].min()
        for when in found["timestamp"]
    ]
    assert len(found) >= 10
    assert min(waits) < 5.0


def test_ping_orders_are_plainer_the_more_severe() -> None:
    counts = [
        sum(len(pings(show("ping_orders", severity, seed))) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)
    ]
    assert counts == sorted(counts)
