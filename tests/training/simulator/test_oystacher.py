"""The case of Oystacher on the tape: bait at the touch, cancelled within 5 ms by the own order against it."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show


def flips(shown: Shown) -> pd.DataFrame:
    """Return every order sent within 5 ms after own cancels at its price on the other side, with the sizes of both."""
    own = shown.own_orders
    cancels, rows = own[own["event"] == "cancel"], []
    new = own[own["event"] == "new"]
    columns = (new[name] for name in ("order_id", "quantity", "timestamp", "side", "price"))
    for order, quantity, when, side, price in zip(*columns, strict=True):
        age_s = (when - cancels["timestamp"]).dt.total_seconds()
        bait = cancels[age_s.between(0.0, 0.005) & (cancels["side"] != side) & (cancels["price"] == price)]
        if len(bait):
            rows.append((order, quantity, bait["quantity"].sum(), len(bait)))
    return pd.DataFrame(rows, columns=["order_id", "quantity", "bait", "baits"])


def test_oystacher_flips() -> None:
    shown = show("oystacher")
    found, own = flips(shown), shown.own_orders
    filled = own[(own["event"] == "fill") & own["order_id"].isin(found["order_id"])]
    assert len(found) >= 5
    assert filled["order_id"].nunique() >= 0.5 * len(found)
    assert found["baits"].median() == 2
    assert (found["bait"] / found["quantity"]).median() > 2.0


def test_oystacher_is_labelled_as_spoofing() -> None:
    assert set(show("oystacher").labels["typology"]) == {"spoofing"}


def test_oystacher_is_plainer_the_more_severe() -> None:
    counts = [sum(len(flips(show("oystacher", severity, seed))) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert counts == sorted(counts)
