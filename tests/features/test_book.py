"""Every feature of the book grain against a slow, obvious oracle, and by hand where it says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.book.fold import BookFold
from features.book.state import MOST_LEVELS
from features.book_catalogue import BOOK_FEATURES
from features.events import CANCEL, IMAGE, LEVEL, TRADE, Events, no_events
from features.rows import Rows
from tests.features.book_oracle import SECOND, Message, oracle_rows

SPAN, LOT, START = 5 * SECOND, 0.5, 1_714_521_600 * SECOND
END = 2**62
KINDS = {"level": LEVEL, "image": IMAGE, "trade": TRADE, "order": CANCEL}


def events_of(messages: list[Message]) -> Events:
    """Return messages, in their order, as events."""
    n = len(messages)
    if not n:
        return no_events()

    def column(values: list[Any], dtype: type) -> NDArray[Any]:
        return np.array(values, dtype)

    nobody, nothing = np.full(n, -1, np.int32), np.zeros(n, np.int64)
    return Events(
        time=column([m.time for m in messages], np.int64), kind=column([KINDS[m.what] for m in messages], np.int8),
        market=np.zeros(n, np.int32), side=column([m.side for m in messages], np.int8),
        price=column([m.price for m in messages], np.float64), lots=column([m.lots for m in messages], np.int64),
        leaves=np.full(n, -1, np.int64), account=nobody, counter=nobody, order=nothing, counter_order=nothing,
        source=np.zeros(n, np.int32), sequence=nothing, row=np.arange(n), ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def folded(messages: list[Message], until: int = END) -> Rows:
    fold = BookFold(0, SPAN, LOT)
    return fold.fold(events_of(messages)).then(fold.advance(until))


def told(rows: Rows, row: int = -1) -> dict[str, float]:
    return {feature.name: float(rows[feature.name][row]) for feature in BOOK_FEATURES}


def level(t: float, side: int, price: float, lots: int, what: str = "level") -> Message:
    return Message(START + round(t * SECOND), what, side, price, lots)


def trade(t: float, taker: int, price: float, lots: int) -> Message:
    return Message(START + round(t * SECOND), "trade", taker, price, lots)


def calm(seconds: int, lots: int = 10) -> list[Message]:
    """Return a book of six levels a side around 100 that flickers far from the touch, and trades a little."""
    book = [level(0.0, side, 100.0 - side * 0.01 * k, lots) for side in (1, -1) for k in range(1, 7)]
    for s in range(1, seconds):
        book.append(level(s, 1, 99.0, 5 + s % 2))
        if s % 10 == 0:
            book += [level(s + 0.1, -1, 100.01, lots - 1), trade(s + 0.1, 1, 100.01, 1), level(s + 0.2, -1, 100.01, 10)]
    return book


@st.composite
def tapes(draw: st.DrawFn) -> list[Message]:
    """Return a messy book: walls, images, gaps, crossed moments, trades with and without a taker."""
    random = np.random.default_rng(draw(st.integers(0, 100_000)))
    time, out = START, list[Message]()
    for _ in range(draw(st.integers(1, 260))):
        time += int(random.choice([0, 3, 400, 2500, 17_000], p=[0.2, 0.2, 0.3, 0.29, 0.01])) * 1_000_000
        side, ticks = int(random.choice([1, -1])), int(random.integers(-1, 9))
        price, lots = round(100.0 - side * 0.07 * ticks, 2), int(random.choice([0, 0, 3, 5, 9, 200]))
        what = str(random.choice(["level", "trade", "image", "order"], p=[0.8, 0.13, 0.03, 0.04]))
        for k in range(6 if what == "image" else 1):
            taker = int(random.choice([1, -1, 0])) if what == "trade" else side * (-1) ** k
            at = round(100.0 - taker * 0.07 * (k + 1), 2) if what == "image" else price
            out.append(
                Message(time, what, taker, at, max(lots, 1) if what == "trade" else lots + 4 * (what == "image"))
            )
    return sorted(out, key=lambda m: (m.time, m.what == "trade"))


@pytest.mark.slow
@given(tapes())
@settings(max_examples=60, deadline=None)
def test_every_row_is_what_the_oracle_says(messages: list[Message]) -> None:
    rows = folded(messages)
    wanted = oracle_rows([m for m in messages if m.what != "order"], SPAN, LOT, END)
    assert rows.end.tolist() == [end for end, _ in wanted]
    for number, (_, features) in enumerate(wanted):
        found = told(rows, number)
        assert features.keys() <= found.keys()
        for name, value in found.items():
            np.testing.assert_allclose(value, features.get(name, np.nan), rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.slow
@given(tapes(), st.lists(st.integers(0, 260), max_size=6), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_rows_have_the_same_bits_however_events_are_cut(messages: list[Message], cuts: list[int], ticks: int) -> None:
    events, whole = events_of(messages), folded(messages)
    fold, parts = BookFold(0, SPAN, LOT), []
    for number, rows in enumerate(np.split(np.arange(len(events)), sorted(min(cut, len(events)) for cut in cuts))):
        parts.append(fold.fold(events.take(rows)))
        if number % 4 == ticks and len(rows):
            parts.append(fold.advance(int(events.time[rows[-1]])))
        restored = BookFold(0, SPAN, LOT)
        restored.restore(fold.snapshot())
        fold = restored
    parts.append(fold.advance(END))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.then(part)
    assert (joined.end.tolist(), joined.values.tobytes()) == (whole.end.tolist(), whole.values.tobytes())


def test_book_of_two_levels_by_hand() -> None:
    row = told(folded([level(0, 1, 99.0, 10), level(0, -1, 101.0, 30)]))
    assert (row["mid"], row["closing_spread_bps"], row["touch_imbalance"]) == (100.0, 200.0, -0.5)
    assert row["microprice_offset_bps"] == pytest.approx(-50.0)
    assert (row["bid_touch_depth"], row["ask_depth_100bps"], row["ask_depth_50bps"]) == (5.0, 15.0, 0.0)
    assert np.isnan(row["bid_depth_ratio"])


def test_spread_is_weighed_by_time() -> None:
    book = [level(0, 1, 99.0, 1), level(0, -1, 101.0, 1), level(4, 1, 100.0, 1), level(4, -1, 100.0, 0)]
    row = told(folded(book))
    assert row["spread_bps"] == pytest.approx(0.8 * 200.0 + 0.2 * 1.0 / 100.5 * 1e4)


def test_image_replaces_the_book_and_levels_keep_their_age() -> None:
    book = [level(0, 1, 99.0, 5), level(0, -1, 101.0, 5), level(0, 1, 98.0, 5)]
    image = [level(7, side, price, 5, "image") for side, price in ((1, 99.0), (-1, 102.0))]
    row = told(folded([*book, *image]))
    assert (row["mid"], row["near_levels"]) == (100.5, 1.0)
    assert [row["bid_wall_age_s"], row["ask_wall_age_s"]] == pytest.approx([10.0, 3.0])
    assert np.isnan(row["cancel_to_trade"])


def test_two_images_in_succession_with_one_time_are_one() -> None:
    row = told(folded([level(1, side, 100.0 - side, 5, "image") for side in (1, -1)]))
    assert (row["mid"], row["image_share"]) == (100.0, 1.0)


def wall(at: float, *, lots: int = 400) -> list[Message]:
    return [level(at, 1, 99.98, lots), level(at + 3.0, 1, 99.98, 10)]


def test_wall_that_is_pulled_is_told_a_second_later() -> None:
    row = told(folded([*calm(70), *wall(71.5), level(76, 1, 99.0, 5)], START + 80 * SECOND))
    assert (row["wall_side"], row["wall_pulled_ratio"], row["walls_pulled"]) == (1.0, 1.0, 1.0)
    assert row["wall_age_s"] == pytest.approx(3.0)
    assert row["wall_multiple"] > 30
    assert row["wall_share"] > 0.8


def test_wall_of_the_last_moment_waits_for_the_next_bucket() -> None:
    rows = folded([*calm(70), *wall(71.9)])
    assert [np.isnan(x) for x in rows["wall_side"][-2:]] == [True, False]


def test_wall_that_trades_even_half_a_second_later_was_not_pulled() -> None:
    row = told(folded([*calm(70), *wall(71.0), trade(74.5, -1, 99.98, 390)], START + 80 * SECOND))
    assert row["wall_pulled_ratio"] == 0.0


def test_wall_that_is_traded_through_was_not_pulled() -> None:
    row = told(folded([*calm(70), *wall(71.0), trade(74.5, -1, 99.97, 1)], START + 80 * SECOND))
    assert row["wall_pulled_ratio"] == 0.0


def test_wall_that_is_moved_by_a_tick_has_returned() -> None:
    row = told(folded([*calm(70), *wall(71.0), level(74.0, 1, 99.97, 400)], START + 80 * SECOND))
    assert row["wall_returned_ratio"] == pytest.approx(1.0)
    assert row["walls_pulled"] == 0.0


def test_wall_that_an_image_ends_is_not_told() -> None:
    image = [level(74.1, side, 100.0 - side * 0.01, 10, "image") for side in (1, -1)]
    assert np.isnan(told(folded([*calm(70), *wall(71.0), *image], START + 80 * SECOND))["wall_side"])


def test_walls_without_any_trade_on_the_tape_are_not_called_pulled() -> None:
    book = [m for m in calm(70) if m.what != "trade"]
    row = told(folded([*book, *wall(71.0)], START + 80 * SECOND))
    assert (row["wall_side"], row["walls_pulled"]) == (1.0, 1.0)
    assert np.isnan(row["wall_pulled_ratio"])


def test_side_that_is_emptied_tells_ratio_and_what_was_pulled() -> None:
    gone = [level(75, 1, 100.0 - 0.01 * k, 0) for k in range(1, 6)]
    row = told(folded([*calm(75), *gone, level(82, 1, 99.0, 5)], START + 85 * SECOND))
    assert row["bid_depth_ratio"] == pytest.approx(10 / 60)
    assert (row["bid_pulled_share"], row["ask_depth_ratio"]) == (1.0, 1.0)


def test_side_that_was_traded_away_was_not_pulled() -> None:
    gone = [level(77, 1, 100.0 - 0.01 * k, 0) for k in range(1, 6)]
    row = told(folded([*calm(75), *gone, trade(77, -1, 99.95, 50), level(82, 1, 99.0, 5)], START + 85 * SECOND))
    assert row["bid_pulled_share"] == 0.0


def test_silence_is_told_and_the_book_stands_meanwhile() -> None:
    row = told(folded([*calm(75), level(100, 1, 99.0, 6)], START + 105 * SECOND))
    assert row["book_gap_s"] == pytest.approx(26.0)
    assert row["bid_depth_ratio"] == pytest.approx(1.0)


def test_levels_beyond_the_most_are_forgotten_from_the_far_end() -> None:
    book = [level(0.0, 1, 1.0 + k, 1) for k in range(MOST_LEVELS + 50)] + [level(0.0, -1, 1e5, 1)]
    fold = BookFold(0, SPAN, LOT)
    rows = fold.fold(events_of([*book, level(1.0, 1, 0.5, 9)])).then(fold.advance(END))
    assert int(fold.snapshot()["used"][1]) == MOST_LEVELS
    assert rows["bid_touch_depth"].tolist() == [LOT]


def test_market_without_levels_has_no_rows_and_no_state() -> None:
    fold = BookFold(0, SPAN, LOT)
    rows = fold.fold(events_of([trade(0, 1, 1.0, 1)])).then(fold.advance(END))
    assert (len(rows), fold.snapshot()) == (0, {})


def test_permuting_prices_of_one_moment_changes_nothing() -> None:
    book = calm(70)
    first = [m for m in book if m.time == START]
    assert folded([*first[::-1], *book[len(first) :]]).values.tobytes() == folded(book).values.tobytes()
