from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.ping_orders import PingOrders
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = PingOrders.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def run(sent: Sent, account: int, begin_s: float, pings: int, price: float = 100.0, lots: int = 3) -> Sent:
    """Send pings that meet nothing, then a large order."""
    for k in range(pings):
        sent.expire(begin_s + 0.3 * k, sent.new(begin_s + 0.3 * k, account, 1, price, lots))
    sent.fill(begin_s + 0.3 * pings + 1.0, sent.new(begin_s + 0.3 * pings + 1.0, account, 1, 100.01, 300))
    return sent


def test_run_inside_the_spread_meets_nothing_and_is_followed_by_size() -> None:
    found = PingOrders().fold(run(honest(1, 100), 7, 100.0, 20).seen())
    assert found.members[-1, 0] == 7
    assert [figure(found, name) for name in ("pings", "missed_share", "one_way_share", "pings_share")] == [20, 1, 1, 1]
    assert figure(found, "ping_size") == pytest.approx(0.03)
    assert figure(found, "size_spread") == pytest.approx(0.0, abs=1e-6)
    assert figure(found, "gap_s") == pytest.approx(0.3, rel=0.01)
    assert figure(found, "ahead_multiple") == pytest.approx(100.0)


def test_run_that_goes_on_is_said_at_every_doubling() -> None:
    found = PingOrders().fold(run(Sent(), 7, 100.0, 40).seen())
    assert found.figures[:, NAMES.index("pings")].tolist() == [8, 16, 32, 40]


def test_orders_that_trade_what_is_shown_miss_nothing() -> None:
    sent = Sent()
    for k in range(12):
        sent.fill(10.0 + k, sent.new(10.0 + k, 7, 1, 100.01, 5))
    assert figure(PingOrders().fold(sent.seen()), "missed_share") == 0.0


def test_orders_that_stay_or_are_of_ordinary_size_are_no_pings() -> None:
    sent = Sent()
    for k in range(12):
        sent.cancel(11.0 + k, sent.new(10.0 + k, 7, 1, 100.0, 3))
        sent.expire(10.5 + k, sent.new(10.5 + k, 8, 1, 100.0, 100))
    assert len(PingOrders().fold(sent.seen())) == 0


def test_pings_far_apart_make_no_run() -> None:
    sent = Sent()
    for k in range(12):
        sent.expire(30.0 * k, sent.new(30.0 * k, 7, 1, 100.0, 3))
    assert len(PingOrders().fold(sent.seen())) == 0


def test_pings_without_accounts_find_nothing() -> None:
    assert len(PingOrders().fold(run(Sent(), -1, 0.0, 20).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 90], list(range(5, 200, 7))])
def test_pings_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = run(honest(3, 100), 7, 300.0, 20).seen()
    assert same(pieces(PingOrders(), seen, cuts), pieces(PingOrders(), seen, []))


def test_pings_are_restored_from_a_snapshot() -> None:
    seen = run(honest(3, 100), 7, 300.0, 20).seen()
    first, second = PingOrders(), PingOrders()
    early = first.fold(type(seen)._make(column[:90] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[90:] for column in seen))
    assert same(early.then(late), PingOrders().fold(seen))
