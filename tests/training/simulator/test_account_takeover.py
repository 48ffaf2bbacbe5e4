"""Account takeover on the tape: another size, another hour, one side, and the money leaves."""

from __future__ import annotations

from tests.training.simulator.days import SEEDS, SEVERITIES, week

KIND = "account_takeover"


def multiple(seed: int, severity: float) -> float:
    """Return how much was traded in an hour of the takeover over an average trade before."""
    told = week(seed)[KIND, severity]
    inside = told.within(told.own)
    hours = (inside["timestamp"].max() - inside["timestamp"].min()).total_seconds() / 3_600
    return float(inside["usd"].abs().sum() / told.before(told.own)["usd"].abs().mean() / hours)


def test_takeover_trades_one_way_at_another_hour_and_withdraws() -> None:
    for seed in SEEDS:
        for severity in SEVERITIES:
            told = week(seed)[KIND, severity]
            inside, before = told.within(told.own), told.before(told.own)
            assert abs(inside["usd"].sum()) == inside["usd"].abs().sum()
            assert not set(inside["timestamp"].dt.hour) & set(before["timestamp"].dt.hour)
            assert told.within(told.transfers)["usd"].min() < -0.5 * inside["usd"].abs().sum()


def test_takeover_is_plainer_the_more_severe() -> None:
    scores = [sum(multiple(seed, severity) for seed in SEEDS) for severity in SEVERITIES]
    assert scores == sorted(scores)
