"""Pump risk on the tape: the hour before a pump, with buying out of proportion, and then the pump."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def before(severity: float, seed: int = 1) -> Shown:
    return show("pump_risk", severity, seed, symbol="KNC/USD", hours=1.35, at_h=0.05)


def accumulated(shown: Shown) -> float:
    """Return what the accused bought less sold within the label, in multiples of what others traded."""
    if shown.labels.empty:
        return 0.0
    trades, row = shown.trades, shown.labels.iloc[0]
    inside = trades[trades["timestamp"].between(pd.Timestamp(row["start"]), pd.Timestamp(row["end"]))]
    sign = inside["buyer_id"].isin(shown.accused) * 1 - inside["seller_id"].isin(shown.accused) * 1
    return float((sign * inside["quantity"]).sum() / inside["quantity"].sum())


def test_pump_risk_warns_of_the_pump_that_follows() -> None:
    shown = before(0.6)
    labels, trades = shown.labels, shown.trades
    row, pump = labels.query("typology == 'pump_risk'").iloc[0], labels.query("typology == 'pump_and_dump'").iloc[0]
    assert pd.Timestamp(pump["start"]) == pd.Timestamp(row["end"])
    length = (pd.Timestamp(row["end"]) - pd.Timestamp(row["start"])).total_seconds()
    after = (trades["timestamp"] - pd.Timestamp(row["end"])).dt.total_seconds()
    price = trades["price"]
    assert 900.0 < length <= 3_600.0
    assert price[after.between(0.0, 300.0)].max() > 1.05 * price[after < -60.0].mean()
    assert accumulated(shown) > 0.0


def test_pump_risk_is_plainer_the_more_severe() -> None:
    scores = [sum(accumulated(before(severity, seed)) for seed in (1, 2, 3, 4)) for severity in (0.1, 0.5, 0.95)]
    assert scores == sorted(scores)
