from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.lead import LeadSweep
from tests.features.taken import Took, noise, pieces, same, seen_of

NAMES = LeadSweep.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def of(found: Found, account: int) -> Found:
    return found.take(found.members[:, 0] == account)


def run_ahead(
    times: int = 4, *, leader: int = 7, client: int = 8, ahead_s: float = 0.5, small: int = 100
) -> list[Took]:
    trades = []
    for k in range(times):
        at_s, side = 100.0 + 300.0 * k, (-1) ** k
        trades += [
            Took(at_s, leader, side, 100 + side * 0.01, small),
            Took(at_s + ahead_s, client, side, 100 + side * 0.05, 1_000),
            Took(at_s + ahead_s + 5.0, leader, -side, 100 + side * 0.04, small),
        ]
    return trades


def test_leads_of_one_pair_are_counted_with_what_chance_would_bring() -> None:
    found = of(LeadSweep().fold(seen_of(sorted([*noise(1, 200), *run_ahead()]))), 7)
    assert (figure(found, "leads"), figure(found, "closed")) == (4.0, 4.0)
    assert figure(found, "client_takes") == 4.0
    assert figure(found, "expected") < 0.5
    assert figure(found, "ratio") == pytest.approx(0.1)
    assert figure(found, "ahead_s") == pytest.approx(0.5)
    assert figure(found, "usual_orders") == pytest.approx(10.0)
    assert figure(found, "is_same_owner") == 0.0


def test_lead_of_an_owner_before_itself_is_one_entity() -> None:
    found = of(LeadSweep().fold(seen_of(sorted([*noise(1, 200), *run_ahead(client=7)]))), 7)
    assert figure(found, "is_same_owner") == 1.0
    assert figure(found, "leads") == 4.0


@pytest.mark.parametrize("change", [{"ahead_s": 4.0}, {"small": 500}, {"times": 1}])
def test_lead_too_early_too_large_or_once_is_none(change: dict[str, int]) -> None:
    assert len(of(LeadSweep().fold(seen_of(sorted([*noise(1, 200), *run_ahead(**change)]))), 7)) == 0


def test_lead_that_is_kept_is_never_complete() -> None:
    kept = [t for t in run_ahead() if not (t.taker == 7 and t.price in (100.04, 99.96))]
    assert len(of(LeadSweep().fold(seen_of(sorted([*noise(1, 200), *kept]))), 7)) == 0


def test_lead_of_a_busy_account_is_what_chance_brings() -> None:
    busy = [Took(1.5 * k + 0.3, 7, (-1) ** (k // 2), 100.0, 60) for k in range(600)]
    client = [t for t in run_ahead(8) if t.taker == 8]
    found = of(LeadSweep().fold(seen_of(sorted([*busy, *client]))), 7)
    assert not len(found) or figure(found, "leads") < 4 * figure(found, "expected")


def test_leads_without_accounts_find_nothing() -> None:
    assert len(LeadSweep().fold(seen_of([t._replace(taker=-1, maker=-1) for t in run_ahead()]))) == 0


@pytest.mark.parametrize("cuts", [[1], [100, 101, 180], list(range(10, 200, 7))])
def test_leads_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = seen_of(sorted([*noise(3, 300), *run_ahead()]))
    assert same(pieces(LeadSweep(), seen, cuts), pieces(LeadSweep(), seen, []))


def test_leads_are_restored_from_a_snapshot() -> None:
    seen, first, second = seen_of(sorted([*noise(4, 300), *run_ahead()])), LeadSweep(), LeadSweep()
    early = first.fold(type(seen)._make(column[:150] for column in seen))
    second.restore(first.snapshot())
    assert same(early.then(second.fold(type(seen)._make(c[150:] for c in seen))), LeadSweep().fold(seen))
