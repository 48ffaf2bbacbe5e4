"""Volume spike on the tape: many accounts trade several times what the market did before, both ways."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show

KIND = "volume_spike"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=1.2, at_h=0.7)


def multiple(tape: Shown) -> float:
    """Return volume a second within the label over volume a second before."""
    trades, label = tape.trades, tape.labels.iloc[0]
    start, end = pd.Timestamp(label["start"]), pd.Timestamp(label["end"])
    before = trades[trades["timestamp"] < start]
    usual = before["quantity"].sum() / (start - before["timestamp"].min()).total_seconds()
    inside = trades[trades["timestamp"].between(start, end)]
    return float(inside["quantity"].sum() / (end - start).total_seconds() / usual)


def test_volume_spike_is_three_times_the_average_by_many_accounts() -> None:
    tape = shown(0.3)
    assert multiple(tape) >= 3.0
    assert len(tape.accused) >= 15
    sides = tape.own_orders.loc[tape.own_orders["event"] == "new", "side"].value_counts(normalize=True)
    assert sides.min() > 0.3


def test_volume_spike_is_plainer_the_more_severe() -> None:
    multiples = [sum(multiple(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert multiples == sorted(multiples)
