"""Ramping on the tape: one account's trades climb, and carry the price."""

from __future__ import annotations

import pytest

from tests.training.simulator.showing import Shown, show


def ramp(severity: float, seed: int = 1) -> Shown:
    return show("ramping", severity, seed, symbol="XTZ/USD", at_h=0.2)


def pace(shown: Shown) -> float:
    """Return by how much the accused's trades carried the price, percent a minute."""
    if shown.labels.empty:
        return 0.0
    own = shown.own_trades
    minutes = (own["timestamp"].max() - own["timestamp"].min()).total_seconds() / 60.0
    return float(100.0 * abs(own["price"].iloc[-5:].mean() / own["price"].iloc[:5].mean() - 1.0) / minutes)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ramping_trades_climb_with_one_account_behind_them(seed: int) -> None:
    own = ramp(0.6, seed).own_trades
    order = own["price"].rank().corr(own["timestamp"].rank())
    assert len(ramp(0.6, seed).accused) == 1
    assert abs(order) > 0.7
    assert own["price"].max() / own["price"].min() > 1.008


def test_ramping_is_plainer_the_more_severe() -> None:
    paces = [sum(pace(ramp(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert paces == sorted(paces)
