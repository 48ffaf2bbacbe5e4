from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.floor_ceiling import FloorCeiling
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = FloorCeiling.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def hold(sent: Sent, accounts: tuple[int, ...], times: int = 5, lots: int = 800) -> Sent:
    """Stand at the bid, be hit for half, put that back."""
    sent.bid, sent.ask = 99.99, 100.01
    for k in range(times):
        number = sent.new(100.0 + 30.0 * k, accounts[k % len(accounts)], 1, 99.99, lots)
        sent.fill(110.0 + 30.0 * k, number, lots // 4)
        sent.fill(120.0 + 30.0 * k, number, lots // 4)
    return sent


def test_held_price_is_hit_and_put_back() -> None:
    found = FloorCeiling().fold(hold(Sent(), (7,)).seen())
    assert (found.members[-1, 0], figure(found, "refills"), figure(found, "hits")) == (7, 4, 10)
    assert figure(found, "absorbed_size") == pytest.approx(20.0)
    assert figure(found, "most_size") == pytest.approx(24.0)
    assert figure(found, "standing_size") == pytest.approx(20.0)
    assert figure(found, "at_price_share") == 1.0
    assert figure(found, "taken_back_share") == 0.0
    assert figure(found, "span_s") == pytest.approx(140.0)


def renewed(after_s: float) -> Found:
    """Stand at the bid, be hit for a quarter, cancel the rest, and send the order anew some seconds later."""
    sent = Sent(99.99, 100.01)
    for k in range(5):
        begin_s = 100.0 + (29.0 + after_s) * k
        number = sent.new(begin_s, 7, 1, 99.99, 800)
        sent.fill(begin_s + 10.0, number, 200)
        sent.cancel(begin_s + 29.0, number)
    return FloorCeiling().fold(sent.seen())


def test_order_that_is_cancelled_and_sent_anew_at_its_price_is_not_taken_back() -> None:
    found = renewed(1.0)
    assert (figure(found, "refills"), figure(found, "taken_back_share")) == (4, 0.0)
    assert figure(found, "most_size") == pytest.approx(8.0)


def test_order_that_is_cancelled_and_comes_back_half_a_minute_later_was_taken_back() -> None:
    assert figure(renewed(31.0), "taken_back_share") == 1.0


def test_friends_who_hold_one_price_are_named_together() -> None:
    found = FloorCeiling().fold(hold(Sent(), (7, 8), 8).seen())
    assert set(found.members[-1, :2].tolist()) == {7, 8}
    assert (figure(found, "refills"), figure(found, "accounts")) == (6, 2)


def test_large_order_that_is_not_put_back_is_not_mentioned() -> None:
    assert len(FloorCeiling().fold(hold(Sent(), (7,), 1, 5_000).seen())) == 0


def test_iceberg_of_small_display_is_not_mentioned() -> None:
    assert len(FloorCeiling().fold(hold(Sent(), (7,), 6, 30).seen())) == 0


def test_maker_who_quotes_at_several_prices_is_seldom_at_one() -> None:
    sent = Sent()
    for k in range(20):
        for n, price in enumerate((99.98, 99.97, 99.96, 99.95, 99.94)):
            number = sent.new(5.0 * k, 7, 1, price, 300)
            if n == 0:
                sent.fill(5.0 * k + 1.0, number)
            else:
                sent.cancel(5.0 * k + 2.0, number)
    assert figure(FloorCeiling().fold(sent.seen()), "at_price_share") < 0.3


def test_held_prices_without_accounts_find_nothing() -> None:
    assert len(FloorCeiling().fold(hold(Sent(), (-1,)).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [60, 61, 90], list(range(5, 200, 7))])
def test_held_prices_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = hold(honest(3, 100), (7, 8)).seen()
    assert same(pieces(FloorCeiling(), seen, cuts), pieces(FloorCeiling(), seen, []))


def test_held_prices_are_restored_from_a_snapshot() -> None:
    seen = hold(honest(3, 100), (7, 8)).seen()
    first, second = FloorCeiling(), FloorCeiling()
    early = first.fold(type(seen)._make(column[:60] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[60:] for column in seen))
    assert same(early.then(late), FloorCeiling().fold(seen))
