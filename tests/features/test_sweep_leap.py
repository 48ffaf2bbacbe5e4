from __future__ import annotations

import numpy as np
import pytest

from features.sweeps.base import Found
from features.sweeps.leap import Leap
from tests.features.taken import Took, noise, pieces, same, seen_of

LEVEL = [Took(10.0 * k, 10 + k % 5, 1, 100.0) for k in range(61)]


def after(*prices: float, every_s: float = 2.0) -> list[Took]:
    return [*LEVEL, *(Took(605.0 + k * every_s, 7, 1, price) for k, price in enumerate(prices))]


def leaps(trades: list[Took]) -> Found:
    return Leap().fold(seen_of(trades))


def test_leap_that_is_carried_is_told_against_the_usual_minute() -> None:
    found = leaps(after(105.0, 106.0, 106.0))
    move, deviations, minutes = found.figures[-1]
    assert move == pytest.approx(0.05)
    assert deviations == pytest.approx(np.log(1.05) / 2e-4)
    assert (minutes, found.side[-1], found.members[-1, 0]) == (1.0, 1, -1)


def test_leap_down_that_recovers_within_the_minute_is_told() -> None:
    found = leaps(after(94.0, 94.0, 94.5, 100.0, 100.0))
    assert found.side.tolist() == [-1]


@pytest.mark.parametrize("prices", [(105.0, 100.0, 105.0), (105.0, 105.0, 100.0), (105.0, 95.0, 105.0)])
def test_prices_of_less_than_three_moments_in_a_row_are_no_leap(prices: tuple[float, ...]) -> None:
    assert len(leaps(after(*prices))) == 0


def test_prices_minutes_apart_are_no_leap() -> None:
    assert len(leaps(after(105.0, 105.0, 105.0, every_s=400.0))) == 0


def test_ordinary_trades_are_no_leap() -> None:
    assert len(leaps(noise(1, 2_000))) == 0


def test_leap_in_a_market_of_unknown_habit_is_not_told() -> None:
    seen = seen_of(after(105.0, 105.0, 105.0))
    assert len(Leap().fold(seen._replace(sigma=np.full(len(seen.time), np.nan)))) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 62, 63], list(range(2, 66, 3))])
def test_leap_does_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(after(103.0, 105.0, 105.0, 107.0, 109.0))
    assert len(Leap().fold(seen)) > 1
    assert same(pieces(Leap(), seen, cuts), pieces(Leap(), seen, []))


def test_leap_is_restored_from_a_snapshot() -> None:
    seen = seen_of(after(103.0, 105.0, 105.0, 107.0, 109.0))
    first, second = Leap(), Leap()
    early = first.fold(type(seen)._make(column[:62] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[62:] for column in seen))
    assert same(early.then(late), Leap().fold(seen))
