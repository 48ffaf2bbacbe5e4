"""Mule pattern on the tape: many deposits, small trades with one counterparty, withdrawals."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show

KIND = "mule_pattern"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=2.5, at_h=0.2)


def transfers(tape: Shown) -> pd.DataFrame:
    moved: pd.DataFrame = tape.tape.transfers.to_pandas()
    return moved[moved["account_id"].isin(tape.accused)]


def speed(tape: Shown) -> float:
    """Return the number of mules over the median hours between deposit and withdrawal."""
    moved = transfers(tape)
    paid_in = moved[moved["usd"] > 0.0].groupby("account_id")["timestamp"].min()
    paid_out = moved[moved["usd"] < 0.0].groupby("account_id")["timestamp"].max()
    hours = (paid_out - paid_in).dropna().dt.total_seconds() / 3_600
    return float(len(hours) / hours.median())


def test_mules_deposit_trade_with_one_collector_and_withdraw() -> None:
    tape = shown(0.5)
    moved, own = transfers(tape), tape.own_trades
    depositors = set(moved.loc[moved["usd"] > 0.0, "account_id"])
    (collector,) = tape.accused - depositors
    among = own[own["buyer_id"].isin(tape.accused) & own["seller_id"].isin(tape.accused)]
    assert ((among["buyer_id"] == collector) | (among["seller_id"] == collector)).mean() > 0.9
    assert len((set(among["buyer_id"]) | set(among["seller_id"])) & depositors) >= 3
    assert moved.loc[moved["account_id"] == collector, "usd"].sum() < 0.0


def test_mules_are_plainer_the_more_severe() -> None:
    speeds = [sum(speed(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert speeds == sorted(speeds)
