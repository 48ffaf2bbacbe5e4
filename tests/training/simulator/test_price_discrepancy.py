"""Price discrepancy on the tape: two venues apart beyond fees, held by one account."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show

KIND = "price_discrepancy"
FEES = 2e-4


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=0.9, at_h=0.3, venues=2)


def gap(tape: Shown) -> float:
    """Return the mean distance of the two venues' last prices over the seconds of the label, as a ratio."""
    prices = tape.trades.pivot_table(index="timestamp", columns="venue", values="price", aggfunc="last").ffill()
    seconds = prices.resample("1s").last().ffill()
    seconds = seconds[seconds.index >= pd.Timestamp(tape.labels["start"].min())]
    seconds = seconds[seconds.index <= pd.Timestamp(tape.labels["end"].max())]
    return float((seconds["sim-1"] / seconds["sim-2"] - 1.0).abs().mean())


def test_price_discrepancy_stays_beyond_fees() -> None:
    for seed in (1, 2, 3):
        tape = shown(0.3, seed)
        assert gap(tape) > FEES
        assert set(tape.labels["venue"]) == {"sim-1", "sim-2"}


def test_price_discrepancy_is_plainer_the_more_severe() -> None:
    gaps = [sum(gap(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert gaps == sorted(gaps)
