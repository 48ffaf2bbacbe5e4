"""Price anomaly on the tape: the price is carried away within minutes, by the accused."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show

KIND = "price_anomaly"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=0.7, at_h=0.5)


def move(tape: Shown) -> float:
    """Return the farthest price of a trade within the label from the last one before, as a ratio."""
    trades, label = tape.trades, tape.labels.iloc[0]
    before = trades.loc[trades["timestamp"] < label["start"], "price"].iloc[-1]
    within = trades[trades["timestamp"].between(label["start"], label["end"])]
    return float((within["price"] / before - 1.0).abs().max())


def test_price_anomaly_moves_the_price_within_minutes() -> None:
    for seed in (1, 2, 3):
        tape = shown(0.5, seed)
        assert move(tape) >= 0.03
        assert len(tape.own_trades) > 0


def test_price_anomaly_is_plainer_the_more_severe() -> None:
    moves = [sum(move(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert moves == sorted(moves)
