"""Layering on the tape: three or more prices on one side at once, pulled right after a fill on the other."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def cancelled_to_filled(shown: Shown) -> float:
    """Return lots cancelled over lots filled."""
    by_event: pd.Series = shown.own_orders.groupby("event")["quantity"].sum()
    return float(by_event["cancel"] / by_event["fill"])


def pulled_layers(shown: Shown, within_s: float = 6.0) -> int:
    """Return the most prices that were cancelled on one side within some seconds after a fill on the other."""
    own = shown.own_orders
    fills, cancels = own[own["event"] == "fill"], own[own["event"] == "cancel"]
    most = 0
    for when, side in zip(fills["timestamp"], fills["side"], strict=True):
        delay = (cancels["timestamp"] - when).dt.total_seconds()
        most = max(most, cancels[delay.between(0.0, within_s) & (cancels["side"] != side)]["price"].nunique())
    return most


def test_layering_pulls_layers_after_the_fill() -> None:
    assert pulled_layers(show("layering", 0.2)) >= 3
    assert pulled_layers(show("layering")) >= 5


def test_layering_is_plainer_the_more_severe() -> None:
    ratios = [
        sum(cancelled_to_filled(show("layering", severity, seed)) for seed in (1, 2, 3))
        for severity in (0.1, 0.5, 0.95)
    ]
    assert ratios == sorted(ratios)
