"""Insider pattern on the tape: a balanced account turns one way, then the price jumps that way."""

from __future__ import annotations

import pandas as pd

from tests.training.simulator.showing import Shown, show

KIND = "insider_pattern"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=3.0, at_h=0.2)


def signed(tape: Shown) -> pd.DataFrame:
    """Return the account's trades, sold ones negative, whole tape."""
    (account,) = tape.accused
    bought, sold = tape.trades["buyer_id"] == account, tape.trades["seller_id"] == account
    own = tape.trades[bought | sold]
    return own.assign(lots=own["quantity"].where(bought[own.index], -own["quantity"]))


def position(tape: Shown) -> float:
    """Return the largest position within the label over the largest before."""
    own, start = signed(tape), tape.labels["start"].min()
    before, after = own[own["timestamp"] < start], own[own["timestamp"] >= start]
    return float(after["lots"].cumsum().abs().max() / before["lots"].cumsum().abs().max())


def test_insider_holds_a_position_that_the_jump_pays() -> None:
    for seed in (1, 2, 3):
        tape = shown(0.6, seed)
        own = signed(tape)
        inside = own[own["timestamp"] >= tape.labels["start"].min()]
        first, last = inside.iloc[0], inside.iloc[-1]
        assert first["lots"] * last["lots"] < 0.0
        assert (last["price"] / first["price"] - 1.0) * (1.0 if first["lots"] > 0.0 else -1.0) > 0.008
        assert position(tape) > 3.0


def test_insider_is_plainer_the_more_severe() -> None:
    positions = [sum(position(shown(severity, seed)) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert positions == sorted(positions)
