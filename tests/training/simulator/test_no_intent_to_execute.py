"""Orders without intent on the tape: far from every price of the tape's trades, and never filled."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def pretended(shown: Shown) -> float:
    """Return the units sent, each times its distance from the last trade before."""
    new = shown.own_orders.query("event == 'new'").sort_values("timestamp")
    seen = pd.merge_asof(new, shown.trades[["timestamp", "price"]], on="timestamp", suffixes=("", "_traded"))
    return float(((seen["price"] - seen["price_traded"]).abs() * seen["quantity"]).sum())


def test_no_intent_to_execute_rests_where_nothing_trades() -> None:
    shown = show("no_intent_to_execute")
    own, label = shown.own_orders, shown.labels.iloc[0]
    during = shown.trades[shown.trades["timestamp"].between(pd.Timestamp(label["start"]), pd.Timestamp(label["end"]))]
    assert not (own["event"] == "fill").any()
    assert not own["price"].between(during["price"].min(), during["price"].max()).any()


def test_no_intent_to_execute_is_cancelled_in_the_end() -> None:
    own = show("no_intent_to_execute").own_orders
    assert set(own.groupby("order_id")["event"].last()) == {"cancel"}


def test_no_intent_to_execute_is_plainer_the_more_severe() -> None:
    weights = [
        sum(pretended(show("no_intent_to_execute", severity, seed)) for seed in (1, 2, 3))
        for severity in (0.1, 0.5, 0.95)
    ]
    assert weights == sorted(weights)
