"""Order lives and the touch, against a slow book that keeps every order in a dictionary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.lives import follow, new_lives
from features.saved_state import from_arrays, to_arrays
from features.seen import Seen

MS = 1_000_000
START = 1_714_521_600_000 * MS
NAN = float("nan")
# Time in ms, kind, account, order, side, quantity, what is left, price.
Message = tuple[int, int, int, int, int, int, int, float]


def events_of(messages: list[Message]) -> Events:
    time, kind, account, order, side, lots, leaves, price = np.array(messages, np.float64).reshape(-1, 8).T
    whole, n = np.zeros(len(messages), np.int64), len(messages)
    return replace(
        no_events(), time=START + time.astype(np.int64) * MS, kind=kind.astype(np.int8), market=np.zeros(n, np.int32),
        side=side.astype(np.int8), price=price, lots=lots.astype(np.int64), leaves=leaves.astype(np.int64),
        account=account.astype(np.int32), counter=np.full(n, -1, np.int32), order=order.astype(np.int64),
        counter_order=whole, source=np.zeros(n, np.int32), sequence=whole, row=np.arange(n),
        ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def seen_of(messages: list[Message]) -> Seen:
    events = events_of(messages)
    return follow(new_lives(), events, events.account, events.counter)[1]


def some_messages(seed: int, count: int) -> list[Message]:
    rng, out, open_orders, time, fresh = np.random.default_rng(seed), list[Message](), dict[int, list[float]](), 0, 0
    for _ in range(count):
        time += int(rng.integers(0, 3))
        if not open_orders or rng.random() < 0.5:
            fresh += 1
            side = int(rng.choice([-1, 1]))
            price, lots = 100.0 - side * float(rng.integers(1, 9)), int(rng.integers(1, 50))
            open_orders[fresh] = [side, price, lots]
            out.append((time, NEW, int(rng.integers(0, 4)), fresh, side, lots, lots, price))
            continue
        key = int(rng.choice(list(open_orders)))
        side, price, lots = (int(open_orders[key][0]), open_orders[key][1], int(open_orders[key][2]))
        kind = int(rng.choice([CANCEL, FILL, REPLACE, EXPIRE]))
        if kind == FILL:
            part = int(rng.integers(1, lots + 1))
            open_orders[key][2] = lots - part
            out.append((time, FILL, -1, key, int(side), part, int(lots - part), NAN))
        elif kind == REPLACE:
            price, lots = 100.0 - side * float(rng.integers(1, 9)), int(rng.integers(1, 50))
            open_orders[key] = [side, price, lots]
            out.append((time, REPLACE, -1, key, int(side), lots, lots, price))
        else:
            open_orders[key][2] = 0
            out.append((time, kind, -1, key, int(side), int(lots), 0, NAN))
        if open_orders[key][2] == 0:
            del open_orders[key]
    return out


def slow_touch(messages: list[Message]) -> list[tuple[float, float, int, int]]:
    """Return bid, ask and depth of five levels before each message's moment."""
    book, before, out, moment = dict[int, tuple[int, float, int]](), (NAN, NAN, 0, 0), [], -1
    for time, kind, _, key, side, lots, leaves, price in messages:
        if time != moment:
            moment, levels = time, {1: dict[float, int](), -1: dict[float, int]()}
            for one, at, left in book.values():
                levels[one][at] = levels[one].get(at, 0) + left
            bids, asks = sorted(levels[1], reverse=True), sorted(levels[-1])
            depths = sum(levels[1][p] for p in bids[:5]), sum(levels[-1][p] for p in asks[:5])
            before = (bids[0] if bids else NAN, asks[0] if asks else NAN, *depths)
        out.append(before)
        if kind in (NEW, REPLACE):
            book[key] = (side, price, lots)
        elif leaves > 0:
            book[key] = (*book[key][:2], leaves)
        else:
            del book[key]
    return out


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 120))
def test_touch_is_that_of_a_book_kept_order_by_order(seed: int, count: int) -> None:
    messages = some_messages(seed, count)
    seen = seen_of(messages)
    found = np.array([seen.bid, seen.ask, seen.bid_depth, seen.ask_depth]).T
    np.testing.assert_array_equal(found, np.array(slow_touch(messages)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 99))
def test_lives_cut_and_saved_anywhere_go_on_bit_for_bit(seed: int, cut: int) -> None:
    events = events_of(some_messages(seed, 100))
    whole = follow(new_lives(), events, events.account, events.counter)[1]
    parts, lives = [], new_lives()
    for part in (slice(0, cut), slice(cut, 100)):
        some = events.take(part)
        lives, seen = follow(lives, some, some.account, some.counter)
        lives = from_arrays(new_lives(), to_arrays(lives))
        parts.append(seen)
    for name in Seen._fields:
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert joined.tobytes() == getattr(whole, name).tobytes(), name


def test_life_of_an_order_is_told_with_each_of_its_messages() -> None:
    seen = seen_of([
        (0, NEW, 7, 1, 1, 100, 100, 50.0),
        (5, FILL, -1, 1, 1, 30, 70, NAN),
        (9, REPLACE, -1, 1, 1, 60, 60, 51.0),
        (12, CANCEL, -1, 1, 1, 60, 0, NAN),
    ])  # fmt: skip
    assert seen.entity.tolist() == [7, 7, 7, 7]
    assert seen.left.tolist() == [0, 100, 70, 60]
    assert seen.after.tolist() == [100, 70, 60, 0]
    assert seen.filled.tolist() == [0, 0, 30, 30]
    assert seen.size.tolist() == [100, 100, 100, 90]
    assert seen.changes.tolist() == [0, 0, 0, 1]
    assert seen.price.tolist() == [50.0, 50.0, 51.0, 51.0]
    assert seen.was.tolist() == [50.0, 50.0, 50.0, 51.0]
    assert set(seen.placed.tolist()) == {START}


def test_order_open_before_the_tape_is_unknown() -> None:
    seen = seen_of([(0, CANCEL, 7, 1, 1, 100, 0, 50.0)])
    assert (seen.left[0], seen.size[0], seen.placed[0]) == (0, 0, 0)
    assert np.isnan(seen.was[0])


@pytest.mark.parametrize(("price", "taker"), [(51.0, 1), (49.0, -1), (50.0, 0)])
def test_taker_that_is_not_told_is_told_by_the_touch(price: float, taker: int) -> None:
    book = [(0, NEW, 1, 1, 1, 10, 10, 49.0), (0, NEW, 2, 2, -1, 10, 10, 51.0)]
    assert seen_of([*book, (5, TRADE, -1, 0, 0, 5, -1, price)]).side[-1] == taker


def test_trades_fill_orders_where_no_fill_messages_come() -> None:
    seen = seen_of([
        (0, NEW, 7, 1, 1, 100, 100, 50.0),
        (5, TRADE, -1, 1, -1, 30, -1, 50.0),
        (9, CANCEL, 7, 1, 1, -1, 0, NAN),
    ])  # fmt: skip
    assert seen.entity.tolist() == [7, 7, 7]
    assert (seen.left[2], seen.filled[2]) == (70, 30)


def test_book_that_crosses_is_unknown_until_a_trade_says_which_side_was_wrong() -> None:
    seen = seen_of([
        (0, NEW, 1, 1, 1, 10, 10, 52.0),
        (1, NEW, 2, 2, -1, 10, 10, 51.0),
        (2, NEW, 3, 3, 1, 10, 10, 49.0),
        (3, TRADE, -1, 0, -1, 5, -1, 50.5),
        (4, NEW, 4, 4, 1, 10, 10, 48.0),
    ])  # fmt: skip
    assert np.isnan(seen.bid[3])
    assert (seen.bid[4], seen.ask[4]) == (49.0, 51.0)
