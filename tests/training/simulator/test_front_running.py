"""Front running on the tape: a small order within two seconds before a large one, on its side, again and again."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.simulator.showing import Shown, show


def running(severity: float, seed: int = 1) -> Shown:
    return show("front_running", severity, seed, at_h=0.2)


def pairs(shown: Shown) -> pd.DataFrame:
    """Return each own order that another account's order of five times its size followed within two seconds."""
    orders = shown.orders[shown.orders["event"] == "new"]
    own = orders["order_id"].isin(set(shown.own_orders["order_id"])).to_numpy()
    others = ~orders["account_id"].isin(shown.accused).to_numpy()
    seconds, lots = (
        (orders["timestamp"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(),
        orders["quantity"].to_numpy(),
    )
    side, found = orders["side"].to_numpy(), []
    for i in own.nonzero()[0]:
        gap = seconds - seconds[i]
        large = (gap > 0.0) & (gap <= 2.0) & (side == side[i]) & (lots >= 5.0 * lots[i]) & others
        if large.any():
            j = (lots * large).argmax()
            found.append((orders["account_id"].iloc[j], gap[j]))
    return pd.DataFrame(found, columns=["client", "gap"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_front_running_precedes_one_client_repeatedly(seed: int) -> None:
    shown = running(0.7, seed)
    clients = pairs(shown)["client"].value_counts()
    assert clients.iloc[0] >= 3
    assert clients.index[0] not in shown.accused


def test_front_running_is_plainer_the_more_severe() -> None:
    scores = []
    for severity in (0.1, 0.5, 0.95):
        found = pd.concat([pairs(running(severity, seed)) for seed in (1, 2, 3)])
        top = found.groupby("client")["gap"].agg(["size", "median"])
        scores.append(float(top.loc[top["size"] >= 2, "size"].sum()))
    assert scores == sorted(scores)
