"""Excessive accumulation and offloading on the tape: the nine parameters are met after a balanced week."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.simulator.days import SEEDS, SEVERITIES, Told, week

KINDS = {
    "excessive_accumulation_own": 1, "excessive_accumulation_others": 1, "excessive_offloading_own": -1,
    "excessive_offloading_others": -1,
}  # fmt: skip


def share(usd: pd.Series, side: int) -> float:
    """Return the share of one side in the value traded."""
    return float(usd[usd * side > 0].abs().sum() / usd.abs().sum())


def daily_shares(told: Told, side: int) -> pd.Series:
    """Return the side's share on each of the rolling days of the week before the label."""
    history = told.before(told.own)
    days = (told.start - history["timestamp"]).dt.days
    return history.groupby(days)["usd"].apply(lambda usd: share(usd, side))


@pytest.mark.parametrize("kind", KINDS)
def test_excessive_trading_meets_the_nine_parameters(kind: str) -> None:
    side = KINDS[kind]
    for severity in SEVERITIES:
        told = week(1)[kind, severity]
        last, history = told.within(told.own)["usd"], told.before(told.own)
        assert last.abs().sum() >= 10_000.0
        assert (last * side > 0).sum() >= 5
        assert share(last, side) >= 0.7
        assert len(history) >= 10
        assert history["timestamp"].dt.date.nunique() >= 5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("own")])
def test_excessive_trading_deviates_from_the_own_history(kind: str) -> None:
    for seed in SEEDS:
        told, side = week(seed)[kind, 0.95], KINDS[kind]
        daily = daily_shares(told, side)
        assert share(told.within(told.own)["usd"], side) > daily.mean() + 2.0 * daily.std()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("others")])
def test_excessive_trading_deviates_from_other_users(kind: str) -> None:
    told, side = week(1)[kind, 0.95], KINDS[kind]
    peers, others = told.within(told.traded), []
    for account in set(peers["buyer_id"]) & set(peers["seller_id"]) - {told.account}:
        bought, sold = (peers.loc[peers[of] == account, "usd"] for of in ("buyer_id", "seller_id"))
        if len(bought) + len(sold) >= 5:
            others.append(share(pd.concat([bought, -sold]), side))
    assert len(others) >= 5
    assert share(told.within(told.own)["usd"], side) > sorted(others)[round(0.9 * len(others)) - 1]


@pytest.mark.parametrize("kind", KINDS)
def test_excessive_trading_is_plainer_the_more_severe(kind: str) -> None:
    def net(severity: float) -> float:
        tapes = (week(seed)[kind, severity] for seed in SEEDS)
        return sum(KINDS[kind] * float(told.within(told.own)["usd"].sum()) for told in tapes)

    assert net(0.1) < net(0.5) < net(0.95)
