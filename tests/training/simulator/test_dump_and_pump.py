"""Dump and pump on the tape: the mirror of a pump."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def dump(severity: float, seed: int = 1) -> Shown:
    return show("dump_and_pump", severity, seed, symbol="KNC/USD", hours=1.2, at_h=0.15)


def fall(shown: Shown) -> float:
    if shown.labels.empty:
        return 0.0
    seconds = (shown.trades["timestamp"] - pd.Timestamp(shown.labels["start"].iloc[0])).dt.total_seconds()
    price = shown.trades["price"]
    return float(1.0 - price[seconds.between(0.0, 300.0)].min() / price[seconds < -60.0].mean())


def test_dump_falls_on_selling_and_organisers_buy_into_it() -> None:
    shown = dump(0.6)
    trades = shown.trades
    seconds = (trades["timestamp"] - pd.Timestamp(shown.labels["start"].iloc[0])).dt.total_seconds()
    first = trades[seconds.between(0.0, 25.0)]
    assert fall(shown) > 0.05
    assert first.loc[first["aggressor"] == "sell", "quantity"].sum() > 0.4 * first["quantity"].sum()
    net = (trades["buyer_id"].isin(shown.accused) * 1 - trades["seller_id"].isin(shown.accused) * 1) * trades[
        "quantity"
    ]
    assert net[seconds < 0.0].sum() < 0.0 < net[seconds >= 0.0].sum()


def test_dump_is_plainer_the_more_severe() -> None:
    falls = [sum(fall(dump(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert falls == sorted(falls)
