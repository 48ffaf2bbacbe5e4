"""The exchange keeps its rules: priority, terms of orders, replaces, calls, halts and holdings."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.simulator.floor import floor, messages, trades
from training.simulator.exchange.records import CALL, CONTINUOUS, HALTED
from training.simulator.people.stage import BUY, FOK, GTC, IOC, POST, SELL

A, B, C, D = 10, 11, 12, 13


def test_place_better_price_then_earlier_order_trades_first() -> None:
    stage = floor()
    for account, price in ((A, 101), (B, 100), (C, 100)):
        stage.send(account, SELL, 5, price)
    stage.send(D, BUY, 12, 101)
    assert trades(stage) == [(100, 5, 4, 2), (100, 5, 4, 3), (101, 2, 4, 1)]


def test_place_immediate_or_cancel_lets_the_rest_expire() -> None:
    stage = floor()
    stage.send(A, SELL, 5, 100)
    order = stage.send(B, BUY, 8, 100, terms=IOC)
    assert (order.filled, order.is_open) == (5, False)
    assert messages(stage).iloc[-1][["kind", "lots", "leaves"]].tolist() == ["expire", 3, 0]


@pytest.mark.parametrize(("lots", "filled"), [(8, 8), (9, 0)])
def test_place_fill_or_kill_fills_wholly_or_not_at_all(lots: int, filled: int) -> None:
    stage = floor()
    stage.send(A, SELL, 5, 100)
    stage.send(B, SELL, 3, 101, display=1)
    stage.send(C, SELL, 9, 102)
    order = stage.send(D, BUY, lots, 101, terms=FOK)
    assert (order.filled, order.is_open) == (filled, False)


def test_place_post_only_that_would_trade_is_rejected() -> None:
    stage = floor()
    stage.send(A, SELL, 5, 100)
    refused, rests = stage.send(B, BUY, 5, 100, terms=POST), stage.send(B, BUY, 5, 99, terms=POST)
    assert (refused.is_open, rests.is_open) == (False, True)
    assert messages(stage)["kind"].tolist() == ["new", "reject", "new"]


def test_place_iceberg_shows_a_slice_and_queues_the_next_one_last() -> None:
    stage = floor()
    iceberg = stage.send(A, SELL, 10, 100, display=4)
    stage.send(B, SELL, 4, 100)
    assert stage.touch().ask_lots == 8
    stage.send(C, BUY, 6, 100)
    assert trades(stage) == [(100, 4, 3, 1), (100, 2, 3, 2)]
    assert (stage.touch().ask_lots, iceberg.filled, stage.ahead(iceberg)) == (6, 4, 2)


@pytest.mark.parametrize(("price", "lots", "first"), [(100, 3, 1), (100, 5, 1), (100, 6, 2), (99, 5, 1), (101, 5, 2)])
def test_replace_keeps_its_place_only_when_it_asks_for_no_more(price: int, lots: int, first: int) -> None:
    stage = floor()
    order = stage.send(A, SELL, 5, 100)
    stage.send(B, SELL, 5, 100)
    assert stage.replace(order, price, lots)
    stage.send(C, BUY, 1, 101)
    assert trades(stage)[0][3] == first


def test_replace_that_crosses_trades_and_rests_what_is_left() -> None:
    stage = floor()
    order = stage.send(A, BUY, 5, 98)
    stage.send(B, SELL, 3, 100)
    stage.replace(order, 100, 5)
    assert trades(stage) == [(100, 3, 1, 2)]
    assert (stage.touch().bid, stage.touch().bid_lots) == (100, 2)


def test_place_against_own_order_cancels_the_resting_one_unless_allowed() -> None:
    stage = floor()
    own = stage.send(A, SELL, 5, 100)
    stage.send(A, BUY, 5, 100)
    assert (own.is_open, trades(stage)) == (False, [])
    stage.send(A, SELL, 5, 100, meets_itself=True)
    assert len(trades(stage)) == 1


def test_place_while_halted_does_nothing_and_the_book_survives() -> None:
    stage = floor()
    rests = stage.send(A, BUY, 5, 99)
    stage.set_phase(HALTED)
    assert not stage.send(B, SELL, 5, 99).is_open
    assert not stage.cancel(stage.send(B, BUY, 5, 98))
    stage.set_phase(CONTINUOUS)
    assert rests.is_open
    assert messages(stage)["kind"].tolist() == ["new"]


def test_books_tell_what_is_shown_at_every_price() -> None:
    stage = floor(books=True)
    order = stage.send(A, SELL, 10, 100, display=4)
    stage.send(B, SELL, 4, 100)
    stage.send(C, BUY, 6, 100)
    stage.cancel(order)
    levels = messages(stage)
    shown = levels[levels["kind"] == "level"]["lots"].tolist()
    assert shown[:2] == [4, 8]
    assert shown[-1] == stage.touch().ask_lots == 2


def test_fees_follow_who_took() -> None:
    stage = floor(maker_bps=-1.0, taker_bps=5.0)
    stage.send(A, SELL, 5, 100)
    stage.send(B, BUY, 5, 100)
    fees = stage.room.world.exchange.fees[:, 0]
    assert fees[A] == pytest.approx(-0.05)
    assert fees[B] == pytest.approx(0.25)


def _best_by_trying(orders: list[tuple[int, int, int]], last: int) -> tuple[int, int]:
    """Return the auction's price and volume by trying every price; (0, 0) where nothing can trade."""
    tried = []
    for price in range(80, 121):
        demand = sum(lots for side, limit, lots in orders if side > 0 and limit >= price)
        supply = sum(lots for side, limit, lots in orders if side < 0 and limit <= price)
        tried.append((-min(demand, supply), abs(demand - supply), abs(price - last), price))
    volume, _, _, price = min(tried)
    return (price, -volume) if volume else (0, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(90, 110), st.integers(1, 9)), max_size=25))
def test_call_auction_trades_most_at_one_price_and_uncrosses(orders: list[tuple[int, int, int]]) -> None:
    stage = floor()
    stage.room.world.exchange.books[0]["last"] = 100
    stage.set_phase(CALL)
    for number, (side, price, lots) in enumerate(orders):
        stage.send(20 + number, side, lots, price)
    assert trades(stage) == []
    stage.set_phase(CONTINUOUS)
    price, volume = _best_by_trying(orders, 100)
    done = trades(stage)
    assert sum(trade[1] for trade in done) == volume
    assert {trade[0] for trade in done} <= {price}
    book = stage.room.world.exchange.books[0]
    assert not (book["resting"] > 0).all() or book["best"][0] < book["best"][1]
    assert (messages(stage).query("kind == 'trade'")["side"] == 0).all()


@dataclass
class Oracle:
    """The same exchange, slowly: one list of orders, sorted before every match."""

    rests: list[list[int]] = field(default_factory=list)  # side, price, arrival, number, leaves, account
    trades: list[tuple[int, int, int, int]] = field(default_factory=list)
    arrival: int = 0

    def match(self, order: list[int]) -> None:
        side, price, _, number, _, account = order
        while order[4]:
            against = [o for o in self.rests if o[0] == -side and (o[1] - price) * side <= 0]
            if not against:
                return
            best = min(against, key=lambda o: (o[1] * side, o[2]))
            if best[5] == account:
                self.rests.remove(best)
                continue
            lots = min(order[4], best[4])
            order[4] -= lots
            best[4] -= lots
            pair = (number, best[3]) if side > 0 else (best[3], number)
            self.trades.append((best[1], lots, *pair))
            if not best[4]:
                self.rests.remove(best)

    def send(self, number: int, account: int, side: int, price: int, lots: int, terms: int) -> None:
        self.arrival += 1
        crosses = any(o[0] == -side and (o[1] - price) * side <= 0 for o in self.rests)
        if terms == POST and crosses:
            return
        order = [side, price, self.arrival, number, lots, account]
        there = sum(o[4] for o in self.rests if o[0] == -side and (o[1] - price) * side <= 0 and o[5] != account)
        if terms != FOK or there >= lots:
            self.match(order)
        if order[4] and terms in (GTC, POST):
            self.rests.append(order)

    def replace(self, number: int, price: int, lots: int) -> None:
        self.arrival += 1
        for order in [o for o in self.rests if o[3] == number]:
            if order[1] == price and lots <= order[4]:
                order[4] = lots
                continue
            self.rests.remove(order)
            order[1], order[2], order[4] = price, self.arrival, lots
            self.match(order)
            if order[4]:
                self.rests.append(order)

    def cancel(self, number: int) -> None:
        self.rests = [o for o in self.rests if o[3] != number]


_STEPS = st.tuples(
    st.sampled_from(["send", "send", "send", "replace", "cancel"]),
    st.integers(0, 3), st.sampled_from([BUY, SELL]), st.integers(95, 105), st.integers(1, 9),
    st.sampled_from([GTC, GTC, GTC, IOC, FOK, POST]), st.integers(0, 40),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=40))
def test_any_sequence_trades_as_the_slow_exchange_does(steps: list[tuple[str, int, int, int, int, int, int]]) -> None:
    stage, oracle, sent = floor(), Oracle(), []
    for step, account, side, price, lots, terms, pick in steps:
        if step == "send":
            sent.append(stage.send(20 + account, side, lots, price, terms=terms))
            oracle.send(len(sent), 20 + account, side, price, lots, terms)
        elif sent and step == "cancel":
            stage.cancel(sent[pick % len(sent)])
            oracle.cancel(pick % len(sent) + 1)
        elif sent and not _is_post(stage, sent[pick % len(sent)].hook):
            stage.replace(sent[pick % len(sent)], price, lots)
            oracle.replace(pick % len(sent) + 1, price, lots)
    assert trades(stage) == oracle.trades
    exchange = stage.room.world.exchange
    assert exchange.position.sum() == exchange.cash.sum() == 0
    for side in (0, 1):
        shown = {p: int(lots) for p, lots in enumerate(exchange.books[0]["depth"][side]) if lots}
        rests: dict[int, int] = {}
        for order in oracle.rests:
            if order[0] == (1, -1)[side]:
                rests[order[1]] = rests.get(order[1], 0) + order[4]
        assert shown == rests


def _is_post(stage: object, hook: int) -> bool:
    world = stage.room.world  # type: ignore[attr-defined]
    return bool(world.exchange.pool.terms[world.desk.slot[hook]] == POST)
