from __future__ import annotations

import numpy as np
import pytest

from training.pump_counting import Alarms
from training.three_term import Terms, ThreeTerms, choose, clock_cells, plain_cells


def terms(rise: float = 0.08, surge: float = 100.0, rush: float = 3.0, *, is_round: bool = False) -> Terms:
    return Terms(np.array([rise]), np.array([surge]), np.array([rush]), np.array([is_round]))


@pytest.mark.parametrize(
    ("rows", "holds"),
    [(terms(), True), (terms(rise=0.079), False), (terms(surge=99.0), False), (terms(rush=2.0), False),
     (terms(surge=np.nan), False)],
)  # fmt: skip
def test_hold_as_it_stands_needs_all_three_terms(rows: Terms, *, holds: bool) -> None:
    assert rows.hold(ThreeTerms()).tolist() == [holds]


@pytest.mark.parametrize(
    ("is_round", "rise", "surge", "rush", "holds"),
    [(True, 0.08, 60.0, 1.0, True), (False, 0.08, 60.0, 1.0, False), (True, 0.07, 60.0, 1.0, False),
     (True, 0.08, 40.0, 1.0, False), (False, 0.08, 100.0, 3.0, True)],
)  # fmt: skip
def test_hold_with_a_clock_asks_less_near_a_half_hour(
    rise: float, surge: float, rush: float, *, is_round: bool, holds: bool
) -> None:
    rule = ThreeTerms(round_surge=50.0, round_rush=1.0)
    assert terms(rise, surge, rush, is_round=is_round).hold(rule).tolist() == [holds]


def tried(recall: float, false: int) -> tuple[ThreeTerms, Alarms]:
    caught = np.arange(10) < 10 * recall
    return ThreeTerms(rise=recall), Alarms(np.arange(10), caught, np.where(caught, 5.0, np.nan), false, 100.0)


def test_choose_takes_the_highest_recall_at_the_rate_and_of_equals_the_quieter() -> None:
    found = (tried(0.5, 1), tried(0.8, 3), tried(0.8, 2), tried(0.9, 7))
    assert choose(found, 0.03)[1].false == 2
    assert choose(found, 0.07)[1].recall == 0.9


def test_choose_where_none_is_quiet_enough_takes_the_quietest() -> None:
    assert choose((tried(0.9, 9), tried(0.5, 4)), 0.03)[1].false == 4


def test_cells_hold_the_published_rule_and_the_clock_asks_never_more_at_round_times() -> None:
    assert ThreeTerms() in plain_cells()
    for cell in clock_cells():
        assert cell.round_surge is not None
        assert cell.round_surge <= cell.surge
