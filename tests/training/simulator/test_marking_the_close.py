"""Marking the close on the tape: the accused dominate the last minutes and move the reference price."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.simulator.showing import Shown, show

NOON = pd.Timestamp("2026-01-05T12:00:00Z")


def marked(severity: float, seed: int = 1) -> Shown:
    return show("marking_the_close", severity, seed, symbol="XTZ/USD", start_h=11.4, hours=0.8, at_h=0.5)


def moved(shown: Shown) -> float:
    """Return how far the last price before noon lies from the mean of the quarter of an hour before, percent."""
    if shown.labels.empty:
        return 0.0
    trades = shown.trades
    seconds = (trades["timestamp"] - NOON).dt.total_seconds()
    last = trades.loc[seconds < 0.0, "price"].iloc[-1]
    return float(100.0 * abs(last / trades.loc[seconds.between(-1_500.0, -400.0), "price"].mean() - 1.0))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_marking_dominates_the_last_minutes_before_the_fixing(seed: int) -> None:
    shown = marked(0.6, seed)
    trades = shown.trades
    seconds = (trades["timestamp"] - NOON).dt.total_seconds()
    last = trades[seconds.between(-120.0, 0.0)]
    own = last["buyer_id"].isin(shown.accused) | last["seller_id"].isin(shown.accused)
    assert last.loc[own, "quantity"].sum() > 0.4 * last["quantity"].sum()
    assert pd.Timestamp(shown.labels["end"].iloc[0]) <= NOON
    assert moved(shown) > 0.3


def test_marking_is_plainer_the_more_severe() -> None:
    moves = [sum(moved(marked(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert moves == sorted(moves)
