"""Floor or ceiling on the tape: one price, put back when it is hit, and not passed while it is held."""

from __future__ import annotations

import numpy as np

from tests.training.simulator.showing import Shown, show


def put_up(shown: Shown) -> float:
    """Return the units that the accused sent."""
    return float(shown.own_orders.query("event == 'new'")["quantity"].sum())


def test_floor_ceiling_stands_at_one_price_and_is_put_back() -> None:
    own = show("floor_ceiling").own_orders
    sent = own[own["event"] == "new"]
    assert sent["side"].nunique() == sent["price"].nunique() == 1
    assert len(sent) >= 4
    assert sent["timestamp"].iloc[-1] > own[own["event"] == "fill"]["timestamp"].iloc[0]


def passed(seed: int) -> float:
    """Return the share of trades beyond the held price."""
    shown = show("floor_ceiling", 0.7, seed)
    own = shown.own_orders.sort_values("timestamp")
    held, sign = own["price"].iloc[0], 1.0 if own["side"].iloc[0] == "buy" else -1.0
    during = shown.trades[shown.trades["timestamp"].between(own["timestamp"].iloc[0], own["timestamp"].iloc[-1])]
    return float(((during["price"] - held) * sign < -1e-9).mean())


def test_floor_ceiling_is_hardly_passed() -> None:
    shares = [passed(seed) for seed in range(1, 8)]
    assert float(np.median(shares)) < 0.05, shares  # one that gives way is overrun


def test_floor_ceiling_is_plainer_the_more_severe() -> None:
    sums = [sum(put_up(show("floor_ceiling", severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert sums == sorted(sums)
