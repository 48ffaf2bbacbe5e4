"""What is usual in a market."""

from __future__ import annotations

import numpy as np
import pytest

from features.habit import ORDER_SIZE, TRADE_SIZE, Habit, known, new_habit, note_size, note_trade, pass_minutes
from features.time_units import MINUTE_NS


def minutes(counts: list[int], price: float = 100.0, step: float = 0.0) -> Habit:
    """Return the habit after minutes with so many trades of two lots each, each trade a step dearer."""
    habit = new_habit()
    for minute, count in enumerate(counts):
        pass_minutes(habit, minute * MINUTE_NS + 1)
        for _ in range(count):
            price *= 1.0 + step
            note_trade(habit, price, 2)
    pass_minutes(habit, len(counts) * MINUTE_NS)
    return habit


def test_habit_of_a_new_market_is_unknown() -> None:
    assert np.isnan(known(new_habit())).all()
    assert np.isnan(known(minutes([3, 3]))).all()


def test_habit_of_an_even_market_is_what_each_minute_brings() -> None:
    _, sigma, pace, flow = known(minutes([4] * 30, step=0.001))
    assert (pace, flow) == pytest.approx((4.0, 8.0))
    assert sigma == pytest.approx(4 * np.log(1.001), rel=0.05)


def test_habit_after_a_surge_is_hardly_another() -> None:
    _, _, calm, _ = known(minutes([4] * 30))
    _, _, after, _ = known(minutes([4] * 30 + [4000]))
    assert after <= calm * (1 + 5 / 31)


def test_habit_of_a_market_that_stops_fades() -> None:
    _, _, pace, _ = known(minutes([4] * 30 + [0] * 120))
    assert pace < 1.0


def test_habit_of_a_still_market_still_learns() -> None:
    _, sigma, _, _ = known(minutes([1] * 30 + [10] * 20, step=0.0))
    assert sigma == 0.0
    habit = minutes([1] * 30)
    note_trade(habit, 110.0, 2)
    pass_minutes(habit, 31 * MINUTE_NS)
    assert known(habit)[1] > 0.0


def test_usual_size_is_a_geometric_mean_of_orders_once_there_are_any() -> None:
    habit = new_habit()
    for _ in range(20):
        note_size(habit, TRADE_SIZE, 1000)
    assert known(habit)[0] == pytest.approx(1000)
    for _ in range(10):
        note_size(habit, ORDER_SIZE, 10)
        note_size(habit, ORDER_SIZE, 40)
        note_size(habit, TRADE_SIZE, 1000)
        note_size(habit, ORDER_SIZE, -1)
    assert known(habit)[0] == pytest.approx(20)
