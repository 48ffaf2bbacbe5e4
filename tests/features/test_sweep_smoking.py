from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.smoking import Smoking
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = Smoking.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def rounds(sent: Sent, account: int, count: int = 4, *, anew: bool = False) -> Sent:
    """Better the bid of 99.95, go back to it after .2 s, be hit there."""
    sent.bid, sent.ask = 99.95, 100.05
    for k in range(count):
        at = 50.0 + 40.0 * k
        number = sent.new(at, account, 1, 100.0, 200)
        if anew:
            sent.cancel(at + 0.2, number)
            number = sent.new(at + 0.201, account, 1, 99.96, 200)
        else:
            sent.replace(at + 0.2, number, 99.96)
        sent.fill(at + 2.0, number, 80)
        sent.cancel(at + 30.0, number)
    return sent


@pytest.mark.parametrize("how", ["changed", "sent anew"])
def test_generous_orders_made_worse_are_rounds_whether_changed_or_sent_anew(how: str) -> None:
    found = Smoking().fold(rounds(honest(1, 100), 7, anew=how == "sent anew").seen())
    mine = found.take(found.members[:, 0] == 7)
    assert (figure(mine, "rounds"), figure(mine, "caught")) == (4, 4)
    assert figure(mine, "inside_share") == 1.0
    assert figure(mine, "age_s") == pytest.approx(0.2)
    assert figure(mine, "size") == pytest.approx(2.0)
    assert figure(mine, "retreat") == pytest.approx(0.8)


def test_orders_made_more_generous_are_no_rounds() -> None:
    sent = Sent(99.95, 100.05)
    for k in range(5):
        sent.replace(k + 0.2, sent.new(k, 7, 1, 99.97), 99.99)
    assert len(Smoking().fold(sent.seen())) == 0


def test_maker_that_seldom_changes_its_mind_is_not_mentioned() -> None:
    sent = rounds(Sent(), 7, 3)
    for k in range(100):
        sent.cancel(k + 0.5, sent.new(float(k), 7, -1, 100.1))
    assert len(Smoking().fold(sent.seen())) == 0


def test_orders_without_accounts_find_nothing() -> None:
    assert len(Smoking().fold(rounds(Sent(), -1).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 90], list(range(5, 200, 7))])
def test_rounds_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = rounds(honest(3, 100), 7).seen()
    assert same(pieces(Smoking(), seen, cuts), pieces(Smoking(), seen, []))


def test_rounds_are_restored_from_a_snapshot() -> None:
    seen = rounds(honest(3, 100), 7).seen()
    first, second = Smoking(), Smoking()
    early = first.fold(type(seen)._make(column[:30] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[30:] for column in seen))
    assert same(early.then(late), Smoking().fold(seen))
