"""Bait: sequences of order messages and what the features of an account make of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.fold import MarketFold
from features.rows import Rows

MS = 1_000_000
START = 1_714_521_600_000 * MS
BUY, SELL = 1, -1
# Time in ms, kind, account, order, side, quantity, what is left.
Message = tuple[int, int, int, int, int, int, int]


def events_of(messages: list[Message]) -> Events:
    time, kind, account, order, side, lots, leaves = np.array(messages, np.int64).T
    whole = np.zeros(len(messages), np.int64)
    is_sale = (kind == TRADE) & (side < 0)
    account = account.astype(np.int32)
    nobody = np.full(len(messages), -1, np.int32)
    return replace(
        no_events(), time=START + time * MS, kind=kind.astype(np.int8), market=nobody, side=side.astype(np.int8),
        price=np.full(len(messages), 115.86), lots=lots, leaves=leaves,
        account=np.where(is_sale, nobody, account), counter=np.where(is_sale, account, nobody),
        order=np.where(is_sale, 0, order), counter_order=np.where(is_sale, order, 0),
        source=nobody, sequence=whole, row=np.arange(len(messages)), ids=pa.nulls(len(messages), pa.string()),
    )  # fmt: skip


def rows_of(messages: list[Message]) -> Rows:
    events, fold = events_of(messages), MarketFold(0)
    return fold.fold(events, events.account, events.counter).then(fold.advance(2**62)).accounts


COSCIA: list[Message] = [
    (0, NEW, 7, 1, BUY, 17, 17),
    (100, NEW, 7, 2, SELL, 54, 54),
    (110, NEW, 7, 3, SELL, 85, 85),
    (120, NEW, 7, 4, SELL, 122, 122),
    (200, FILL, 7, 1, BUY, 3, 14),
    (220, FILL, 7, 1, BUY, 14, 0),
    (300, CANCEL, 7, 2, SELL, 54, 0),
    (301, CANCEL, 7, 3, SELL, 85, 0),
    (302, CANCEL, 7, 4, SELL, 122, 0),
]


def test_bait_of_coscia_is_261_over_17() -> None:
    rows = rows_of(COSCIA)
    assert rows["bait_to_genuine"][-1] == pytest.approx(261 / 17)
    assert rows["rest_to_genuine"][-1] == pytest.approx(261 / 17)
    assert rows["bait_repeats"][-1] == 1
    assert rows["pulled_after_fill_share"][-1] == 1.0
    assert rows["pull_s"][-1] == pytest.approx(0.081)


def test_market_maker_that_pulls_one_side_of_a_ladder_scores_about_one() -> None:
    ladder: list[Message] = [(0, NEW, 1, 10 + k, BUY, 10, 10) for k in range(5)]
    ladder += [(0, NEW, 1, 20 + k, SELL, 10, 10) for k in range(5)]
    ladder += [(100, FILL, 1, 10, BUY, 10, 0), *((200, CANCEL, 1, 20 + k, SELL, 10, 0) for k in range(5))]
    assert rows_of(ladder)["bait_to_genuine"][-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("messages", "ratio"),
    [
        ([(0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (2, FILL, 1, 2, SELL, 5, 95),
          (4000, FILL, 1, 1, BUY, 10, 0), (4010, CANCEL, 1, 2, SELL, 60, 35), (4020, CANCEL, 1, 2, SELL, 35, 0)], 9.5),
        ([(0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 10, 10), (2, REPLACE, 1, 2, SELL, 80, -1),
          (3, FILL, 1, 1, BUY, 10, 0), (4, CANCEL, 1, 2, SELL, -1, -1)], 8.0),
        ([(0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (3, FILL, 1, 1, BUY, 10, 0),
          (4, EXPIRE, 1, 2, SELL, 100, 0), (5, CANCEL, 1, 99, SELL, 500, 0), (6, FILL, 1, 98, SELL, 500, 0)], 0.0),
        ([(0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 2, 2, SELL, 100, 100), (3, FILL, 1, 1, BUY, 10, 0),
          (4, CANCEL, 2, 2, SELL, 100, 0)], 0.0),
        ([(0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (3, TRADE, 1, 1, BUY, 10, -1),
          (4, CANCEL, 1, 2, SELL, 100, 0)], 10.0),
    ],
    ids=["in parts", "replaced", "expired or never placed", "another account's", "trades alone"],
)  # fmt: skip
def test_bait_over_genuine_order_counts_what_was_taken_away(messages: list[Message], ratio: float) -> None:
    rows = rows_of(messages)
    assert rows["bait_to_genuine"][rows.entity == 1].tolist() == [pytest.approx(ratio)]


def test_repeated_bait_is_counted_and_forgotten_after_an_hour() -> None:
    def cycle(at: int, number: int) -> list[Message]:
        return [(at + m[0], m[1], m[2], m[3] + 10 * number, *m[4:]) for m in COSCIA]

    rows = rows_of(cycle(0, 0) + cycle(10_000, 1) + cycle(20_000, 2) + cycle(4_000_000, 3))
    baited = rows["bait_to_genuine"] > 0
    assert rows["bait_repeats"][baited].tolist() == [1, 2, 3, 1]
