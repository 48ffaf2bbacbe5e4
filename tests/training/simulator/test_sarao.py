"""The case of Sarao on the tape: a ladder that is re-priced without end and cancelled."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def rungs(shown: Shown) -> pd.DataFrame:
    """Return the messages of the orders that were re-priced."""
    own = shown.own_orders
    return own[own["order_id"].isin(own[own["event"] == "replace"]["order_id"])]


def changes(shown: Shown) -> float:
    """Return the changes of an order that was re-priced, on average; 0 where a sweep undid the episode."""
    own = rungs(shown)
    return float((own["event"] == "replace").sum() / max(own["order_id"].nunique(), 1))


def test_sarao_keeps_four_to_six_levels_on_one_side() -> None:
    own = rungs(show("sarao"))
    first = own[(own["event"] == "new") & (own["timestamp"] == own["timestamp"].min())]
    gaps = first["price"].sort_values().diff().dropna().round(6)
    assert first["side"].nunique() == gaps.nunique() == 1
    assert 4 <= len(first) <= 6


def test_sarao_changes_an_order_about_161_times_and_cancels_over_99_percent() -> None:
    shown = [show("sarao", 1.0, seed) for seed in (1, 2, 3)]
    lots: pd.Series = pd.concat([rungs(one) for one in shown]).groupby("event")["quantity"].sum()
    assert 100.0 < sum(changes(one) for one in shown) / 3.0 < 200.0
    assert lots["cancel"] > 0.99 * (lots["cancel"] + lots.get("fill", 0.0))


def test_sarao_is_labelled_as_layering() -> None:
    assert set(show("sarao").labels["typology"]) == {"layering"}


def test_sarao_is_plainer_the_more_severe() -> None:
    counts = [sum(changes(show("sarao", severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert counts == sorted(counts)
