"""Cross-market wash on the tape: the same two trade one way here and back there."""

from __future__ import annotations

import pytest

from tests.training.simulator.showing import Shown, show


def wash(severity: float, seed: int = 1) -> Shown:
    return show("cross_market_wash", severity, seed, venues=2, at_h=0.2)


def test_cross_market_wash_has_the_accused_on_both_sides_of_both_venues() -> None:
    shown = wash(0.6)
    own = shown.own_trades
    assert set(own["venue"]) == {"sim-1", "sim-2"}
    assert own["buyer_id"].isin(shown.accused).all()
    assert own["seller_id"].isin(shown.accused).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cross_market_wash_goes_back_what_it_went_there(seed: int) -> None:
    shown = wash(0.9, seed)
    own, one = shown.own_trades, min(shown.accused)
    signed = own["quantity"].where(own["buyer_id"] == one, -own["quantity"])
    assert abs(signed.sum()) < 0.1 * own["quantity"].sum()


def test_cross_market_wash_between_symbols_returns_the_value() -> None:
    shown = show("cross_market_wash", 0.9, 1, symbol="ADA/USD", more_symbols=("XTZ/USD",), at_h=0.2)
    own, one = shown.own_trades, min(shown.accused)
    value = own["quantity"] * own["price"]
    assert set(own["symbol"]) == {"ADA/USD", "XTZ/USD"}
    assert abs(value.where(own["buyer_id"] == one, -value).sum()) < 0.15 * value.sum()


def test_cross_market_wash_is_plainer_the_more_severe() -> None:
    counts = [sum(len(wash(severity, seed).own_trades) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert counts == sorted(counts)
