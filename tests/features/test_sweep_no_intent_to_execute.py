from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.no_intent_to_execute import NoIntentToExecute
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = NoIntentToExecute.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def keep_away(sent: Sent, accounts: tuple[int, ...], count: int = 6, every_s: float = 30.0) -> Sent:
    """Stand twenty usual moves below the mid price; take every third back and send it anew."""
    for k in range(count):
        number = sent.new(100.0 + every_s * k, accounts[k % len(accounts)], 1, 98.0 + 0.02 * k, 500)
        if k % 3 == 2:
            sent.cancel(100.0 + every_s * k + 10.0, number)
    return sent


def test_large_orders_far_away_are_measured_together() -> None:
    found = NoIntentToExecute().fold(keep_away(Sent(), (7,)).seen())
    assert (figure(found, "orders"), figure(found, "standing"), figure(found, "taken_back")) == (6, 5, 1)
    assert figure(found, "standing_size") == pytest.approx(25.0)
    assert figure(found, "distance_sigma") == pytest.approx(20.0, rel=0.03)
    assert figure(found, "far_share") == 1.0
    assert figure(found, "span_s") == pytest.approx(150.0)


def test_orders_moved_away_are_counted() -> None:
    sent = keep_away(Sent(), (7,), 2)
    sent.replace(400.0, 1_000_000, 97.5)
    assert figure(NoIntentToExecute().fold(sent.seen()), "fled") == 1


def test_friends_who_keep_alike_orders_away_are_named_together() -> None:
    found = NoIntentToExecute().fold(keep_away(Sent(), (7, 8), 8).seen())
    assert set(found.members[-1, :2].tolist()) == {7, 8}
    assert (figure(found, "orders"), figure(found, "accounts")) == (8, 2)


def test_orders_near_the_touch_or_small_are_not_mentioned() -> None:
    sent = Sent()
    for k in range(6):
        sent.new(10.0 * k, 7, 1, 99.9, 500)
        sent.new(10.0 * k, 8, 1, 98.0, 50)
    assert len(NoIntentToExecute().fold(sent.seen())) == 0


def test_maker_who_stands_far_on_both_sides_does_not_only_stand_far_on_one() -> None:
    sent = Sent()
    for k in range(6):
        sent.new(10.0 * k, 7, 1, 98.0, 500)
        sent.new(10.0 * k + 1.0, 7, -1, 102.0, 500)
    assert figure(NoIntentToExecute().fold(sent.seen()), "far_share") < 0.6


def test_far_orders_without_accounts_find_nothing() -> None:
    assert len(NoIntentToExecute().fold(keep_away(Sent(), (-1,)).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 90], list(range(5, 200, 7))])
def test_far_orders_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = keep_away(honest(3, 100), (7, 8)).seen()
    assert same(pieces(NoIntentToExecute(), seen, cuts), pieces(NoIntentToExecute(), seen, []))


def test_far_orders_are_restored_from_a_snapshot() -> None:
    seen = keep_away(honest(3, 100), (7, 8)).seen()
    first, second = NoIntentToExecute(), NoIntentToExecute()
    early = first.fold(type(seen)._make(column[:60] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[60:] for column in seen))
    assert same(early.then(late), NoIntentToExecute().fold(seen))
