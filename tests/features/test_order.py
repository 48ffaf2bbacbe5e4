"""The total order, and the buffer that waits for stragglers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.events import NEW, TRADE, Events, no_events
from features.order import ReorderBuffer, is_ordered, total_order

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


def test_buffer_gives_out_events_once_the_lateness_has_passed() -> None:
    buffer = ReorderBuffer(10)
    assert buffer.add(at(20, 15)).time.tolist() == []
    assert buffer.add(at(28, 12)).time.tolist() == [12, 15]
    assert buffer.watermark == 18
    assert buffer.tick(100).time.tolist() == [20, 28]


def test_buffer_refuses_and_counts_events_before_the_watermark() -> None:
    buffer = ReorderBuffer(5)
    buffer.add(at(100))
    assert buffer.add(at(94, 95, 3)).time.tolist() == []
    assert buffer.late == 2
    assert buffer.tick(200).time.tolist() == [95, 100]


def test_buffer_tick_never_moves_the_watermark_back() -> None:
    buffer = ReorderBuffer(5)
    buffer.tick(50)
    buffer.tick(10)
    assert buffer.watermark == 50
    assert buffer.add(no_events()).time.tolist() == []


@given(rows=keys, cut=st.integers(0, 30))
def test_buffer_gives_the_total_order_however_events_are_cut(rows: list[Key], cut: int) -> None:
    events, buffer = events_of(rows), ReorderBuffer(10)
    parts = [buffer.add(events.take(slice(0, cut))), buffer.add(events.take(slice(cut, len(events)))), buffer.tick(99)]
    assert [key for part in parts for key in in_words(part)] == sorted(in_words(events))
    assert buffer.late == 0


def test_take_of_events_keeps_ids_beside_their_rows() -> None:
    events = replace(at(3, 1, 2), ids=pa.array(["c", "a", "b"]))
    assert total_order(events).ids.to_pylist() == ["a", "b", "c"]
