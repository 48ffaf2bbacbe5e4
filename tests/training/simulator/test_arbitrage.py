"""Arbitrage on the tape: bought on one venue and sold on the other in the same instant, at a profit, about flat."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show

KIND = "arbitrage"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=1.2, at_h=0.3, venues=2)


def value(tape: Shown) -> float:
    """Return the value that the account traded on both venues."""
    return float((tape.own_trades["price"] * tape.own_trades["quantity"]).sum())


def test_arbitrage_trades_both_venues_at_once_for_a_profit() -> None:
    tape = shown(0.7)
    (account,) = tape.accused
    own = tape.own_trades.assign(sign=1.0)
    own["sign"] = own["sign"].where(own["seller_id"] == account, -1.0)
    instants = own.groupby("timestamp")
    assert (instants["venue"].nunique() == 2).mean() > 0.8
    assert (own["sign"] * own["price"] * own["quantity"]).groupby(own["timestamp"]).sum().median() > 0.0
    assert abs((own["sign"] * own["quantity"]).sum()) < 0.05 * own["quantity"].sum()


def test_arbitrage_is_plainer_the_more_severe() -> None:
    values = [sum(value(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert values == sorted(values)
