from __future__ import annotations

import numpy as np
import pytest

from features.sweeps.base import Found
from features.sweeps.ramp import RampSweep
from tests.features.taken import Took, noise, pieces, same, seen_of

NAMES = RampSweep.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def climb(account: int, count: int = 12, step: float = 0.03, side: int = 1) -> list[Took]:
    return [Took(30.0 * k, account, side, 100.0 + side * step * k) for k in range(count)]


def of(found: Found, account: int) -> Found:
    return found.take(found.members[:, 0] == account)


@pytest.mark.parametrize("side", [1, -1])
def test_ramp_of_one_account_makes_nearly_every_advance(side: int) -> None:
    found = of(RampSweep().fold(seen_of(sorted([*climb(7, side=side), Took(400.0, 8, -side, 100.0)]))), 7)
    assert figure(found, "own_share") > 0.9
    # The price was back where the first had found it, so the run began with the second.
    assert figure(found, "takes") == 11
    assert figure(found, "steps") >= 10
    assert figure(found, "one_sided") == 1.0
    assert found.side[-1] == side
    assert figure(found, "move") == pytest.approx(abs(np.log((100 + side * 0.31) / (100 + side * 0.01))), rel=1e-6)


def test_ramp_of_one_who_is_carried_by_others_has_a_small_share_of_the_advances() -> None:
    others = [Took(t.at_s - 15.0, 20 + k, 1, t.price - 0.005, 100) for k, t in enumerate(climb(7))]
    carried = [t._replace(price=t.price - 0.005) for t in climb(7)]
    found = of(RampSweep().fold(seen_of(sorted([*carried, *others]))), 7)
    assert not len(found) or figure(found, "own_share") < 0.4


def test_ramp_that_turns_begins_anew_on_the_other_side() -> None:
    down = [Took(500.0 + 30 * k, 7, -1, 100.0 - 0.03 * k, 400) for k in range(8)]
    found = of(RampSweep().fold(seen_of([*climb(7), *down, Took(900.0, 8, 1, 100.0)])), 7)
    assert found.side[-1] == -1
    assert figure(found, "takes") < 9


def test_ramp_after_a_pause_begins_anew() -> None:
    late = [t._replace(at_s=t.at_s + 3_600) for t in climb(7, 5)]
    found = of(RampSweep().fold(seen_of([*climb(7), *late, Took(9_000.0, 8, -1, 100.0)])), 7)
    assert figure(found, "takes") == 4


def test_ramp_without_accounts_finds_nothing() -> None:
    assert len(RampSweep().fold(seen_of([t._replace(taker=-1, maker=-1) for t in climb(7)]))) == 0


def test_ramp_without_a_touch_measures_by_trades_and_leaves_spreads_unknown() -> None:
    found = of(RampSweep().fold(seen_of([*climb(7), Took(400.0, 8, -1, 100.0)], touch=False)), 7)
    assert figure(found, "own_share") > 0.9
    assert np.isnan(figure(found, "half_spreads"))


@pytest.mark.parametrize("cuts", [[1], [50, 51, 300], list(range(10, 390, 7))])
def test_ramps_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(sorted([*noise(3, 380), *climb(7)]))
    assert same(pieces(RampSweep(), seen, cuts), pieces(RampSweep(), seen, []))


def test_ramps_are_restored_from_a_snapshot() -> None:
    seen = seen_of(sorted([*noise(4, 380), *climb(7)]))
    whole, first, second = RampSweep(), RampSweep(), RampSweep()
    early = pieces(first, seen_of(sorted([*noise(4, 380), *climb(7)])[:200]), [], until=1)
    second.restore(first.snapshot())
    rest = second.fold(type(seen)._make(column[200:] for column in seen))
    assert same(early.then(rest), whole.fold(seen))
