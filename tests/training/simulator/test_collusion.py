"""Collusion on the tape: several accounts on the same side in the same seconds, again and again."""

from __future__ import annotations

from tests.training.simulator.showing import Shown, show

KIND = "collusion"


def shown(severity: float, seed: int = 1) -> Shown:
    return show(KIND, severity, seed, symbol="XTZ/USD", hours=2.0, at_h=0.3)


def together(tape: Shown, within_s: float) -> int:
    """Return the number of pairs of orders of different accounts on one side within so many seconds."""
    new = tape.own_orders[tape.own_orders["event"] == "new"]
    seconds = (new["timestamp"] - new["timestamp"].min()).dt.total_seconds().to_numpy()
    sides, accounts, pairs = new["side"].to_numpy(), new["account_id"].to_numpy(), 0
    for i in range(len(new)):
        near = (seconds >= seconds[i]) & (seconds <= seconds[i] + within_s)
        pairs += int((near & (sides == sides[i]) & (accounts != accounts[i])).sum())
    return pairs


def test_collusion_is_several_accounts_at_once_again_and_again() -> None:
    tape = shown(0.3)
    fills = tape.own_orders[tape.own_orders["event"] == "fill"]
    rounds = (fills["timestamp"].diff().dt.total_seconds() > 12.0).cumsum()
    assert (fills.groupby(rounds)["account_id"].nunique() >= 3).sum() >= 4
    assert not (tape.own_trades["buyer_id"].isin(tape.accused) & tape.own_trades["seller_id"].isin(tape.accused)).all()


def test_collusion_is_plainer_the_more_severe() -> None:
    pairs = [sum(together(shown(severity, seed), 1.0) for seed in (1, 2, 3)) for severity in (0.1, 0.5, 0.95)]
    assert pairs == sorted(pairs)
