"""Timing anomaly on the tape: orders as regular as a clock, or a burst while the market sleeps."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show

KIND = "timing_anomaly"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=1.0, at_h=0.4)


def irregularity(tape: Shown) -> float:
    """Return the coefficient of variation of the times between the account's orders."""
    new = tape.own_orders[tape.own_orders["event"] == "new"]
    between = new["timestamp"].diff().dt.total_seconds().dropna()
    return float(between.std() / between.mean())


def test_timing_anomaly_beats_like_a_clock_and_sets_the_rhythm() -> None:
    tape = shown(0.95)
    assert irregularity(tape) < 0.1
    label = tape.labels.iloc[0]
    within = tape.trades[tape.trades["timestamp"].between(label["start"], label["end"])]
    assert len(tape.own_trades) > 0.4 * len(within)


def test_timing_anomaly_is_plainer_the_more_severe() -> None:
    chaos = [sum(irregularity(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert chaos == sorted(chaos, reverse=True)


def test_timing_anomaly_bursts_at_night() -> None:
    spans = [show(KIND, 0.9, seed, symbol="KNC/USD", hours=24.0, at_h=3.5, start_h=0.0) for seed in range(1, 7)]
    bursts = [tape for tape in spans if tape.own_trades["timestamp"].diff().dt.total_seconds().sum() < 180.0]
    assert bursts
    for tape in bursts:
        assert len(tape.own_trades) >= 20
        assert 2 <= tape.own_trades["timestamp"].dt.hour.min() < 6
