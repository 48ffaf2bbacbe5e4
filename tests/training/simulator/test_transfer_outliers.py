"""Deposit and withdrawal outliers on the tape: transfers many times the usual, the own ones or those of peers."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.simulator.days import SEEDS, SEVERITIES, Told, week

SIGNS = {
    "deposit_outlier_own": 1, "deposit_outlier_others": 1, "withdrawal_outlier_own": -1,
    "withdrawal_outlier_others": -1,
}  # fmt: skip


def usual(told: Told, kind: str) -> float:
    """Return the median size of a transfer before the label: its own, or that of all others who transfer often."""
    history = told.before(told.transfers)
    if kind.endswith("others"):
        others = told.before(told.moved)
        history = others[others.groupby("account_id")["usd"].transform("size") >= 5]
    return float(history["usd"].abs().median())


def outliers(told: Told, sign: int) -> pd.Series:
    """Return the labelled transfers of one sign, USD."""
    usd = told.within(told.transfers)["usd"] * sign
    return usd[usd > 0]


@pytest.mark.parametrize("kind", SIGNS)
def test_outliers_exceed_500_usd_and_what_is_usual(kind: str) -> None:
    for severity in SEVERITIES:
        told = week(1)[kind, severity]
        assert outliers(told, SIGNS[kind]).min() >= 500.0
        assert outliers(told, SIGNS[kind]).sum() >= 3.0 * usual(told, kind)


@pytest.mark.parametrize("kind", [kind for kind in SIGNS if kind.endswith("own")])
def test_outliers_have_a_history_of_transfers(kind: str) -> None:
    for seed in SEEDS:
        told = week(seed)[kind, 0.5]
        assert len(told.before(told.transfers)) >= 5


@pytest.mark.parametrize("kind", SIGNS)
def test_outliers_are_plainer_the_more_severe(kind: str) -> None:
    def multiple(severity: float) -> float:
        tapes = (week(seed)[kind, severity] for seed in SEEDS)
        return sum(float(outliers(told, SIGNS[kind]).sum()) / usual(told, kind) for told in tapes)

    assert multiple(0.1) < multiple(0.5) < multiple(0.95)
