from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.encoding import Lots, encode, order_hash
from features.errors import SchemaError
from features.events import CANCEL, FILL, IMAGE, LEVEL, NEW, ORDER_KINDS, TRADE, Events, Vocabulary
from features.order import total_order
from features.readers import Tape, read_tape
from features.records import tables_from_records
from features.schema import ORDERS, TRADES
from features.writers import write_table

TRADE_RECORD: dict[str, Any] = {"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "price": 1.5, "quantity": 2}


def assert_same(left: Events, right: Events) -> None:
    for field in fields(Events):
        if field.name == "ids":
            assert left.ids.equals(right.ids)
        else:
            np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name))


def test_encode_folder_tape_gives_orders_then_trades(folder_tape: Path) -> None:
    vocabulary = Vocabulary()
    events = encode(read_tape(folder_tape), vocabulary, Lots(default=0.25), source=7, first_row=100)
    assert events.kind.tolist() == [NEW, FILL, CANCEL, TRADE, TRADE, TRADE]
    assert events.row.tolist() == [100, 101, 102, 100, 101, 102]
    assert events.source.tolist() == [7] * 6
    assert events.lots.tolist() == [2, 1, -1, 1, 1, 8]
    assert events.leaves.tolist() == [2, 1, -1, -1, -1, -1]
    assert events.side.tolist() == [1, 1, 1, 1, 1, 0]
    assert np.isnan(events.price).tolist() == [False, False, True, False, False, False]
    assert events.ids.to_pylist() == ["o1", "o1", "o1", "t1", "t2", None]
    assert events.sequence.tolist() == [0] * 6
    assert [vocabulary.markets[code] for code in events.market[[0, 3, 5]]] == [
        ("default", "BTC/USD"),
        ("x", "BTC/USD"),
        ("y", "ETH/USD"),
    ]


def test_encode_accounts_of_one_owner_are_one_entity(folder_tape: Path) -> None:
    vocabulary = Vocabulary()
    events = encode(read_tape(folder_tape), vocabulary, Lots())
    ann, cid = (vocabulary.account(name) for name in ("ann", "cid"))
    assert events.account.tolist() == [ann, ann, ann, ann, ann, -1]
    assert events.counter[-1] == cid
    assert vocabulary.entities(np.array([ann, cid], np.int32)).tolist() == [ann, ann]


def test_encode_order_ids_are_hashes_and_never_zero(folder_tape: Path) -> None:
    events = encode(read_tape(folder_tape), Vocabulary(), Lots())
    assert set(events.order[:3].tolist()) == {order_hash("o1")}
    assert events.order[3:].tolist() == [0, 0, 0]
    assert order_hash("o1") == 5_307_091_263_377_485_954


def test_encode_symbol_with_its_own_lot_uses_it() -> None:
    tape = tables_from_records(trades=[TRADE_RECORD, TRADE_RECORD | {"symbol": "B"}])
    events = encode(tape, Vocabulary(), Lots(default=1e-8, by_symbol={"B": 0.5}))
    assert events.lots.tolist() == [200_000_000, 4]


@pytest.mark.parametrize(
    ("quantity", "lot", "declare"), [(1e-9, 1e-8, "1e-09"), (3e-4, 1.0, "1e-04"), (1e12, 1e-8, "1e-03")]
)
def test_encode_quantity_outside_lots_names_row_and_lot_to_declare(quantity: float, lot: float, declare: str) -> None:
    tape = tables_from_records(trades=[TRADE_RECORD, TRADE_RECORD | {"quantity": quantity}])
    with pytest.raises(SchemaError, match=f"row 2, quantity: must be at .* declare a lot of {declare} for A"):
        encode(tape, Vocabulary(), Lots(default=lot, by_symbol={}))
    lots = Lots(by_symbol={"A": float(declare)})
    assert encode(replace(tape, trades=tape.trades.slice(1)), Vocabulary(), lots).lots[0] > 0  # type: ignore[union-attr]


def test_encode_leaves_below_a_lot_are_nothing_left() -> None:
    order = TRADE_RECORD | {"order_id": "o", "event": "fill", "side": "buy", "leaves_quantity": 1e-17}
    assert encode(tables_from_records(orders=[order]), Vocabulary(), Lots()).leaves.tolist() == [0]


def test_encode_plain_string_columns_are_coded_as_well(one_trade: pa.Table) -> None:
    vocabulary = Vocabulary()
    events = encode(
        Tape("t", trades=one_trade.set_column(0, "timestamp", one_trade[0].cast(pa.timestamp("ns", "UTC")))),
        vocabulary,
        Lots(),
    )
    assert (len(events), vocabulary.markets) == (1, [("default", "BTC/USD")])


def test_encode_accounts_of_skipped_rows_are_not_in_the_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("timestamp,symbol,price,quantity,buyer_id\n,A,1,1,ghost\n2024-05-01T09:30:00Z,A,1,1,ann\n")
    vocabulary = Vocabulary()
    encode(read_tape(path, skip_bad_rows=tmp_path / "refused.csv"), vocabulary, Lots())
    assert vocabulary.accounts == ["ann"]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
NUMBERS = st.floats(min_value=1e-6, max_value=1e7, allow_subnormal=False)
TIMES = st.integers(40_000_000_000_000_000, 4_000_000_000_000_000_000)
TRADE_ROWS = st.fixed_dictionaries(
    {"timestamp": TIMES, "symbol": NAMES, "price": NUMBERS, "quantity": NUMBERS},
    optional={
        "venue": NAMES,
        "trade_id": NAMES,
        "buyer_id": NAMES,
        "seller_id": NAMES,
        "aggressor": st.sampled_from(["buy", "sell"]),
        "sequence": st.integers(0, 2**62),
    },
)
ORDER_ROWS = st.fixed_dictionaries(
    {
        "timestamp": TIMES,
        "symbol": NAMES,
        "order_id": NAMES,
        "event": st.sampled_from(sorted(ORDER_KINDS)),
        "side": st.sampled_from(["buy", "sell"]),
        "price": st.none() | NUMBERS,
        "quantity": NUMBERS,
    },
    optional={"account_id": NAMES, "leaves_quantity": NUMBERS},
)


def as_table(rows: list[dict[str, Any]], layout: Any) -> pa.Table:
    columns = [column for column in layout.columns if not column.optional or any(column.name in row for row in rows)]
    cells = {column.name: [row.get(column.name) for row in rows] for column in columns}
    plain = {column.name: pa.string() if pa.types.is_dictionary(column.type) else column.type for column in columns}
    return pa.table({name: pa.array(values, plain[name]) for name, values in cells.items()})


@given(trades=st.lists(TRADE_ROWS, max_size=6), orders=st.lists(ORDER_ROWS, max_size=6))
@settings(max_examples=60, deadline=None)
def test_round_trip_through_every_format_is_identical(
    trades: list[dict[str, Any]], orders: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    results = []
    for suffix in (".parquet", ".csv", ".jsonl"):
        folder = tmp_path_factory.mktemp("tape")
        write_table(as_table(trades, TRADES), folder / f"trades{suffix}")
        write_table(as_table(orders, ORDERS), folder / f"orders{suffix}")
        tape, vocabulary = read_tape(folder), Vocabulary()
        results.append((tape, encode(tape, vocabulary, Lots(default=1e-7)), vocabulary.to_dict()))
    (first, events, codes), *others = results
    assert events.time.tolist() == [row["timestamp"] for row in orders + trades]
    np.testing.assert_array_equal(events.price[len(orders) :], [row["price"] for row in trades])
    for tape, again, codes_again in others:
        assert first.trades.equals(tape.trades)  # type: ignore[union-attr]
        assert first.orders.equals(tape.orders)  # type: ignore[union-attr]
        assert codes == codes_again
        assert_same(events, again)


@given(seconds=st.integers(40_000_000, 4_000_000_000), hours=st.integers(-12, 14))
@settings(max_examples=50, deadline=None)
def test_times_with_any_zone_are_read_as_the_same_moment(seconds: int, hours: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    local = (moment + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S") + f"{hours:+03d}:00"
    tape = tables_from_records(trades=[TRADE_RECORD | {"timestamp": local}])
    assert encode(tape, Vocabulary(), Lots()).time.tolist() == [seconds * 10**9]


LEVEL_RECORD: dict[str, Any] = {
    "timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "side": "sell", "price": 1.5, "quantity": 2,
}  # fmt: skip


def test_encode_book_levels_stand_after_trades_and_tell_images_apart() -> None:
    books = [LEVEL_RECORD, LEVEL_RECORD | {"side": "buy", "quantity": 0}, LEVEL_RECORD | {"snapshot": True}]
    vocabulary = Vocabulary()
    events = encode(tables_from_records(trades=[TRADE_RECORD], books=books), vocabulary, Lots(0.5), first_row=3)
    assert events.kind.tolist() == [TRADE, LEVEL, LEVEL, IMAGE]
    assert (events.side[1:].tolist(), events.lots[1:].tolist()) == ([-1, 1, -1], [4, 0, 4])
    assert (events.row.tolist(), events.market.tolist()) == ([3, 3, 4, 5], [0] * 4)
    assert events.is_book.tolist() == [False, True, True, True]
    assert events.without_books().kind.tolist() == [TRADE]
    assert set(events.account[1:].tolist()) == {-1}


def test_lots_fitted_to_a_book_hold_its_largest_level_and_no_sum_of_them() -> None:
    wide = tables_from_records(books=[LEVEL_RECORD | {"quantity": 1e12}])
    many = tables_from_records(books=[LEVEL_RECORD | {"quantity": 8e7}] * 100)
    assert encode(wide, Vocabulary(), Lots().fitted(wide)).lots[0] <= 2**53
    assert Lots().fitted(many).of("A") == Lots().of("A")


def test_events_of_one_moment_stand_with_levels_before_trades() -> None:
    events = encode(tables_from_records(trades=[TRADE_RECORD], books=[LEVEL_RECORD]), Vocabulary(), Lots())
    assert total_order(events).kind.tolist() == [LEVEL, TRADE]
