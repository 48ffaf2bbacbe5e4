from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from features.errors import SchemaError
from features.readers import read_tape
from features.records import tables_from_records
from features.validation import RefusedRowsError

TRADE = {"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "price": 1.5, "quantity": "2"}


def test_records_give_the_tables_of_the_same_file(folder_tape: Path) -> None:
    tape = read_tape(folder_tape)
    assert tape.trades is not None
    assert tape.orders is not None
    assert tape.accounts is not None
    trades, orders = tape.trades.to_pylist(), tape.orders.to_pylist()
    for record in trades + orders:
        record["timestamp"] = record["timestamp"].isoformat()
    again = tables_from_records(trades=trades, orders=orders, accounts=tape.accounts.to_pylist())
    assert again.trades is not None
    assert again.orders is not None
    assert again.orders.equals(tape.orders)
    assert again.accounts is not None
    assert again.accounts.equals(tape.accounts)
    # Everything but the nanoseconds, which Python's datetime does not hold.
    assert again.trades.drop_columns("timestamp").equals(tape.trades.drop_columns("timestamp"))


def test_records_with_mistakes_name_list_row_and_field() -> None:
    with pytest.raises(RefusedRowsError) as caught:
        tables_from_records(trades=[TRADE, TRADE | {"price": -1}, {"symbol": "A"}])
    assert str(caught.value).startswith("request body: trades: 2 of 3 rows break the schema")
    found = [(mistake.row, mistake.column) for mistake in caught.value.mistakes]
    assert found == [(2, "price"), (3, "timestamp"), (3, "price"), (3, "quantity")]


@pytest.mark.parametrize("time", [1_714_555_800, 1_714_555_800.5, True, {"at": 1}, [1]])
def test_records_with_times_that_are_no_text_are_refused(time: object) -> None:
    with pytest.raises(RefusedRowsError, match="row 1, timestamp: must be an ISO 8601 time"):
        tables_from_records(trades=[TRADE | {"timestamp": time}])


def test_records_without_a_required_field_anywhere_are_refused() -> None:
    with pytest.raises(SchemaError, match="missing: price"):
        tables_from_records(trades=[{"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "quantity": 1}])


def test_records_with_numbers_of_several_types_are_read() -> None:
    prices = [1, 1.5, "2.5", Decimal("3.5"), 10**30, None]
    with pytest.raises(RefusedRowsError) as caught:
        tables_from_records(trades=[TRADE | {"price": price} for price in prices])
    assert [mistake.row for mistake in caught.value.mistakes] == [6]
    tape = tables_from_records(trades=[TRADE | {"price": price} for price in prices[:-1]])
    assert tape.trades is not None
    assert tape.trades["price"].to_pylist() == [1.0, 1.5, 2.5, 3.5, 1e30]


def test_records_that_are_no_objects_are_refused() -> None:
    with pytest.raises(RefusedRowsError, match=r"row 2, \(row\): must be one JSON object"):
        tables_from_records(trades=[TRADE, "trade"])  # type: ignore[list-item]


def test_records_empty_list_gives_an_empty_table() -> None:
    tape = tables_from_records(trades=[])
    assert tape.trades is not None
    assert (len(tape), tape.trades.column_names) == (0, ["timestamp", "venue", "symbol", "price", "quantity"])


def test_records_of_one_sided_fills_are_trades() -> None:
    fill = {
        "timestamp": TRADE["timestamp"],
        "user_id": "u",
        "symbol_pair": "A",
        "side": "BUY",
        "price_usd": 1,
        "amount": 1,
    }
    tape = tables_from_records(trades=[fill])
    assert tape.trades is not None
    assert tape.trades["buyer_id"].to_pylist() == ["u"]


@pytest.mark.parametrize("symbol", [{"a": 1}, ["A"], 1.5, True])
def test_records_with_names_that_are_no_text_are_refused(symbol: object) -> None:
    with pytest.raises(RefusedRowsError) as caught:
        tables_from_records(trades=[TRADE, TRADE | {"symbol": symbol}])
    (mistake,) = caught.value.mistakes
    assert (mistake.row, mistake.column, mistake.value) == (2, "symbol", str(symbol))
