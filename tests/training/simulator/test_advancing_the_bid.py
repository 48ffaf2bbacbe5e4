"""Advancing the bid on the tape: order after order better than the own one before, hardly any of it traded."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show


def betterments(shown: Shown) -> int:
    """Return how many of the accused's new orders beat the one before on the same side."""
    total = 0
    for side, sent in shown.own_orders.query("event == 'new'").groupby("side", observed=True):
        sign = 1.0 if side == "buy" else -1.0
        total += int((sent["price"].diff() * sign > 0.0).sum())
    return total


def test_advancing_the_bid_climbs_several_ticks() -> None:
    own = show("advancing_the_bid").own_orders.query("event == 'new'")
    prices = own["price"].rolling(12)
    assert betterments(show("advancing_the_bid")) >= 8
    assert (prices.max() - prices.min()).max() >= 3 * 0.02 - 1e-9


def test_advancing_the_bid_cancels_most_of_what_it_shows() -> None:
    lots = show("advancing_the_bid").own_orders.groupby("event")["quantity"].sum()
    assert lots["cancel"] > 2.0 * lots["fill"]


def test_advancing_the_bid_is_plainer_the_more_severe() -> None:
    counts = [
        sum(betterments(show("advancing_the_bid", severity, seed)) for seed in (1, 2, 3))
        for severity in (0.1, 0.5, 0.95)
    ]
    assert counts == sorted(counts)
