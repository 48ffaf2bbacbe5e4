from __future__ import annotations

import pytest

from features.sweeps.base import Found
from features.sweeps.quote_stuffing import QuoteStuffing
from tests.features.sent import Sent, honest
from tests.features.taken import pieces, same

NAMES = QuoteStuffing.figures


def figure(found: Found, name: str) -> float:
    return float(found.figures[-1, NAMES.index(name)])


def burst(sent: Sent, account: int, begin_s: float, orders: int, gap_s: float) -> Sent:
    for k in range(orders):
        number = sent.new(begin_s + k * gap_s, account, 1, 99.95)
        sent.cancel(begin_s + (k + 0.5) * gap_s, number)
    return sent


def test_burst_of_one_account_is_counted_against_the_markets_habit() -> None:
    found = QuoteStuffing().fold(burst(honest(1, 300), 7, 700.0, 200, 0.02).seen())
    assert set(found.members[:, 0].tolist()) == {7}
    assert figure(found, "messages") >= 360
    assert figure(found, "burst_messages") >= 360
    assert figure(found, "burst_share") > 0.9
    assert figure(found, "own_usual") == 0.0
    assert 20 < figure(found, "market_usual") < 60
    assert figure(found, "cancelled_share") == pytest.approx(1.0, abs=0.02)
    assert figure(found, "filled_share") == 0.0


def test_messages_of_a_steady_maker_become_its_habit() -> None:
    steady = burst(Sent(), 7, 0.0, 2_400, 0.25)
    assert len(QuoteStuffing().fold(steady.seen())) == 0
    found = QuoteStuffing().fold(burst(steady, 7, 600.0, 400, 0.02).seen())
    assert figure(found, "own_usual") == pytest.approx(480, rel=0.2)
    assert figure(found, "messages") > 1_000


def test_ordinary_accounts_are_not_mentioned() -> None:
    assert len(QuoteStuffing().fold(honest(2, 600).seen())) == 0


def test_bursts_without_accounts_find_nothing() -> None:
    assert len(QuoteStuffing().fold(burst(Sent(), -1, 0.0, 200, 0.02).seen())) == 0


@pytest.mark.parametrize("cuts", [[1], [300, 301, 650], list(range(5, 900, 13))])
def test_bursts_do_not_depend_on_how_events_are_cut(cuts: list[int]) -> None:
    seen = burst(honest(3, 300), 7, 500.0, 200, 0.02).seen()
    assert same(pieces(QuoteStuffing(), seen, cuts), pieces(QuoteStuffing(), seen, []))


def test_bursts_are_restored_from_a_snapshot() -> None:
    seen = burst(honest(3, 300), 7, 500.0, 200, 0.02).seen()
    first, second = QuoteStuffing(), QuoteStuffing()
    early = first.fold(type(seen)._make(column[:500] for column in seen))
    second.restore(first.snapshot())
    late = second.fold(type(seen)._make(column[500:] for column in seen))
    assert same(early.then(late), QuoteStuffing().fold(seen))
