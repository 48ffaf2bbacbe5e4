"""The book rebuilt out of order messages, against a slow oracle that keeps a dictionary and seeks the touch anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE, Events
from training.facts.book import DELETED, EXPIRED, FILLED, N_BINS, OPEN, REJECTED, depth_profile, walk

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND


def orders_of(*messages: dict[str, Any]) -> Events:
    """Return order messages in the order given; `t` is seconds after START, quantities are whole lots."""
    usual = {"kind": NEW, "side": 1, "price": math.nan, "lots": -1, "leaves": -1, "order": 1, "t": 0.0}
    rows = [usual | message for message in messages]
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in usual if name != "t"}
    size, dtypes = len(rows), {"kind": np.int8, "side": np.int8, "price": np.float64}
    columns = {name: column.astype(dtypes.get(name, np.int64)) for name, column in columns.items()}
    return Events(
        **columns,
        time=np.array([START + round(row["t"] * SECOND) for row in rows], np.int64),
        market=np.zeros(size, np.int32), account=np.zeros(size, np.int32), counter=np.zeros(size, np.int32),
        counter_order=np.zeros(size, np.int64), source=np.zeros(size, np.int32), sequence=np.zeros(size, np.int64),
        row=np.arange(size), ids=pa.nulls(size, pa.string()),
    )  # fmt: skip


@dataclass
class SlowBook:
    """The book as a dictionary of orders; the touch is sought anew each time."""

    resting: dict[int, tuple[int, float, int]] = field(default_factory=dict)
    begun: dict[int, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)

    def touch(self) -> tuple[float, float]:
        held = [(side, price) for side, price, lots in self.resting.values() if lots > 0]
        bid = max((price for side, price in held if side > 0), default=-math.inf)
        return bid, min((price for side, price in held if side < 0), default=math.inf)


def slow_walk(orders: Events) -> tuple[list[float], dict[int, list[Any]]]:
    """Return the spread after each timestamp and [marketable, behind, life_s, end] by row of an added order."""
    book = SlowBook()
    spreads: list[float] = []
    added: dict[int, list[Any]] = {}
    ends = {FILL: FILLED, EXPIRE: EXPIRED, REJECT: REJECTED, CANCEL: DELETED, NEW: DELETED, REPLACE: DELETED}
    for row in range(len(orders)):
        kind, one = int(orders.kind[row]), int(orders.order[row])
        lots, leaves, price = int(orders.lots[row]), int(orders.leaves[row]), float(orders.price[row])
        begins, known = kind in {NEW, REPLACE}, one in book.begun
        before = book.resting.get(one)
        if kind in {EXPIRE, REJECT} or (kind == CANCEL and lots < 0 and leaves < 0):
            left = 0
        elif leaves >= 0:
            left = leaves
        else:
            left = max(lots, 0) if begins else max(book.left.get(one, 0) - max(lots, 0), 0)
        if known and (begins or left == 0):
            birth = book.begun.pop(one)
            added[birth][2:] = [(int(orders.time[row]) - int(orders.time[birth])) / 1e9, ends[kind]]
        if begins:
            book.resting.pop(one, None)
            if kind == REPLACE and math.isnan(price) and before is not None:
                price = before[1]
            side = 1 if orders.side[row] > 0 else -1
            bid, ask = book.touch()
            own, other = (bid, ask) if side > 0 else (ask, bid)
            behind = side * (own - price) / own if math.isfinite(own) else math.nan
            added[row] = [not side * (other - price) > 0, behind, math.nan, OPEN]
            book.begun[one], book.left[one] = row, left
            book.resting[one] = (side, price, left)
        elif known:
            book.left[one] = left
            assert before is not None
            book.resting[one] = (before[0], before[1], left)
        if row + 1 == len(orders) or orders.time[row + 1] > orders.time[row]:
            bid, ask = book.touch()
            known_spread = math.isfinite(bid) and math.isfinite(ask) and bid < ask
            spreads.append((ask - bid) / (0.5 * (ask + bid)) if known_spread else math.nan)
    return spreads, added


def random_orders(seed: int, size: int = 400) -> Events:
    rng = np.random.default_rng(seed)
    messages = []
    time = 0.0
    for _ in range(size):
        time += float(rng.choice([0.0, 0.25, 3.0]))
        kind = int(rng.choice([NEW, REPLACE, CANCEL, FILL, EXPIRE, REJECT], p=[0.5, 0.1, 0.2, 0.16, 0.02, 0.02]))
        side = int(rng.choice([-1, 1]))
        message = {"t": time, "kind": kind, "order": int(rng.integers(1, 60)), "side": side}
        message |= {"price": 100.0 - side * int(rng.integers(-1, 9)), "lots": int(rng.integers(1, 9))}
        if kind in {CANCEL, FILL} and rng.random() < 0.5:
            message["leaves"] = int(rng.integers(0, 3))
        messages.append(message)
    return orders_of(*messages)


@pytest.mark.parametrize("seed", range(8))
def test_walk_of_random_messages_is_as_the_slow_book(seed: int) -> None:
    orders = random_orders(seed)
    found = walk(orders)
    spreads, added = slow_walk(orders)
    np.testing.assert_allclose(found.spread, spreads, rtol=1e-12)
    assert found.added.row.tolist() == sorted(added)
    told = [found.added.marketable, found.added.behind, found.added.life_s, found.added.end]
    for column, place in zip(told, range(4), strict=True):
        np.testing.assert_allclose(column.astype(float), [float(added[row][place]) for row in sorted(added)])


def test_walk_of_a_replaced_and_filled_order_tells_both_lives() -> None:
    found = walk(
        orders_of(
            {"t": 0, "order": 1, "side": 1, "price": 99.0, "lots": 5},
            {"t": 0, "order": 2, "side": -1, "price": 101.0, "lots": 5},
            {"t": 2, "order": 1, "kind": REPLACE, "side": 1, "price": 100.0, "lots": 5},
            {"t": 5, "order": 3, "side": -1, "price": 100.0, "lots": 5},
            {"t": 5, "order": 1, "kind": FILL, "side": 1, "price": 100.0, "lots": 5},
            {"t": 5, "order": 3, "kind": FILL, "side": -1, "price": 100.0, "lots": 5},
        )
    )
    assert found.added.end.tolist() == [DELETED, OPEN, FILLED, FILLED]
    np.testing.assert_allclose(found.added.life_s, [2, np.nan, 3, 0])
    assert found.added.marketable.tolist() == [False, False, False, True]
    # At the replacement its own side is empty, so nothing is behind; the seller improves the ask of 101 by 1.
    np.testing.assert_allclose(found.added.behind, [np.nan, np.nan, np.nan, -1 / 101])
    np.testing.assert_allclose(found.spread, [2 / 100, 1 / 100.5, np.nan])
    np.testing.assert_allclose(found.held_s, [2, 3, 0])


def test_depth_profile_weighs_by_time_and_finds_the_hump() -> None:
    orders = orders_of(
        {"t": 0, "order": 1, "side": 1, "price": 99.0, "lots": 1},
        {"t": 0, "order": 2, "side": -1, "price": 101.0, "lots": 1},
        {"t": 0, "order": 3, "side": 1, "price": 93.0, "lots": 8},
        {"t": 80, "order": 4, "side": 1, "price": 60.0, "lots": 20},
        {"t": 80, "order": 3, "kind": CANCEL, "side": 1, "price": 93.0, "lots": 8},
        {"t": 100, "order": 4, "kind": CANCEL, "side": 1, "price": 60.0, "lots": 20},
    )
    profile = depth_profile(orders, 2.0)
    # Eight readings with the order at 93 (3 spreads behind), two with that at 60 (19 behind), all with one a side.
    assert profile.shape == (N_BINS + 1,)
    assert profile[0] == profile[-1] == pytest.approx(20 / 124)
    assert profile[3] == pytest.approx(64 / 124)
    assert profile[19] == pytest.approx(40 / 124)


def test_depth_profile_of_a_one_sided_book_is_unknown() -> None:
    orders = orders_of({"t": 0, "price": 99.0, "lots": 1}, {"t": 50, "order": 2, "price": 98.0, "lots": 1})
    assert np.isnan(depth_profile(orders, 1.0)).all()
