"""Spoofing on the tape: bait many times the genuine order, pulled right after it has filled."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def bait_to_genuine(shown: Shown) -> float:
    """Return lots cancelled over lots filled."""
    own = shown.own_orders
    by_event: pd.Series = own.groupby("event")["quantity"].sum()
    return float(by_event["cancel"] / by_event["fill"])


def test_spoofing_pulls_bait_after_the_fill() -> None:
    own = show("spoofing").own_orders
    fills, cancels = own[own["event"] == "fill"], own[own["event"] == "cancel"]
    soon = []
    for when, side in zip(fills["timestamp"], fills["side"], strict=True):
        delay = (cancels["timestamp"] - when).dt.total_seconds()
        soon.append(bool((delay.between(0.0, 5.0) & (cancels["side"] != side)).any()))
    assert sum(soon) >= 0.5 * len(soon) > 0


def test_spoofing_is_plainer_the_more_severe() -> None:
    ratios = [
        sum(bait_to_genuine(show("spoofing", severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)
    ]
    assert ratios == sorted(ratios)
