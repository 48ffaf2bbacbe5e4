"""Pumps on the tape: multiplied buying, a rise within seconds to minutes, organisers who sell into it, the fall.

Measured around the onset of the 126 real pumps of `shared/data/pumps` (percentiles 5, 25, 50, 75, 95), prices against
the hour before, volumes against the mean minute of the day before:

- rise .046 .094 .182 .239 .449; half of it after −27 −.4 2.6 7.3 47 s, the peak after −4 9 29 78 264 s
- from the peak to half of it .4 18 53 123 298 s; left of the rise after 1 minute .18 .43 .64 .77 .92,
  5 minutes −.11 .16 .34 .55 .83, 15 minutes −.14 .04 .21 .46 .80
- trades in the first 5 s 18 37 65 121 219, 25 s 65 133 222 375 706, 5 minutes 244 500 836 1566 2563
- volume in the first 5 s 16 81 176 422 1207 mean minutes, 25 s 51 261 589 1185 2896, 5 minutes 292 1002 2051 3416 7964
- milliseconds of the first 25 s with several taker buys 5 12 21 33 60; buys' share of volume in the first 5 s .39 .64
  .81 .92 1, 25 s .34 .58 .67 .79 .88, 5 minutes .40 .48 .53 .59 .68
- volume of the hour before against the day .2 1.0 2.3 5.1 15.4
"""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.simulator.showing import Shown, show


def pump(severity: float, seed: int = 1, kind: str = "pump_and_dump") -> Shown:
    return show(kind, severity, seed, symbol="KNC/USD", hours=1.2, at_h=0.15)


def since_onset(shown: Shown) -> pd.Series:
    return (shown.trades["timestamp"] - pd.Timestamp(shown.labels["start"].iloc[0])).dt.total_seconds()


def rise(shown: Shown) -> float:
    """Return the highest price of the first five minutes over the mean before them, less 1; 0 without a label."""
    if shown.labels.empty:
        return 0.0
    seconds, price = since_onset(shown), shown.trades["price"]
    return float(price[seconds.between(0.0, 300.0)].max() / price[seconds < -60.0].mean() - 1.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_pump_multiplies_buying_rises_and_falls(seed: int) -> None:
    shown = pump(0.6, seed)
    seconds, trades = since_onset(shown), shown.trades
    first, before = trades[seconds.between(0.0, 25.0)], trades[seconds.between(-1_800.0, -60.0)]
    assert first["quantity"].sum() / 25.0 > 30.0 * before["quantity"].sum() / 1_740.0
    taken = first[first["aggressor"] == "buy"]
    assert taken["quantity"].sum() > 0.4 * first["quantity"].sum()
    assert (taken["timestamp"].dt.floor("ms").value_counts() > 1).sum() >= 5
    assert rise(shown) > 0.05
    assert trades["price"][seconds > 840.0].mean() < trades["price"][seconds.between(0.0, 300.0)].quantile(0.8)


def test_pump_organisers_buy_before_and_sell_into_the_rush() -> None:
    shown = pump(0.6)
    seconds, trades = since_onset(shown), shown.trades
    bought = trades["buyer_id"].isin(shown.accused) * trades["quantity"]
    sold = trades["seller_id"].isin(shown.accused) * trades["quantity"]
    net = bought - sold
    assert net[seconds < 0.0].sum() > 0.0
    assert net[seconds >= 0.0].sum() < -0.5 * net[seconds < 0.0].sum()
    assert 1 <= len(shown.accused) <= 6


def test_pump_is_plainer_the_more_severe() -> None:
    rises = [sum(rise(pump(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert rises == sorted(rises)
    assert rises[0] < 0.4
    assert rises[2] > 1.0
