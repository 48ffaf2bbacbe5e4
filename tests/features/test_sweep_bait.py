"""Bait: sequences of order messages and what the sweep makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE, Events, no_events
from features.lives import follow, new_lives
from features.seen import Seen
from features.sweeps.bait import Bait
from features.sweeps.base import Found

MS = 1_000_000
START = 1_714_521_600_000 * MS
BUY, SELL = 1, -1
# Time in ms, kind, account, order, side, price, quantity, what is left.
Message = tuple[int, int, int, int, int, float, int, int]


def events_of(messages: list[Message]) -> Events:
    columns = list(zip(*messages, strict=True))
    time, kind, account, order, side, lots, leaves = (np.array(columns[k], np.int64) for k in (0, 1, 2, 3, 4, 6, 7))
    is_sale = (kind == TRADE) & (side < 0)
    nobody, whole = np.full(len(messages), -1, np.int32), np.zeros(len(messages), np.int64)
    account = account.astype(np.int32)
    return replace(
        no_events(), time=START + time * MS, kind=kind.astype(np.int8), market=nobody, side=side.astype(np.int8),
        price=np.array(columns[5]), lots=lots, leaves=leaves,
        account=np.where(is_sale, nobody, account), counter=np.where(is_sale, account, nobody),
        order=np.where(is_sale, 0, order), counter_order=np.where(is_sale, order, 0),
        source=nobody, sequence=whole, row=np.arange(len(messages)), ids=pa.nulls(len(messages), pa.string()),
    )  # fmt: skip


def swept(messages: list[Message]) -> Found:
    events = events_of(sorted(messages, key=lambda message: message[0]))
    _, seen = follow(new_lives(), events, events.account, events.counter)
    return Bait().fold(seen)


def figure(found: Found, name: str) -> list[float]:
    return [round(value, 9) for value in found.figures[:, Bait.figures.index(name)].tolist()]


COSCIA: list[Message] = [
    (0, NEW, 7, 1, BUY, 115.86, 17, 17),
    (100, NEW, 7, 2, SELL, 115.87, 54, 54),
    (110, NEW, 7, 3, SELL, 115.88, 85, 85),
    (120, NEW, 7, 4, SELL, 115.89, 122, 122),
    (300, FILL, 7, 1, BUY, 115.86, 3, 14),
    (320, FILL, 7, 1, BUY, 115.86, 14, 0),
    (400, CANCEL, 7, 2, SELL, 115.87, 54, 0),
    (401, CANCEL, 7, 3, SELL, 115.88, 85, 0),
    (402, CANCEL, 7, 4, SELL, 115.89, 122, 0),
]


def moved(messages: list[Message], at: int, number: int, *, who: int = 0) -> list[Message]:
    return [(at + m[0], m[1], who or m[2], m[3] + 10 * number, *m[4:]) for m in messages]


def test_bait_of_coscia_is_261_over_17_on_three_levels_pulled_80_ms_after_the_fill() -> None:
    found = swept(COSCIA)
    last = {name: figure(found, name)[-1] for name in Bait.figures}
    assert (last["bait_lots"], last["bait_orders"], last["bait_levels"], last["genuine_lots"]) == (261, 3, 3, 17)
    assert (last["bait_filled_lots"], last["pull_s"], last["rounds"], last["tidy_share"]) == (0, 0.08, 1, 1)
    assert last["surprise"] > 3.0
    assert (found.members[-1, 0], found.side[-1]) == (7, SELL)
    assert (found.start[-1], found.end[-1]) == (START + 100 * MS, START + 402 * MS)


def test_bait_that_goes_in_the_moment_of_the_own_opposite_fill_is_a_flip() -> None:
    flip: list[Message] = [
        (0, NEW, 7, 1, SELL, 100.0, 500, 500), (1, NEW, 7, 2, SELL, 100.0, 421, 421),
        (2000, CANCEL, 7, 1, SELL, 100.0, 500, 0), (2000, CANCEL, 7, 2, SELL, 100.0, 421, 0),
        (2000, NEW, 7, 3, BUY, 100.0, 92, 92), (2000, FILL, 7, 3, BUY, 100.0, 92, 0),
    ]  # fmt: skip
    found = swept(flip)
    assert figure(found, "bait_lots") == [921]
    assert figure(found, "genuine_lots") == [92]
    assert -0.001 < figure(found, "pull_s")[0] < 0.0 or figure(found, "pull_s") == [-0.0]


def test_flip_after_more_than_a_tenth_of_a_second_is_none() -> None:
    late: list[Message] = [
        (0, NEW, 7, 1, SELL, 100.0, 921, 921), (2000, CANCEL, 7, 1, SELL, 100.0, 921, 0),
        (2150, NEW, 7, 3, BUY, 100.0, 92, 92), (2150, FILL, 7, 3, BUY, 100.0, 92, 0),
    ]  # fmt: skip
    assert len(swept(late).end) == 0


def test_rounds_are_counted_and_forgotten_after_an_hour() -> None:
    again = [m for number, at in enumerate((0, 20_000, 40_000, 4_000_000)) for m in moved(COSCIA, at, number)]
    found = swept(again)
    assert figure(found, "rounds") == [1, 2, 3, 1]
    assert figure(found, "surprise")[2] > figure(found, "surprise")[0]


INNOCENT: dict[str, list[Message]] = {
    "bait placed after the fill": [(m[0] + (500 if m[3] > 1 else 0), *m[1:]) for m in COSCIA],
    "pulled more than eight seconds later": [(m[0] + (8_000 if m[1] == CANCEL else 0), *m[1:]) for m in COSCIA],
    "still another ladder there": [*COSCIA, (50, NEW, 7, 9, SELL, 115.95, 200, 200)],
    "laid out over a minute": [(m[0] - (30_000 if m[3] == 4 and m[1] == NEW else 0), *m[1:]) for m in COSCIA],
    "never placed": [m for m in COSCIA if m[1] != NEW or m[3] == 1],
    "expired": [(*m[:1], EXPIRE, *m[2:]) if m[1] == CANCEL else m for m in COSCIA],
    "another account's fill, once": [(*m[:2], 8, *m[3:]) if m[3] == 1 else m for m in COSCIA],
    "mostly filled": [*COSCIA[:4], (200, FILL, 7, 2, SELL, 115.87, 50, 4), *COSCIA[4:]],
    "symmetric ladder of a market maker": [
        *((0, NEW, 1, 10 + k, BUY, 99.0 - k, 10, 10) for k in range(5)),
        *((0, NEW, 1, 20 + k, SELL, 101.0 + k, 10, 10) for k in range(5)),
        (100, FILL, 1, 10, BUY, 99.0, 10, 0), *((200, CANCEL, 1, 20 + k, SELL, 101.0 + k, 10, 0) for k in range(5)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_sequence_is_no_round(name: str) -> None:
    assert len(swept(INNOCENT[name]).end) == 0


def ladders(number: int) -> list[Message]:
    """Bids and asks laid out at once, three bids filled one by one, the rest taken away; laid out anew 4 s later."""
    at, first = 60_000 * number, 100 * (number + 1)
    laid = [(at, NEW, 7, first + 10 * (side > 0) + k, side, 100.0 - side * (k + 1), 50, 50)
            for k in range(6) for side in (BUY, SELL)]  # fmt: skip
    filled = [(at + 5_000 * (k + 1), FILL, 7, first + 10 + k, BUY, 99.0 - k, 50, 0) for k in range(3)]
    gone = [(at + 16_000, CANCEL, *message[2:7], 0) for message in laid if message[4] < 0 or message[3] >= first + 13]
    return [*laid, *filled, *gone]


def test_ladder_on_both_sides_that_was_eaten_on_one_is_no_bait_for_what_ate_it() -> None:
    assert len(swept([message for number in range(20) for message in ladders(number)]).end) == 0


def test_ladder_on_one_side_with_one_order_on_the_other_is_bait() -> None:
    one_bid = [m for number in range(20) for m in ladders(number) if m[4] < 0 or m[3] == 100 * number + 110]
    closer = [(m[0] - (10_500 if m[1] == CANCEL else 0), *m[1:]) for m in one_bid]
    assert figure(swept(closer), "genuine_lots")[-1] == 50


def test_trades_stand_for_fills_where_there_are_no_fill_messages() -> None:
    by_trade = [(m[0], TRADE if m[1] == FILL else m[1], *m[2:]) for m in COSCIA]
    found = swept([(*m[:7], -1) if m[1] == TRADE else m for m in by_trade])
    assert (figure(found, "bait_lots")[-1], figure(found, "genuine_lots")[-1]) == (261, 17)


def test_one_who_lost_patience_is_found_from_the_second_round_on() -> None:
    """The fill came half a minute before the layers and what was left of the order went together."""
    round_of_layers: list[Message] = [
        *((k * 100, NEW, 7, 1 + k, SELL, 101.0 + k, 40, 40) for k in range(4)),
        (1_000, NEW, 7, 9, BUY, 99.0, 20, 20), (5_000, FILL, 7, 9, BUY, 99.0, 5, 15),
        *((40_000 + k * 200, CANCEL, 7, 1 + k, SELL, 101.0 + k, 40, 0) for k in range(4)),
        (41_000, CANCEL, 7, 9, BUY, 99.0, 15, 0),
    ]  # fmt: skip
    assert len(swept(round_of_layers).end) == 0
    found = swept(round_of_layers + moved(round_of_layers, 100_000, 2))
    assert figure(found, "rounds") == [2]
    assert found.members[0, :2].tolist() == [7, -1]


def crew(rounds: int) -> list[Message]:
    bait = [m for m in COSCIA if m[3] > 1]
    genuine = [m for m in COSCIA if m[3] == 1]
    each = [(20_000 * number, number) for number in range(rounds)]
    return [
        m
        for at, number in each
        for m in (*moved(bait, at, number, who=3), *moved(genuine, at, number, who=5))
    ]  # fmt: skip


def test_crew_is_named_from_the_third_round_on() -> None:
    assert len(swept(crew(2)).end) == 0
    found = swept(crew(3))
    assert figure(found, "rounds") == [3]
    assert found.members[0, :3].tolist() == [5, 3, -1]
    assert figure(swept(crew(5)), "surprise")[-1] > figure(found, "surprise")[0]


def test_crew_whose_partner_quotes_anew_all_the_time_is_none() -> None:
    busy: list[Message] = []
    for k in range(2_000):
        busy += [(k * 50, NEW, 5, 10_000 + k, BUY, 115.0, 30, 30)]
        busy += [(k * 50 + 20, CANCEL, 5, 10_000 + k, BUY, 115.0, 30, 0)]
    assert len(swept(crew(4) + busy).end) == 0


def ladder(moves: int, *, both: bool = False) -> list[Message]:
    levels = [(0, NEW, 7, k, SELL, 110.0 + k, 500, 500) for k in range(1, 6)]
    messages: list[Message] = [*levels, (0, NEW, 8, 99, SELL, 108.0, 10, 10)]
    for move in range(1, moves + 1):
        at = 10_000 * move
        messages += [(at + k, REPLACE, 7, k, SELL, 110.0 + k + move, 500, 500) for k in range(1, 6)]
        if both:
            messages += [(at + k, REPLACE, 7, 50 + k, BUY, 90.0 - k + move, 500, 500) for k in range(1, 6)]
    return messages + ([(0, NEW, 7, 50 + k, BUY, 90.0 - k, 500, 500) for k in range(1, 6)] if both else [])


def test_ladder_that_is_moved_again_and_again_counts_its_moves() -> None:
    found = swept(ladder(12))
    assert max(figure(found, "waves")) == 12
    assert figure(found, "bait_levels")[-1] == 5
    assert figure(found, "one_sided_share")[-1] == 1.0
    assert figure(found, "bait_filled_lots")[-1] == 0


def test_ladder_moved_on_both_sides_is_told_as_such() -> None:
    assert figure(swept(ladder(12, both=True)), "one_sided_share")[-1] == pytest.approx(0.5, abs=0.05)
    assert len(swept(ladder(2)).end) == 0


def test_bait_in_pieces_and_after_a_restart_has_the_same_bits() -> None:
    messages = sorted(crew(6) + moved(COSCIA, 500, 9) + ladder(8), key=lambda message: message[0])
    events = events_of(messages)
    _, seen = follow(new_lives(), events, events.account, events.counter)
    whole, sweep, parts = Bait().fold(seen), Bait(), []
    for begin in range(0, len(messages), 7):
        fresh = Bait()
        fresh.restore(sweep.snapshot())
        sweep = fresh
        parts.append(sweep.fold(Seen._make(column[begin : begin + 7] for column in seen)))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.then(part)
    assert joined.figures.tobytes() == whole.figures.tobytes()
    assert (joined.members == whole.members).all()
    assert (joined.end == whole.end).all()


def test_bait_found_among_many_accounts_and_orders_is_the_same() -> None:
    # The ledger fills up and is rebuilt all the while; nothing of what matters may be lost.
    begin: list[Message] = [(0, NEW, 9, 999_999, BUY, 1.0, 1, 1)]
    crowd: list[Message] = []
    for k in range(3000):
        crowd += [(170_000 + k, NEW, 1000 + k, 100_000 + k, BUY, 90.0, 5, 5),
                  (170_000 + k, CANCEL, 1000 + k, 100_000 + k, BUY, 90.0, 5, 0)]  # fmt: skip
    first, second = moved(COSCIA, 139_000, 0), moved(COSCIA, 172_900, 1)
    alone, among = swept(begin + first + second), swept(begin + first + second + crowd)
    mine = among.members[:, 0] == 7
    for name in ("bait_lots", "genuine_lots", "rounds", "tidy_share"):
        column = Bait.figures.index(name)
        assert among.figures[mine][:, column].tolist() == alone.figures[:, column].tolist()
