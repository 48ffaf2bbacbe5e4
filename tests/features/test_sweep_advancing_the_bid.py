from __future__ import annotations

import pytest

from features.sweeps.advancing_the_bid import AdvancingTheBid
from features.sweeps.base import Found
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = AdvancingTheBid.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def climb(sent: Sent, accounts: tuple[int, ...], steps: int = 12, side: int = 1) -> Sent:
    """Better the own touch by two ticks every three seconds; earlier orders are taken back while later ones stand."""
    standing: list[int] = []
    for k in range(steps):
        at, middle = 100.0 + 3.0 * k, 100.0 + side * 0.02 * k
        sent.bid, sent.ask = middle - 0.05, middle + 0.05
        standing.append(sent.new(at, accounts[k % len(accounts)], side, middle - side * 0.03, 300))
        if len(standing) > len(accounts):
            sent.cancel(at + 0.5, standing.pop(0))
    return sent


@pytest.mark.parametrize("side", [1, -1])
def test_climb_of_one_account_leads_on_one_side_and_takes_back(side: int) -> None:
    found = AdvancingTheBid().fold(climb(Sent(), (7,), side=side).seen())
    assert (found.members[-1, 0], found.side[-1]) == (7, side)
    assert (figure(found, "orders"), figure(found, "ups")) == (12, 12 - 1)
    shares = ("overlap_share", "taken_back_share", "one_sided_share", "leading_share")
    assert [figure(found, name) for name in shares] == [1, 1, 1, 1]
    assert figure(found, "size") == pytest.approx(3.0)
    assert figure(found, "advance_sigma") == pytest.approx(2.2, rel=0.02)
    assert figure(found, "touch_sigma") == pytest.approx(2.2, rel=0.02)


def test_friends_who_climb_in_turns_are_named_together() -> None:
    found = AdvancingTheBid().fold(climb(Sent(), (7, 8), 16).seen())
    assert set(found.members[-1, :2].tolist()) == {7, 8}
    assert figure(found, "orders") == 16
    assert figure(found, "accounts") == 2


def test_algorithm_that_cancels_before_it_joins_again_is_not_mentioned() -> None:
    sent = Sent()
    for k in range(12):
        sent.bid, sent.ask = 99.99 + 0.01 * k, 100.03 + 0.01 * k
        number = sent.new(10.0 * k, 7, 1, sent.bid)
        sent.cancel(10.0 * k + 8.0, number)
    assert len(AdvancingTheBid().fold(sent.seen())) == 0


def test_maker_who_follows_on_both_sides_is_not_mentioned() -> None:
    sent = Sent()
    for k in range(30):
        sent.bid, sent.ask = 99.97 + 0.01 * k, 100.03 + 0.01 * k
        pair = [
            sent.new(2.0 * k + 0.001 * n, 7, side, 100.0 + 0.01 * k - 0.02 * side) for n, side in enumerate((1, -1))
        ]
        for number in pair:
            sent.cancel(2.0 * k + 2.1, number)
    assert len(AdvancingTheBid().fold(sent.seen())) == 0


def test_climbs_without_accounts_find_nothing() -> None:
    assert len(AdvancingTheBid().fold(climb(Sent(), (-1,)).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 90], list(range(5, 200, 7))])
def test_climbs_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = climb(honest(3, 100), (7, 8)).seen()
    assert same(pieces(AdvancingTheBid(), seen, cuts), pieces(AdvancingTheBid(), seen, []))


def test_climbs_are_restored_from_a_snapshot() -> None:
    seen = climb(honest(3, 100), (7, 8)).seen()
    first, second = AdvancingTheBid(), AdvancingTheBid()
    early = first.fold(type(seen)._make(column[:40] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[40:] for column in seen))
    assert same(early.then(late), AdvancingTheBid().fold(seen))
