"""Bait: sequences of order messages and what the sweep makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.fold import MarketFold
from features.rows import Episodes, Rows

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


def swept(messages: list[Message]) -> tuple[Episodes, Rows]:
    events, fold = events_of(messages), MarketFold(0)
    out = fold.fold(events, events.account, events.counter).then(fold.advance(2**62))
    return out.episodes, out.fast


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


def test_bait_of_coscia_is_261_over_17_pulled_82_ms_after_the_fill() -> None:
    episodes, rows = swept(COSCIA)
    last = len(episodes) - 1
    assert (episodes.bait_lots[last], episodes.bait_orders[last], episodes.genuine_lots[last]) == (261, 3, 17)
    assert episodes.entity[last] == 7
    assert episodes.side[last] == SELL
    assert episodes.fill_ratio[last] == 1.0
    assert episodes.bait_filled_lots[last] == 0
    assert episodes.pull_s[last] == pytest.approx(0.082)
    assert episodes.start[last] == START + 100 * MS
    assert episodes.end[last] == START + 302 * MS
    assert rows["bait_to_genuine"][-1] == pytest.approx(261 / 17)
    assert episodes.depth_ratio[last] == pytest.approx(261 / ((17 + 54 + 85 + 122) // 4))


def test_bait_placed_after_the_fill_is_none() -> None:
    late = [(time + 500 if order > 1 else time, *rest, order, side, lots, left)
            for time, *rest, order, side, lots, left in COSCIA]  # fmt: skip
    messages = sorted((m[0], m[1], m[2], m[3], m[4], m[5], m[6]) for m in late)
    assert len(swept(messages)[0]) == 0


def test_bait_pulled_more_than_eight_seconds_later_is_none() -> None:
    messages = [(m[0] + (8_000 if m[1] == CANCEL else 0), *m[1:]) for m in COSCIA]
    assert len(swept(messages)[0]) == 0


def test_market_maker_that_pulls_one_side_of_a_ladder_scores_about_one() -> None:
    ladder: list[Message] = [(0, NEW, 1, 10 + k, BUY, 10, 10) for k in range(5)]
    ladder += [(0, NEW, 1, 20 + k, SELL, 10, 10) for k in range(5)]
    ladder += [(100, FILL, 1, 10, BUY, 10, 0), *((200, CANCEL, 1, 20 + k, SELL, 10, 0) for k in range(5))]
    episodes, rows = swept(ladder)
    assert len(episodes) == 0
    assert rows["bait_to_genuine"][-1] == pytest.approx(1.0)


def test_bait_cancelled_in_parts_counts_what_was_taken_away() -> None:
    messages: list[Message] = [
        (0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (2, FILL, 1, 2, SELL, 5, 95),
        (8000, FILL, 1, 1, BUY, 10, 0), (8010, CANCEL, 1, 2, SELL, 60, 35), (8020, CANCEL, 1, 2, SELL, 35, 0),
    ]  # fmt: skip
    episodes, _ = swept(messages)
    assert episodes.bait_lots.tolist() == [60, 95]
    assert episodes.bait_orders.tolist() == [1, 2]
    assert episodes.bait_filled_lots[0] == 5


def test_bait_replaced_by_a_larger_one_counts_the_larger() -> None:
    messages: list[Message] = [
        (0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 10, 10), (2, REPLACE, 1, 2, SELL, 80, -1),
        (3, FILL, 1, 1, BUY, 10, 0), (4, CANCEL, 1, 2, SELL, -1, -1),
    ]  # fmt: skip
    assert swept(messages)[0].bait_lots.tolist() == [80]


def test_orders_that_expire_or_were_never_placed_are_no_bait() -> None:
    messages: list[Message] = [
        (0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (3, FILL, 1, 1, BUY, 10, 0),
        (4, EXPIRE, 1, 2, SELL, 100, 0), (5, CANCEL, 1, 99, SELL, 500, 0), (6, FILL, 1, 98, SELL, 500, 0),
    ]  # fmt: skip
    episodes, rows = swept(messages)
    assert len(episodes) == 0
    assert rows["bait_to_genuine"][-1] == 0.0


def test_bait_of_another_account_is_not_held_against_the_one_that_filled() -> None:
    messages: list[Message] = [
        (0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 2, 2, SELL, 100, 100), (3, FILL, 1, 1, BUY, 10, 0),
        (4, CANCEL, 2, 2, SELL, 100, 0),
    ]  # fmt: skip
    assert len(swept(messages)[0]) == 0


def test_trade_stands_for_the_fill_where_there_are_no_fill_messages() -> None:
    messages: list[Message] = [
        (0, NEW, 1, 1, BUY, 10, 10), (1, NEW, 1, 2, SELL, 100, 100), (3, TRADE, 1, 1, BUY, 10, -1),
        (4, CANCEL, 1, 2, SELL, 100, 0),
    ]  # fmt: skip
    episodes, _ = swept(messages)
    assert (episodes.bait_lots[0], episodes.genuine_lots[0], episodes.fill_ratio[0]) == (100, 10, 1.0)


def test_repeated_bait_is_counted_and_forgotten_after_an_hour() -> None:
    def cycle(at: int, number: int) -> list[Message]:
        return [(at + m[0], m[1], m[2], m[3] + 10 * number, *m[4:]) for m in COSCIA]

    episodes, _ = swept(cycle(0, 0) + cycle(10_000, 1) + cycle(20_000, 2) + cycle(4_000_000, 3))
    last = np.searchsorted(episodes.end, START + np.array([9_000, 19_000, 29_000, 5_000_000]) * MS) - 1
    assert episodes.repeats[last].tolist() == [0, 1, 2, 0]


def test_bait_found_among_many_accounts_and_orders_is_the_same() -> None:
    # Tables fill up and are rebuilt all the while; nothing of what matters may be lost.
    crowd: list[Message] = []
    for k in range(3000):
        crowd += [(k, NEW, 1000 + k, 100_000 + k, BUY, 5, 5), (k, TRADE, 5000 + k, 0, SELL, 5, -1),
                  (k, CANCEL, 1000 + k, 100_000 + k, BUY, 5, 0)]  # fmt: skip
    alone, _ = swept(COSCIA)
    among, _ = swept(sorted(COSCIA + crowd, key=lambda m: m[0]))
    mine = among.entity == 7
    assert among.bait_lots[mine].tolist() == alone.bait_lots.tolist()
    assert among.genuine_lots[mine].tolist() == alone.genuine_lots.tolist()
    assert among.fill_ratio[mine].tolist() == alone.fill_ratio.tolist()


def test_episode_points_to_the_row_of_its_cancel() -> None:
    apart: list[Message] = [*COSCIA[:-3], (4_000, CANCEL, 7, 2, SELL, 54, 0), (5_100, CANCEL, 7, 3, SELL, 85, 0),
                            (60_000, NEW, 1, 50, BUY, 1, 1)]  # fmt: skip
    episodes, rows = swept(apart)
    assert len(episodes) == 2
    assert (rows.start[episodes.row] <= episodes.end).all()
    assert (episodes.end < rows.end[episodes.row]).all()
