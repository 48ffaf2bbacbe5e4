from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.readers import Tape
from features.records import tables_from_records
from serving.replaying import Piece, in_time_order, markets_of, paced, pieces, shifted, span_of

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND


def trades(*seconds: int) -> Tape:
    records = [
        {"timestamp": START + second * SECOND, "symbol": "A", "trade_id": str(k), "price": 1.0, "quantity": 1.0}
        for k, second in enumerate(seconds)
    ]
    rows = pa.Table.from_pylist([{**r, "timestamp": None} for r in records])
    times = pa.array([r["timestamp"] for r in records], pa.timestamp("ns", "UTC"))
    venue = pa.array(["v"] * len(records)).dictionary_encode()
    table = rows.set_column(0, "timestamp", times).append_column("venue", venue)
    return Tape("t", trades=table)


def ids(found: list[Piece]) -> list[list[str]]:
    return [piece.tables["trades"]["trade_id"].to_pylist() for piece in found]


def test_pieces_of_a_tape_leave_out_empty_stretches() -> None:
    found = list(pieces(trades(0, 1, 10, 11, 12), 10 * SECOND))
    assert ids(found) == [["0", "1"], ["2", "3", "4"]]
    assert [piece.end_ns - START for piece in found] == [10 * SECOND, 20 * SECOND]
    assert ids(list(pieces(trades(0, 35), 10 * SECOND))) == [["0"], ["1"]]


@given(seconds=st.lists(st.integers(0, 100), min_size=1, max_size=40), span=st.integers(1, 50))
def test_pieces_hold_every_event_once_in_order_of_time(seconds: list[int], span: int) -> None:
    found = list(pieces(in_time_order(trades(*seconds)), span * SECOND))
    flat = [int(number) for piece in ids(found) for number in piece]
    assert flat == sorted(range(len(seconds)), key=lambda number: seconds[number])
    assert sum(piece.rows for piece in found) == len(seconds)


def test_paced_pieces_come_when_they_are_due_and_at_once_without_a_pace() -> None:
    now = [100.0]
    tape = trades(0, 9, 20)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    due = [now[0] for _ in paced(pieces(tape, 10 * SECOND), span_of(tape)[0], 10.0, lambda: now[0], sleep)]
    assert due == pytest.approx([101.0, 103.0])
    now[0] = 5.0
    assert [now[0] for _ in paced(pieces(tape, 10 * SECOND), START, math.inf, lambda: now[0], sleep)] == [5.0, 5.0]


def test_shifted_tape_has_moved_as_a_whole() -> None:
    tape = shifted(trades(0, 7), 100 * SECOND)
    assert span_of(tape) == (START + 100 * SECOND, START + 107 * SECOND)
    assert markets_of(tape) == [("v", "A")]


def test_markets_of_a_tape_are_those_of_every_part(tmp_path: Path) -> None:
    order = {"timestamp": "2024-05-01T00:00:00Z", "order_id": "o", "event": "cancel", "side": "buy", "price": None}
    tape = tables_from_records(
        trades=[{"timestamp": "2024-05-01T00:00:00Z", "symbol": "B", "price": 1, "quantity": 1}],
        orders=[{**order, "symbol": "A", "venue": "x", "quantity": None}],
    )
    assert markets_of(tape) == [("default", "B"), ("x", "A")]
