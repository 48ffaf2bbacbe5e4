"""Inter-venue manipulation on the tape: a burst on one venue, a position closed on the other."""

from __future__ import annotations

import pytest

from tests.training.simulator.showing import Shown, show


def manipulation(severity: float, seed: int = 1) -> Shown:
    return show("inter_venue_manipulation", severity, seed, venues=2, at_h=0.2)


def sweep(shown: Shown) -> float:
    """Return the widest range that own takes of one second swept on a venue, basis points."""
    own = shown.own_trades
    if own.empty:
        return 0.0
    taker = own["buyer_id"].where(own["aggressor"] == "buy", own["seller_id"])
    taken = own[taker.isin(shown.accused)]
    cells = taken.groupby(["venue", taken["timestamp"].dt.floor("s"), "aggressor"])["price"].agg(["min", "max"])
    return float(1e4 * (cells["max"] / cells["min"] - 1.0).max())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_inter_venue_trades_both_venues_and_ends_flat_on_the_one_that_pays(seed: int) -> None:
    shown = manipulation(0.7, seed)
    assert set(shown.labels["venue"]) == {"sim-1", "sim-2"}
    own = shown.own_trades
    net = (own["buyer_id"].isin(shown.accused) * 1 - own["seller_id"].isin(shown.accused) * 1) * own["quantity"]
    left = net.groupby(own["venue"]).sum().abs() / own.groupby("venue")["quantity"].sum()
    assert left.min() < 0.2
    assert sweep(shown) > 8.0


def test_inter_venue_is_plainer_the_more_severe() -> None:
    sweeps = [sum(sweep(manipulation(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert sweeps == sorted(sweeps)
