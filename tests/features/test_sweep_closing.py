from __future__ import annotations

import numpy as np
import pytest

from features.schedule import Schedule
from features.sweeps.base import Found
from features.sweeps.closing import ClosingSweep
from tests.features.taken import BEGIN_S, SECOND_NS, Took, noise, pieces, same, seen_of

NAMES, HOUR = ClosingSweep.figures, 3_600.0


def figure(found: Found, name: str, span_s: float = 120.0) -> float:
    (row,) = found.figures[found.figures[:, NAMES.index("span_s")] == span_s]
    return float(row[NAMES.index(name)])


def mark(accounts: tuple[int, ...] = (7,), *, close_s: float = HOUR, side: int = 1, count: int = 10) -> list[Took]:
    """Return takes in the last 100 s, dearer one by one."""
    at = [close_s - 100.0 + 9.9 * k for k in range(count)]
    return [Took(t, accounts[k % len(accounts)], side, 100 + side * 0.03 * (k + 1), 500) for k, t in enumerate(at)]


def tape(*extra: Took, until_s: float = 3_900.0) -> list[Took]:
    """Return trades with others' before and after them, none meanwhile."""
    first, last = (extra[0].at_s, extra[-1].at_s) if extra else (0.0, 0.0)
    others = [t for t in noise(1, 1_400) if t.at_s < until_s and not first <= t.at_s <= last + 15.0]
    return sorted([*others, *extra])


def found_at(found: Found, close_s: float = HOUR) -> Found:
    return found.take(np.abs(found.end - (BEGIN_S + close_s) * SECOND_NS) < 60 * SECOND_NS)


@pytest.mark.parametrize("side", [1, -1])
def test_closing_by_one_account_names_it_and_measures_its_part(side: int) -> None:
    found = found_at(pieces(ClosingSweep(), seen_of(tape(*mark(side=side))), []))
    row = found.take(found.figures[:, 0] == 120.0)
    assert row.members[0].tolist() == [7, *[-1] * 7]
    assert row.side[0] == side
    assert figure(found, "share") > 0.8
    assert figure(found, "own_share") > 0.8
    assert figure(found, "steps") >= 9
    assert figure(found, "lots_to_flow") == pytest.approx(5_000 / 2_000)
    assert (figure(found, "before"), figure(found, "after")) == (0.0, 0.0)


def test_closing_by_a_crew_names_all_of_them() -> None:
    found = found_at(pieces(ClosingSweep(), seen_of(tape(*mark((7, 8)))), []))
    row = found.take(found.figures[:, 0] == 120.0)
    assert set(row.members[0, :2].tolist()) == {7, 8}


def test_closing_of_a_ramp_goes_on_after_it() -> None:
    ramp = [Took(HOUR - 900 + 10.0 * k, 7, 1, 100 + 0.01 * k, 500) for k in range(110)]
    found = found_at(pieces(ClosingSweep(), seen_of(tape(*ramp)), []))
    assert figure(found, "before") > 0.5
    assert figure(found, "after") > 0.3


def test_closing_at_another_hour_is_no_reference_price() -> None:
    seen = seen_of(tape(*mark(close_s=1_800.0)))
    assert not len(found_at(pieces(ClosingSweep(), seen, []), 1_800.0))
    assert len(found_at(pieces(ClosingSweep(Schedule((1_800,))), seen, []), 1_800.0))


def test_closing_counts_single_moments_such_as_the_closes_of_a_calendar() -> None:
    close = (BEGIN_S + 1_230) * SECOND_NS
    seen = seen_of(tape(*mark(close_s=1_230.0)))
    assert len(found_at(pieces(ClosingSweep(Schedule((), (close,))), seen, []), 1_230.0))


def test_closing_at_the_end_of_the_tape_counts() -> None:
    seen = seen_of(tape(*mark(close_s=2_000.0), until_s=1_990.0))
    found = pieces(ClosingSweep(), seen, [])
    assert len(found_at(found, 2_000.0 + 30.0))
    assert figure(found, "after") == 0.0


def test_closings_without_accounts_find_nothing() -> None:
    nameless = [t._replace(taker=-1, maker=-1) for t in tape(*mark())]
    assert len(pieces(ClosingSweep(), seen_of(nameless), [])) == 0


@pytest.mark.parametrize("cuts", [[1], [100, 101, 1_180], list(range(10, 1_250, 7))])
def test_closings_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(tape(*mark()))
    assert same(pieces(ClosingSweep(), seen, cuts), pieces(ClosingSweep(), seen, []))


def test_closings_are_restored_from_a_snapshot() -> None:
    seen, first, second = seen_of(tape(*mark())), ClosingSweep(), ClosingSweep()
    early = first.fold(type(seen)._make(column[:1_150] for column in seen))
    second.restore(first.snapshot())
    assert same(early.then(second.fold(type(seen)._make(c[1_150:] for c in seen))), ClosingSweep().fold(seen))
