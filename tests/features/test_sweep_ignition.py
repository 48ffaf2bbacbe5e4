from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.ignition import IgnitionSweep
from tests.features.taken import Took, noise, pieces, same, seen_of

NAMES = IgnitionSweep.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def of(found: Found, account: int) -> Found:
    return found.take(found.members[:, 0] == account)


def ignite(
    account: int = 7, *, at_s: float = 700.0, out_s: float = 5.0, out: float = 100.08, side: int = 1
) -> list[Took]:
    """Return five takes that carry the price a tenth, followers, and the way out."""
    burst = [Took(at_s + 0.2 * k, account, side, 100 + side * 0.02 * (k + 1), 400) for k in range(5)]
    followers = [Took(at_s + 1.5 + 0.3 * k, 30 + k, side, 100 + side * 0.1, 60) for k in range(4)]
    price = 100 + side * (out - 100)
    exits = [Took(at_s + 0.8 + out_s + 0.1 * k, account, -side, price, 300) for k in range(4)]
    return [*burst, *followers, *exits]


@pytest.mark.parametrize("side", [1, -1])
def test_ignition_is_measured_from_burst_to_way_out(side: int) -> None:
    found = of(IgnitionSweep().fold(seen_of(sorted([*noise(1, 200), *ignite(side=side)]))), 7)
    assert len(found)
    assert found.side[-1] == side
    assert figure(found, "takes") == 5
    assert figure(found, "burst_s") == pytest.approx(0.8, abs=1e-6)
    assert figure(found, "exit_share") == pytest.approx(0.6)
    assert figure(found, "own_share") > 0.7
    assert figure(found, "usual_orders") == pytest.approx(20.0)
    assert figure(found, "sigmas") > 8


def test_ignition_that_is_kept_is_none() -> None:
    kept = ignite()[:9]
    assert len(of(IgnitionSweep().fold(seen_of(sorted([*noise(1, 200), *kept]))), 7)) == 0


def test_ignition_sold_when_the_move_is_gone_has_no_way_out() -> None:
    assert len(of(IgnitionSweep().fold(seen_of(sorted([*noise(1, 200), *ignite(out=100.0)]))), 7)) == 0


def test_ignition_sold_minutes_later_is_none() -> None:
    assert len(of(IgnitionSweep().fold(seen_of(sorted([*noise(1, 200), *ignite(out_s=240.0)]))), 7)) == 0


def test_ignition_by_one_who_bursts_all_day_is_a_small_part_of_what_it_trades() -> None:
    busy = [Took(3.0 * k, 7, (-1) ** (k // 2), 100 + 0.01 * (-1) ** (k // 2), 400) for k in range(230)]
    found = of(IgnitionSweep().fold(seen_of(sorted([*noise(1, 200), *busy, *ignite()]))), 7)
    assert figure(found, "habit_share") < 0.1


def test_ignition_without_accounts_finds_nothing() -> None:
    nameless = [t._replace(taker=-1, maker=-1) for t in [*noise(1, 50), *ignite()]]
    assert len(IgnitionSweep().fold(seen_of(sorted(nameless)))) == 0


@pytest.mark.parametrize("cuts", [[1], [100, 101, 180], list(range(10, 200, 7))])
def test_ignitions_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(sorted([*noise(3, 300), *ignite()]))
    assert same(pieces(IgnitionSweep(), seen, cuts), pieces(IgnitionSweep(), seen, []))


def test_ignitions_are_restored_from_a_snapshot() -> None:
    trades = sorted([*noise(4, 300), *ignite()])
    seen, first, second = seen_of(trades), IgnitionSweep(), IgnitionSweep()
    early = first.fold(type(seen)._make(column[:230] for column in seen))
    second.restore(first.snapshot())
    assert same(early.then(second.fold(type(seen)._make(c[230:] for c in seen))), IgnitionSweep().fold(seen))
