from __future__ import annotations

import numpy as np
import pytest

from features.sweeps.base import Found
from features.sweeps.clock import Clock
from tests.features.taken import Took, noise, pieces, same, seen_of

NAMES = Clock.figures
WHO, PERIOD_S = 7, 5.0


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def clock(count: int, *, jitter: float = 0.02, who: int = WHO, turns: bool = True, period_s: float = 5.0) -> list[Took]:
    """Return takes at even intervals, on both sides in turn or all bought; a jitter is a part of the period."""
    late = np.random.default_rng(5).uniform(0.0, jitter * period_s, count)
    sides = [-1 if turns and k % 2 else 1 for k in range(count)]
    return [Took(31.7 + k * period_s + float(late[k]), who, side, 100.0) for k, side in enumerate(sides)]


def among(trades: list[Took], seed: int = 3, every_s: float = 20.0) -> list[Took]:
    return sorted([*trades, *noise(seed, 40, every_s=every_s)], key=lambda trade: trade.at_s)


def test_clock_is_told_with_period_share_and_sides() -> None:
    found = Clock().fold(seen_of(among(clock(120))))
    assert set(found.members[:, 0].tolist()) == {WHO}
    assert figure(found, "beat_share") > 0.9
    assert figure(found, "digits") > 30
    assert figure(found, "period_s") == pytest.approx(PERIOD_S, rel=0.02)
    assert 0.6 < figure(found, "arrival_share") < 0.95
    assert figure(found, "one_sided") < 0.05


def test_clock_is_told_from_twenty_gaps_on_but_not_before() -> None:
    assert len(Clock().fold(seen_of(clock(20)))) == 0
    found = Clock().fold(seen_of(clock(24)))
    assert figure(found, "gaps") == 23


def test_clock_that_buys_alone_is_one_sided_and_few_among_many() -> None:
    found = Clock().fold(seen_of(among(clock(60, turns=False), every_s=1.0)))
    assert figure(found, "one_sided") == 1.0
    assert len(found) > 0


def test_takers_by_chance_are_not_mentioned() -> None:
    for seed in range(20):
        assert len(Clock().fold(seen_of(noise(seed, 1_500, accounts=3)))) == 0


def test_trades_of_one_moment_are_one_arrival() -> None:
    twice = [trade for trade in clock(60) for _ in range(3)]
    assert same(Clock().fold(seen_of(twice)), Clock().fold(seen_of(clock(60))))


def test_clock_of_a_market_without_accounts_is_told_of_the_market() -> None:
    seen = seen_of(among(clock(120)))
    nobody = np.full(len(seen.time), -1, np.int32)
    found = Clock().fold(seen._replace(entity=nobody, counter=nobody))
    assert set(found.members[:, 0].tolist()) == {-1}
    assert figure(found, "arrival_share") == 1.0
    assert found.figures[:, NAMES.index("beat_share")].max() > 0.6


def test_times_in_whole_seconds_make_no_clock() -> None:
    trades = noise(4, 2_000, every_s=0.5, accounts=1)
    whole = [trade._replace(at_s=float(int(trade.at_s))) for trade in trades]
    assert len(Clock().fold(seen_of(whole))) == 0


def test_clock_faster_than_machines_choose_is_none() -> None:
    assert len(Clock().fold(seen_of(clock(400, period_s=0.005)))) == 0


@pytest.mark.parametrize("cuts", [[1], [30, 31, 90], list(range(5, 150, 7))])
def test_clock_does_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(among(clock(120)))
    assert len(Clock().fold(seen)) > 3
    assert same(pieces(Clock(), seen, cuts), pieces(Clock(), seen, []))


def test_clock_is_restored_from_a_snapshot() -> None:
    seen = seen_of(among(clock(120)))
    first, second = Clock(), Clock()
    early = first.fold(type(seen)._make(column[:80] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[80:] for column in seen))
    assert same(early.then(late), Clock().fold(seen))
