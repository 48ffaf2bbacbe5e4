from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.encoding import Lots, encode
from features.errors import TapeError
from features.events import CANCEL, FILL, NEW, TRADE, Vocabulary
from features.readers import Tape, read_tape
from features.validation import RefusedRowsError

Write = Callable[[str, str], Path]
NAME = "AAPL_2012-06-21_34200000_57600000_message_10.csv"
MESSAGES = """34200.004241176,1,16113575,18,5853300,1
34200.025551909,2,16113575,5,5853300,1
34200.201742846,4,16113575,10,5853300,1
34200.275912012,3,16113575,3,5853300,1
34200.3,4,999,21,5859100,-1
34200.31,3,999,4,5859100,-1
34200.5,5,0,7,5855000,-1
34200.6,6,0,100,5855000,-1
34200.7,7,0,0,-1,-1
"""


@pytest.fixture
def tape(write: Write) -> Tape:
    return read_tape(write(NAME, MESSAGES))


def test_lobster_times_are_new_york_local_read_as_utc(tape: Tape) -> None:
    assert tape.orders is not None
    first = tape.orders["timestamp"].cast(pa.int64())[0].as_py()
    # 2012-06-21 09:30:00.004241176 in New York, four hours behind UTC in June.
    assert first == 1_340_285_400_004_241_176


def test_lobster_order_messages_track_what_is_left(tape: Tape) -> None:
    assert tape.orders is not None
    columns = ("event", "side", "price", "quantity", "leaves_quantity")
    assert [tuple(row[name] for name in columns) for row in tape.orders.to_pylist()] == [
        ("new", "buy", 585.33, 18.0, 18.0),
        ("cancel", "buy", 585.33, 5.0, 13.0),
        ("fill", "buy", 585.33, 10.0, 3.0),
        ("cancel", "buy", 585.33, 3.0, 0.0),
        ("fill", "sell", 585.91, 21.0, None),
        ("cancel", "sell", 585.91, 4.0, 0.0),
    ]


def test_lobster_executions_are_trades_whose_aggressor_opposes_the_resting_order(tape: Tape) -> None:
    assert tape.trades is not None
    columns = ("quantity", "aggressor", "buy_order_id", "sell_order_id", "sequence")
    assert [tuple(row[name] for name in columns) for row in tape.trades.to_pylist()] == [
        (10.0, "sell", "16113575", None, 3),
        (21.0, "buy", None, "999", 5),
        (7.0, "buy", None, None, 7),
        (100.0, None, None, None, 8),
    ]


def test_lobster_halt_is_left_out_and_said(tape: Tape) -> None:
    assert tape.notes == ("LOBSTER messages: 1 trading-halt messages are left out",)


def test_lobster_events_encode_with_one_hash_for_an_order_and_its_trade(tape: Tape) -> None:
    vocabulary = Vocabulary()
    events = encode(tape, vocabulary, Lots(default=1.0))
    assert vocabulary.markets == [("nasdaq", "AAPL")]
    assert events.kind.tolist() == [NEW, CANCEL, FILL, CANCEL, FILL, CANCEL, TRADE, TRADE, TRADE, TRADE]
    assert events.order[6] == events.order[0]
    assert events.counter_order[7] == events.order[4]


def test_lobster_bad_rows_are_named_by_their_line(write: Write) -> None:
    text = "34200.1,1,1,5,0,1\n34200.1,9,1,5,100,1\n34200.1,1,1,0,100,1\n34200.1,1,1,1,100,0\n"
    with pytest.raises(RefusedRowsError) as caught:
        read_tape(write(NAME, text))
    found = [(mistake.row, mistake.column, mistake.value) for mistake in caught.value.mistakes]
    assert found == [(1, "price", "0"), (2, "type", "9"), (3, "size", "0"), (4, "direction", "0")]


def test_lobster_row_with_wrong_number_of_cells_is_named_by_its_line(write: Write) -> None:
    with pytest.raises(RefusedRowsError) as caught:
        read_tape(write(NAME, MESSAGES.replace(",999,21,5859100,-1", "")))
    assert [mistake.row for mistake in caught.value.mistakes] == [5]


def test_lobster_empty_file_is_refused(write: Write) -> None:
    with pytest.raises(TapeError, match="was empty"):
        read_tape(write(NAME, ""))


def test_lobster_impossible_date_is_refused(write: Write) -> None:
    with pytest.raises(TapeError, match="must be a calendar day, was '2012-06-31'"):
        read_tape(write(NAME.replace("06-21", "06-31"), MESSAGES))
