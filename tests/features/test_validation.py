from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.errors import SchemaError
from features.readers import read_tape
from features.schema import ACCOUNTS, BOOKS, LABELS, ORDERS, TRADES, Layout
from features.validation import Raw, RefusedRowsError, check

Write = Callable[[str, str], Path]
TRADE: dict[str, Any] = {"timestamp": "2024-05-01T09:30:00Z", "symbol": "BTC/USD", "price": "1.5", "quantity": "2"}
ORDER: dict[str, Any] = TRADE | {"order_id": "o1", "event": "new", "side": "buy"}
BOOK: dict[str, Any] = TRADE | {"side": "buy"}
LABEL: dict[str, Any] = {
    "typology": "wash_trading",
    "symbol": "BTC/USD",
    "start": "2024-05-01T09:30:00Z",
    "end": "2024-05-01T09:31:00Z",
}


def raw(layout: Layout, *records: dict[str, Any], types: dict[str, pa.DataType] | None = None) -> Raw:
    columns = {name: pa.array([record[name] for record in records], (types or {}).get(name)) for name in records[0]}
    return Raw("tape.csv", layout, pa.table(columns))


@pytest.mark.parametrize(
    ("layout", "record", "column", "value"),
    [
        (TRADES, TRADE, "price", "0"),
        (TRADES, TRADE, "price", "-1"),
        (TRADES, TRADE, "price", "NaN"),
        (TRADES, TRADE, "price", "inf"),
        (TRADES, TRADE, "price", "1e400"),
        (TRADES, TRADE, "price", "1,5"),
        (TRADES, TRADE, "price", None),
        (TRADES, TRADE, "price", float("nan")),
        (TRADES, TRADE, "price", True),
        (TRADES, TRADE, "quantity", "0"),
        (TRADES, TRADE, "quantity", "-0.5"),
        (TRADES, TRADE, "quantity", "many"),
        (TRADES, TRADE, "symbol", None),
        (TRADES, TRADE, "symbol", "  "),
        (TRADES, TRADE, "symbol", 1.5),
        (TRADES, TRADE, "timestamp", None),
        (TRADES, TRADE, "timestamp", "yesterday"),
        (TRADES, TRADE, "timestamp", "1714555800"),
        (TRADES, TRADE, "timestamp", 1_714_555_800),
        (TRADES, TRADE, "timestamp", "2024-02-30T00:00:00Z"),
        (TRADES, TRADE, "timestamp", "1969-12-31T23:59:59Z"),
        (TRADES, TRADE, "timestamp", "1970-01-01T00:00:00Z"),
        (TRADES, TRADE, "timestamp", "2100-01-01T00:00:00Z"),
        (TRADES, TRADE, "timestamp", "9999-01-01T00:00:00Z"),
        (TRADES, TRADE | {"aggressor": "buy"}, "aggressor", "seller"),
        (TRADES, TRADE | {"sequence": "1"}, "sequence", "1.5"),
        (TRADES, TRADE | {"sequence": "1"}, "sequence", "-1"),
        (ORDERS, ORDER, "order_id", ""),
        (ORDERS, ORDER, "order_id", 1.5),
        (ORDERS, ORDER, "event", "amend"),
        (ORDERS, ORDER, "side", "hold"),
        (ORDERS, ORDER, "side", None),
        (ORDERS, ORDER, "price", "0"),
        (ORDERS, ORDER, "price", "nan"),
        (ORDERS, ORDER, "quantity", "0"),
        (ORDERS, ORDER, "quantity", None),
        (ORDERS, ORDER | {"event": "fill"}, "quantity", "0"),
        (ORDERS, ORDER | {"leaves_quantity": "1"}, "leaves_quantity", "-1"),
        (BOOKS, BOOK, "quantity", "-1"),
        (BOOKS, BOOK | {"snapshot": "true"}, "snapshot", "maybe"),
        (ACCOUNTS, {"account_id": "a", "owner_id": "b"}, "owner_id", ""),
        (LABELS, LABEL, "end", "2024-05-01T09:29:00Z"),
        (LABELS, LABEL | {"severity": "0.5"}, "severity", "1.5"),
    ],
)
def test_check_cell_that_breaks_its_rule_is_named(
    layout: Layout, record: dict[str, Any], column: str, value: object
) -> None:
    # The good row comes first, in a column of its own type if the bad cell has another.
    alone = not isinstance(value, str | None)
    records = [record | {column: value}] if alone else [record, record | {column: value}]
    with pytest.raises(RefusedRowsError) as caught:
        check(raw(layout, *records))
    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.row, mistake.column) == ("tape.csv", len(records), column)
    assert mistake.value == (None if value is None else str(value))
    assert mistake.rule.startswith("must ")
    assert caught.value.refused == 1


@pytest.mark.parametrize(
    ("layout", "record"),
    [
        (TRADES, TRADE),
        (TRADES, TRADE | {"price": " 1.5e0 ", "quantity": "+2"}),
        (TRADES, TRADE | {"price": Decimal("1.5"), "quantity": 2}),
        (TRADES, TRADE | {"aggressor": " BUY", "buyer_id": "", "trade_id": 7}),
        (TRADES, TRADE | {"timestamp": "2024-05-01 11:30:00+02:00"}),
        (ORDERS, ORDER | {"price": None}),
        (ORDERS, ORDER | {"event": "Cancel", "quantity": None}),
        (ORDERS, ORDER | {"event": "expire", "quantity": "0"}),
        (ORDERS, ORDER | {"event": "REJECT", "side": "Sell", "quantity": None}),
        (BOOKS, BOOK | {"quantity": "0", "snapshot": "True"}),
    ],
)
def test_check_row_in_order_is_kept(layout: Layout, record: dict[str, Any]) -> None:
    table = check(raw(layout, record)).table
    assert table.num_rows == 1
    if "timestamp" in record:
        assert table["timestamp"][0].as_py().isoformat() == "2024-05-01T09:30:00+00:00"


def test_check_words_in_any_case_become_lower_case() -> None:
    table = check(raw(ORDERS, ORDER | {"event": "NEW", "side": "Sell"})).table
    assert (table["event"].to_pylist(), table["side"].to_pylist()) == (["new"], ["sell"])


def test_check_naive_times_are_utc_and_said() -> None:
    checked = check(raw(TRADES, TRADE | {"timestamp": "2024-05-01T09:30:00"}))
    assert checked.table["timestamp"][0].as_py().isoformat() == "2024-05-01T09:30:00+00:00"
    assert checked.notes == ("timestamp has times without a zone; UTC is assumed",)


def test_check_naive_and_zoned_times_mixed_are_both_read() -> None:
    times = ["2024-05-01T09:30:00", "2024-05-01T09:30:00Z", "2024-05-01T11:30:00.000000001+02:00"]
    checked = check(raw(TRADES, *(TRADE | {"timestamp": time} for time in times)))
    assert np.ptp(checked.table["timestamp"].cast(pa.int64()).to_numpy()) == 1
    assert "UTC is assumed" in checked.notes[0]


def test_check_arrow_times_out_of_range_are_refused() -> None:
    records = [TRADE | {"timestamp": seconds} for seconds in (-1, 0, 10**9, 10**11)]
    with pytest.raises(RefusedRowsError) as caught:
        check(raw(TRADES, *records, types={"timestamp": pa.timestamp("s")}))
    assert [mistake.row for mistake in caught.value.mistakes] == [1, 2, 4]


def test_check_missing_venue_is_default() -> None:
    assert check(raw(TRADES, TRADE)).table["venue"].to_pylist() == ["default"]
    mixed = check(raw(TRADES, TRADE | {"venue": "x"}, TRADE | {"venue": None})).table
    assert mixed["venue"].to_pylist() == ["x", "default"]


def test_check_optional_column_without_values_is_left_out() -> None:
    assert "buyer_id" not in check(raw(TRADES, TRADE | {"buyer_id": None})).table.column_names


def test_check_many_mistakes_shows_ten_and_the_total() -> None:
    with pytest.raises(RefusedRowsError) as caught:
        check(raw(TRADES, *([TRADE | {"price": "-1", "symbol": ""}] * 30)))
    assert len(caught.value.mistakes) == 10
    assert caught.value.refused == 30
    assert "tape.csv: 30 of 30 rows break the schema" in str(caught.value)
    assert "  row 1, price: must be a finite number > 0, was '-1'" in str(caught.value)
    assert "and more" in str(caught.value)


def test_check_skipping_gives_good_rows_and_all_mistakes() -> None:
    checked = check(raw(TRADES, TRADE, TRADE | {"price": "0", "symbol": ""}, TRADE), skip_bad_rows=True)
    assert checked.table.num_rows == 2
    assert checked.refused_rows == (2,)
    assert [mistake.column for mistake in checked.mistakes] == ["symbol", "price"]


def test_row_numbers_of_csv_with_broken_row_are_those_of_the_file(write: Write) -> None:
    path = write("trades.csv", "timestamp,symbol,price,quantity\n2024-05-01T09:30:00Z,A,1,1\nA,B\nnever,A,1,1\n")
    with pytest.raises(RefusedRowsError) as caught:
        read_tape(path)
    assert [(mistake.row, mistake.column) for mistake in caught.value.mistakes] == [(2, "(row)"), (3, "timestamp")]
    assert "row 2, (row): must have 4 cells, has 2, was 'A,B'" in str(caught.value)


def test_refused_rows_are_a_schema_error() -> None:
    assert issubclass(RefusedRowsError, SchemaError)
