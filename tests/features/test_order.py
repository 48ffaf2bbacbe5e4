"""The total order, and the buffer that waits for stragglers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.events import NEW, TRADE, Events, no_events
from features.order import END_OF_TIME, ReorderBuffer, is_ordered, total_order

Key = tuple[int, int, int, int]
# Time, kind, source, sequence.
keys = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([NEW, TRADE]), st.integers(0, 1), st.integers(0, 3)), max_size=30
)


def events_of(rows: list[Key]) -> Events:
    n = len(rows)
    time, kind, source, sequence = np.array(rows, np.int64).reshape(n, 4).T
    whole, code = np.zeros(n, np.int64), np.zeros(n, np.int32)
    return Events(
        time=time, kind=kind.astype(np.int8), market=code, side=code.astype(np.int8), price=np.ones(n), lots=whole,
        leaves=whole, account=code, counter=code, order=whole, counter_order=whole, source=source.astype(np.int32),
        sequence=sequence, row=np.arange(n), ids=pa.nulls(n, pa.string()),
    )  # fmt: skip


def at(*times: int) -> Events:
    return events_of([(time, TRADE, 0, 0) for time in times])


def in_words(events: Events) -> list[tuple[int, bool, int, int, int]]:
    return list(zip(events.time.tolist(), (events.kind == TRADE).tolist(), events.source.tolist(),
                    events.sequence.tolist(), events.row.tolist(), strict=True))  # fmt: skip


@given(rows=keys)
def test_total_order_is_time_then_orders_before_trades_then_source_sequence_and_row(rows: list[Key]) -> None:
    events = events_of(rows)
    assert in_words(total_order(events)) == sorted(in_words(events))
    assert is_ordered(events) == (in_words(events) == sorted(in_words(events)))


def test_total_order_of_ordered_events_is_the_same_object() -> None:
    events = at(1, 2, 2, 3)
    assert total_order(events) is events


def given_after(buffer: ReorderBuffer, events: Events) -> list[int]:
    buffer.add(events)
    times: list[int] = buffer.give().time.tolist()
    return times


def given_at(buffer: ReorderBuffer, watermark: int) -> list[int]:
    buffer.tick(watermark)
    times: list[int] = buffer.give().time.tolist()
    return times


def test_buffer_gives_out_events_once_the_lateness_has_passed() -> None:
    buffer = ReorderBuffer(10)
    assert given_after(buffer, at(20, 15)) == []
    assert given_after(buffer, at(28, 12)) == [12, 15]
    assert buffer.watermark == 18
    assert given_at(buffer, 100) == [20, 28]


def test_buffer_refuses_and_counts_events_before_the_watermark() -> None:
    buffer = ReorderBuffer(5)
    buffer.add(at(100))
    assert given_after(buffer, at(94, 95, 3)) == []
    assert buffer.late == 2
    assert given_at(buffer, 200) == [95, 100]


def test_buffer_tick_never_moves_the_watermark_back() -> None:
    buffer = ReorderBuffer(5)
    buffer.tick(50)
    buffer.tick(10)
    assert buffer.watermark == 50
    assert given_after(buffer, no_events()) == []


def test_buffer_of_spans_gives_out_whole_ones_and_is_due_once_for_each() -> None:
    buffer = ReorderBuffer(0, span_ns=10)
    buffer.add(at(12, 19))
    assert buffer.is_due
    assert buffer.give().time.tolist() == []
    assert not buffer.is_due
    buffer.add(at(23))
    assert buffer.is_due
    assert buffer.until == 20
    assert buffer.give().time.tolist() == [12, 19]
    buffer.tick(END_OF_TIME)
    assert buffer.until == END_OF_TIME
    assert buffer.give().time.tolist() == [23]


@given(rows=keys, cut=st.integers(0, 30), span=st.integers(1, 40))
def test_buffer_gives_the_total_order_however_events_are_cut(rows: list[Key], cut: int, span: int) -> None:
    events, buffer = events_of(rows), ReorderBuffer(10, span)
    parts = []
    for part in (events.take(slice(0, cut)), events.take(slice(cut, len(events)))):
        buffer.add(part)
        parts.append(buffer.give())
    buffer.tick(END_OF_TIME)
    parts.append(buffer.give())
    assert [key for part in parts for key in in_words(part)] == sorted(in_words(events))
    assert buffer.late == 0


def test_take_of_events_keeps_ids_beside_their_rows() -> None:
    events = replace(at(3, 1, 2), ids=pa.array(["c", "a", "b"]))
    assert total_order(events).ids.to_pylist() == ["a", "b", "c"]
