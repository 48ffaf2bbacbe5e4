"""Outlier against average daily volume on the tape: a large part of a day's volume by one account, in hours."""

from __future__ import annotations

from tests.training.simulator.days import SEEDS, SEVERITIES, weekend

KIND = "adv_outlier"


def part_of_a_day(seed: int, severity: float) -> float:
    """Return the account's value over the average daily value before."""
    told = weekend(KIND, severity, seed)
    history = told.before(told.traded)
    days = (told.start - history["timestamp"].min()).total_seconds() / 86_400
    return float(told.own["usd"].abs().sum() / (history["usd"].sum() / days))


def test_adv_outlier_trades_10000_usd_and_a_twentieth_of_a_day() -> None:
    told = weekend(KIND, 0.1, 1)
    assert told.within(told.own)["usd"].abs().sum() >= 10_000.0
    assert part_of_a_day(1, 0.1) >= 0.05


def test_adv_outlier_is_plainer_the_more_severe() -> None:
    scores = [sum(part_of_a_day(seed, severity) for seed in SEEDS) for severity in SEVERITIES]
    assert scores == sorted(scores)
