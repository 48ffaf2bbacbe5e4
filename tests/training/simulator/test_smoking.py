"""Smoking on the tape: orders made worse soon after they were shown, then traded with."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def worsened(shown: Shown) -> pd.DataFrame:
    """Return the orders whose price got worse for others, with the seconds that this took."""
    own = shown.own_orders
    new, moved = (own[own["event"] == event].set_index("order_id") for event in ("new", "replace"))
    both = new.merge(moved, left_index=True, right_index=True, suffixes=("", "_moved"))
    sign = both["side"].astype(str).map({"buy": 1.0, "sell": -1.0})
    both["after_s"] = (both["timestamp_moved"] - both["timestamp"]).dt.total_seconds()
    return both[(both["price_moved"] - both["price"]) * sign < 0.0]


def haste(shown: Shown) -> float:
    """Return how many orders were made worse, over the median time that this took."""
    orders = worsened(shown)
    return float(len(orders) / orders["after_s"].median())


def test_smoking_worsens_its_terms_before_slow_people_arrive() -> None:
    orders = worsened(show("smoking"))
    assert len(orders) >= 5
    assert orders["after_s"].max() < 3.0


def test_smoking_trades_on_the_worse_terms() -> None:
    shown = show("smoking")
    orders, own = worsened(shown), shown.own_orders
    fills = own[(own["event"] == "fill") & own["order_id"].isin(orders.index)].set_index("order_id")
    after = fills.join(orders[["price_moved", "timestamp_moved"]])
    late = after["timestamp"] >= after["timestamp_moved"]
    assert (after[late]["price"] == after[late]["price_moved"]).sum() >= 2


def test_smoking_is_plainer_the_more_severe() -> None:
    scores = [sum(haste(show("smoking", severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert scores == sorted(scores)
