"""Concentrated trading on the tape: one account does most of the volume, with many counterparties."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show

KIND = "concentrated_trading"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=1.5, at_h=0.3)


def share(tape: Shown) -> float:
    """Return the account's share of the volume within the label."""
    label = tape.labels.iloc[0]
    within = tape.trades[tape.trades["timestamp"].between(label["start"], label["end"])]
    return float(tape.own_trades["quantity"].sum() / within["quantity"].sum())


def test_concentrated_trading_is_most_of_the_volume_with_many_others() -> None:
    tape = shown(0.1)
    (account,) = tape.accused
    own = tape.own_trades
    assert share(tape) >= 0.6
    assert len(set(own["buyer_id"]) | set(own["seller_id"]) - {account}) >= 5
    assert not (own["buyer_id"] == own["seller_id"]).any()


def test_concentrated_trading_is_plainer_the_more_severe() -> None:
    shares = [sum(share(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert shares == sorted(shares)
