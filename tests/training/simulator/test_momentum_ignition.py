"""Momentum ignition on the tape: a burst of own takes, a move, an exit within a minute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.simulator.showing import Shown, show


def ignition(severity: float, seed: int = 1) -> Shown:
    return show("momentum_ignition", severity, seed, at_h=0.2)


def takes(shown: Shown) -> pd.DataFrame:
    """Return the accused's trades as taker, with the side taken as +1 or −1."""
    own = shown.own_trades
    taker = own["buyer_id"].where(own["aggressor"] == "buy", own["seller_id"])
    own = own[taker.isin(shown.accused)].copy()
    own["sign"] = own["aggressor"].map({"buy": 1, "sell": -1})
    return own


def largest_burst(shown: Shown) -> float:
    """Return the largest price range, in basis points, that the accused took through within two seconds."""
    own, found = takes(shown), 0.0
    seconds, sign, price = (
        (own["timestamp"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(),
        own["sign"].to_numpy(),
        own["price"].to_numpy(),
    )
    for i in range(len(own)):
        near = price[(seconds >= seconds[i]) & (seconds <= seconds[i] + 2.0) & (sign == sign[i])]
        found = max(found, float(1e4 * (near.max() / near.min() - 1.0)))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ignition_ends_nearly_flat_after_trading_both_ways(seed: int) -> None:
    shown = ignition(0.7, seed)
    own = shown.own_trades
    net = (own["buyer_id"].isin(shown.accused) * 1 - own["seller_id"].isin(shown.accused) * 1) * own["quantity"]
    assert len(own) >= 10
    assert abs(net.sum()) < 0.15 * own["quantity"].sum()
    assert largest_burst(shown) > 6.0


def test_ignition_is_plainer_the_more_severe() -> None:
    bursts = [
        np.median([largest_burst(ignition(severity, seed)) for seed in (1, 2, 3, 4, 5)])
        for severity in (0.1, 0.5, 0.95)
    ]
    assert bursts == sorted(bursts)
