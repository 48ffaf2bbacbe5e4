"""Wash trading on the tape: volume whose owner does not change."""

from __future__ import annotations

import pytest

from tests.training.simulator.showing import Shown, show


def wash(severity: float, seed: int = 1, symbol: str = "XTZ/USD") -> Shown:
    return show("wash_trading", severity, seed, symbol=symbol, at_h=0.2)


def share(shown: Shown) -> float:
    """Return the share of the volume since the first wash trade that the accused did among themselves."""
    if shown.labels.empty:
        return 0.0
    own = shown.own_trades
    inside = shown.trades[shown.trades["timestamp"].between(own["timestamp"].min(), own["timestamp"].max())]
    return float(own["quantity"].sum() / inside["quantity"].sum())


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_wash_trades_have_the_accused_on_both_sides(seed: int) -> None:
    shown = wash(0.6, seed)
    own = shown.own_trades
    assert len(own) >= 8
    assert own["buyer_id"].isin(shown.accused).all()
    assert own["seller_id"].isin(shown.accused).all()
    if len(shown.accused) == 1:
        assert (own["buyer_id"] == own["seller_id"]).all()


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_wash_positions_return_to_where_they_were(seed: int) -> None:
    shown = wash(0.9, seed)
    orders = shown.own_orders[shown.own_orders["event"] == "fill"]
    signed = orders["quantity"].where(orders["side"] == "buy", -orders["quantity"])
    assert signed.groupby(orders["account_id"]).sum().abs().max() <= 0.05 * orders["quantity"].sum()


def test_wash_forms_differ_from_seed_to_seed() -> None:
    assert len({len(wash(0.6, seed).accused) for seed in (1, 2, 3, 4, 5)}) >= 3


def test_wash_is_plainer_the_more_severe() -> None:
    shares = [sum(share(wash(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert shares == sorted(shares)
