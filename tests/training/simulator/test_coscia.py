"""The case of Coscia on the tape: 17 against 54, 85 and 122, all gone on the fill, mirrored; 609 ms in all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.training.simulator.showing import Shown, show

PUBLISHED = np.array([54.0, 85.0, 122.0]) / 17.0


def legs(shown: Shown) -> pd.DataFrame:
    """Return every small order with three baits in the published ratio right after it on the other side."""
    own = shown.own_orders.sort_values("sequence")
    sent = own[own["event"] == "new"].reset_index(drop=True)
    sizes, sells = sent["quantity"].to_numpy(), (sent["side"] == "sell").to_numpy()
    over = own[own["event"] == "cancel"].set_index("order_id")["timestamp"]
    done = own[(own["event"] == "fill") & (own["leaves_quantity"] == 0.0)].set_index("order_id")["timestamp"]
    rows = []
    for i in range(len(sent) - 3):
        off = np.abs(sizes[i + 1 : i + 4] / sizes[i] - PUBLISHED).max()
        if off < 0.1 and (sells[i + 1 : i + 4] != sells[i]).all():
            names = sent["order_id"].iloc[i : i + 4]
            filled_at, pulled_at = done.get(names.iloc[0], pd.NaT), over.reindex(names.iloc[1:]).max()
            rows.append((sent["timestamp"][i], sells[i], filled_at, pulled_at))
    return pd.DataFrame(rows, columns=["sent", "sells", "filled_at", "pulled_at"])


def cycles_s(shown: Shown) -> list[float]:
    """Return the seconds from the first order to the last cancel of each pair of legs that both filled."""
    found = legs(shown)
    if found["filled_at"].isna().all():
        return []
    before = found.shift()
    mirrored = before["filled_at"].notna() & found["filled_at"].notna() & (before["sells"] != found["sells"])
    prompt = (found["sent"] - before["pulled_at"]).dt.total_seconds() < 0.7
    return [float(time) for time in (found["pulled_at"] - before["sent"])[mirrored & prompt].dt.total_seconds()]


def test_coscia_pulls_the_baits_on_the_fill() -> None:
    found = legs(show("coscia"))
    filled = found.dropna()
    delay_s = (filled["pulled_at"] - filled["filled_at"]).dt.total_seconds()
    assert len(filled) >= 4
    assert delay_s.median() < 0.1


def test_coscia_takes_about_609_ms() -> None:
    times = [time for seed in (1, 2, 3) for time in cycles_s(show("coscia", 1.0, seed, symbol="ETH/USD"))]
    assert len(times) >= 5
    assert 0.5 < float(np.median(times)) < 0.75


def test_coscia_is_labelled_as_spoofing() -> None:
    assert set(show("coscia").labels["typology"]) == {"spoofing"}


def test_coscia_is_plainer_the_more_severe() -> None:
    counts = [
        sum(len(legs(show("coscia", severity, seed, symbol="ETH/USD"))) for seed in (1, 2, 3))
        for severity in (0.1, 0.5, 0.95)
    ]
    assert counts == sorted(counts)
