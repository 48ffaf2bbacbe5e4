from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.encoding import Lots, encode
from features.errors import SchemaError, TapeError
from features.events import Vocabulary
from features.readers import read_dataset, read_tape
from features.tables import SUFFIXES
from features.validation import RefusedRowsError
from features.writers import write_table

Write = Callable[[str, str], Path]
HEADER = "timestamp,symbol,price,quantity\n"
ROW = "2024-05-01T09:30:00Z,BTC/USD,1.5,2\n"


def test_read_tape_file_of_trades_gives_canonical_table(trades_csv: Path) -> None:
    tape = read_tape(trades_csv)
    assert (tape.name, len(tape), tape.orders, tape.quarantined, tape.notes) == ("trades", 3, None, 0, ())
    assert tape.trades is not None
    assert tape.trades.schema.field("timestamp").type == pa.timestamp("ns", "UTC")
    assert tape.trades["timestamp"].cast(pa.int64())[2].as_py() == 1_714_555_801_123_456_789
    assert tape.trades["buyer_id"].to_pylist() == ["ann", "ann", None]
    assert tape.trades["aggressor"].to_pylist() == ["buy", "buy", None]


def test_read_tape_folder_gives_all_tables(folder_tape: Path) -> None:
    tape = read_tape(folder_tape)
    assert (tape.name, len(tape), tape.books) == ("tape", 6, None)
    assert tape.orders is not None
    assert tape.orders["event"].to_pylist() == ["new", "fill", "cancel"]
    assert tape.accounts is not None
    assert tape.accounts.to_pylist()[1] == {"account_id": "cid", "owner_id": "ann & co"}
    assert tape.rates is not None
    assert tape.rates["usd"].to_pylist() == [1.07]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read_tape_every_format_gives_the_same_tables(folder_tape: Path, tmp_path: Path, suffix: str) -> None:
    tape = read_tape(folder_tape)
    copy = tmp_path / "copy"
    copy.mkdir()
    tables = {name: getattr(tape, name) for name in ("trades", "orders", "accounts", "rates")}
    for name, table in tables.items():
        write_table(table, copy / f"{name}{suffix}")
    again = read_tape(copy)
    assert all(getattr(again, name).equals(table) for name, table in tables.items())


def test_read_tape_times_out_of_order_are_kept_and_said(write: Write) -> None:
    tape = read_tape(write("t.csv", HEADER + ROW + ROW.replace("2024", "2023")))
    assert len(tape) == 2
    assert tape.notes == ("trades: rows are not in time order; events are sorted before they are folded",)


def test_read_tape_equal_rows_without_event_id_are_all_kept(write: Write) -> None:
    assert len(read_tape(write("t.csv", HEADER + ROW * 3))) == 3


def test_read_tape_repeated_event_id_keeps_the_first_and_says_so(write: Write) -> None:
    rows = "".join(f"{event_id},{ROW.replace('1.5', price)}" for event_id, price in zip("abab", "1234", strict=True))
    tape = read_tape(write("t.csv", "event_id," + HEADER + rows + "," + ROW + "," + ROW))
    assert tape.trades is not None
    assert tape.trades["price"].to_pylist() == [1.0, 2.0, 1.5, 1.5]
    assert tape.notes == ("trades: 2 rows repeat an event_id and are left out",)


def test_read_tape_header_only_is_an_empty_tape(write: Write) -> None:
    tape = read_tape(write("t.csv", HEADER))
    assert tape.trades is not None
    assert len(tape) == 0
    assert len(encode(tape, Vocabulary(), Lots())) == 0


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_read_tape_header_with_or_without_line_ends_is_an_empty_tape(write: Write, ending: str) -> None:
    assert len(read_tape(write("t.csv", HEADER.strip() + ending))) == 0


def test_read_tape_byte_order_mark_and_windows_line_ends_are_read(write: Write) -> None:
    assert len(read_tape(write("t.csv", "\ufeff" + (HEADER + ROW).replace("\n", "\r\n")))) == 1


def test_read_tape_of_one_row_is_read(write: Write) -> None:
    assert len(read_tape(write("t.csv", HEADER + ROW))) == 1


def test_read_tape_of_mixed_symbols_keeps_all(write: Write) -> None:
    trades = read_tape(write("t.csv", HEADER + ROW + ROW.replace("BTC", "ETH"))).trades
    assert trades is not None
    assert trades["symbol"].to_pylist() == ["BTC/USD", "ETH/USD"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read_tape_zero_bytes_are_refused(write: Write, suffix: str) -> None:
    with pytest.raises(TapeError, match=r"t\.\S+: must hold a table, was empty"):
        read_tape(write(f"t{suffix}", ""))


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_read_tape_truncated_parquet_is_refused_by_name(one_trade: pa.Table, tmp_path: Path, kept: float) -> None:
    whole = write_table(one_trade, tmp_path / "whole.parquet").read_bytes()
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(TapeError, match=r"broken\.parquet: must be a whole \.parquet file"):
        read_tape(broken)


@pytest.mark.parametrize("suffix", [".csv.gz", ".jsonl.gz"])
def test_read_tape_truncated_gzip_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_bytes(gzip.compress((HEADER + ROW * 1000).encode())[:-20])
    with pytest.raises(TapeError, match="must be a whole"):
        read_tape(path)


def test_read_tape_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((HEADER + ROW).encode().replace(b"BTC", b"\xff\xfe\xfa"))
    with pytest.raises(TapeError, match=r"t\.csv: must be a whole"):
        read_tape(path)


@pytest.mark.parametrize("name", ["missing.csv", "missing"])
def test_read_tape_missing_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TapeError, match="must be a file, was missing"):
        read_tape(tmp_path / name)


def test_read_tape_unknown_suffix_is_refused(write: Write) -> None:
    with pytest.raises(TapeError, match=r"must end in \.parquet"):
        read_tape(write("t.xlsx", "x"))


def test_read_tape_wrong_columns_lists_them(write: Write) -> None:
    with pytest.raises(SchemaError, match=r"missing: quantity\n  unknown: size"):
        read_tape(write("t.csv", "timestamp,symbol,price,size\n"))


def test_read_tape_folder_without_events_is_refused(write: Write) -> None:
    with pytest.raises(TapeError, match=r"must hold trades\.\*, orders\.\* or books\.\*, has notes\.txt"):
        read_tape(write("tape/notes.txt", "x").parent)


def test_read_tape_folder_with_one_table_twice_is_refused(folder_tape: Path, write: Write) -> None:
    write("tape/trades.jsonl", "\n")
    with pytest.raises(TapeError, match=r"has trades\.csv and trades\.jsonl"):
        read_tape(folder_tape)


def test_read_tape_skipping_bad_rows_quarantines_and_counts_them(folder_tape: Path, write: Write) -> None:
    write("tape/trades.csv", HEADER + ROW + ROW.replace("1.5", "-1").replace("BTC/USD", "") + "torn\n" + ROW)
    write("tape/rates.csv", "timestamp,currency,usd\n2024-05-01T00:00:00Z,EUR,nan\n")
    quarantine = folder_tape / "refused.jsonl"
    tape = read_tape(folder_tape, skip_bad_rows=quarantine)
    assert (len(tape), tape.quarantined) == (5, 3)
    assert tape.notes[-1] == "3 rows broke the schema and were skipped"
    refused = [json.loads(line) for line in quarantine.read_text().splitlines()]
    assert [(line["row"], line["column"], line["value"]) for line in refused] == [
        (2, "symbol; price", "; -1"),
        (3, "(row)", "torn"),
        (1, "usd", "nan"),
    ]
    assert refused[0]["rule"].startswith("must be text, not blank; must be a finite number > 0")
    assert (refused[0]["price"], refused[0]["quantity"]) == ("-1", "2")
    assert refused[2]["file"].endswith("rates.csv")


def test_read_tape_skipping_without_bad_rows_writes_an_empty_quarantine(trades_csv: Path, tmp_path: Path) -> None:
    quarantine = tmp_path / "refused.csv"
    assert read_tape(trades_csv, skip_bad_rows=quarantine).quarantined == 0
    assert quarantine.read_text() == '"file","row","column","value","rule"\n'


def test_read_tape_quarantine_over_the_tape_is_refused(trades_csv: Path, folder_tape: Path) -> None:
    for tape, file in ((trades_csv, trades_csv), (folder_tape, folder_tape / "orders.csv")):
        before = file.read_bytes()
        with pytest.raises(TapeError, match="must go to a file of their own"):
            read_tape(tape, skip_bad_rows=file)
        assert file.read_bytes() == before


def test_read_tape_quarantine_that_cannot_be_written_is_refused(trades_csv: Path) -> None:
    with pytest.raises(TapeError, match="must be a file that can be written"):
        read_tape(trades_csv, skip_bad_rows=trades_csv.parent / "missing" / "refused.csv")


def test_read_tape_parquet_with_nested_cells_quarantines_them(tmp_path: Path) -> None:
    table = pa.table({"timestamp": ["2024-05-01"], "symbol": [{"a": 1}], "price": [[1.0]], "quantity": [1]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert read_tape(tmp_path / "t.parquet", skip_bad_rows=tmp_path / "refused.jsonl").quarantined == 1
    refused = json.loads((tmp_path / "refused.jsonl").read_text())
    assert (refused["column"], refused["symbol"]) == ("symbol; price", "{'a': 1}")


def test_read_tape_json_lines_with_bad_rows_names_them(write: Write) -> None:
    good = '{"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "price": 1.5, "quantity": 2}\n'
    text = (
        good + "\n" + good.replace("1.5", '"high"') + "{torn\n" + good.replace('"2024-05-01T09:30:00Z"', "1714555800")
    )
    with pytest.raises(RefusedRowsError) as caught:
        read_tape(write("t.jsonl", text))
    found = [(mistake.row, mistake.column, mistake.value) for mistake in caught.value.mistakes]
    assert found == [(2, "price", "high"), (3, "(row)", "{torn"), (4, "timestamp", "1714555800")]


def test_read_tape_json_lines_nested_beyond_reading_are_refused_as_rows(write: Write) -> None:
    with pytest.raises(RefusedRowsError, match=r"row 1, \(row\): must be one JSON object on one line"):
        read_tape(write("t.jsonl", '{"a":' * 5000 + "1" + "}" * 5000))


def test_read_tape_time_beyond_the_calendar_is_told_by_its_ticks(tmp_path: Path) -> None:
    times = pa.array([2**62], pa.timestamp("us"))
    pq.write_table(
        pa.table({"timestamp": times, "symbol": ["A"], "price": [1.0], "quantity": [1.0]}), tmp_path / "t.parquet"
    )
    with pytest.raises(
        RefusedRowsError, match=r"row 1, timestamp: must be an ISO 8601 time .* was '4611686018427387904'"
    ):
        read_tape(tmp_path / "t.parquet")


def test_read_tape_json_lines_with_numbers_as_text_and_ids_as_numbers_is_read(write: Write) -> None:
    line = '{"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "price": "0.1", "quantity": 2, "trade_id": 17}\n'
    trades = read_tape(write("t.jsonl", line)).trades
    assert trades is not None
    assert (trades["price"].to_pylist(), trades["trade_id"].to_pylist()) == ([0.1], ["17"])


def test_read_tape_parquet_under_a_key_value_folder_gets_no_column_of_it(one_trade: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "venue=x").mkdir()
    pq.write_table(one_trade, tmp_path / "venue=x" / "t.parquet")
    trades = read_tape(tmp_path / "venue=x" / "t.parquet").trades
    assert trades is not None
    assert trades["venue"].to_pylist() == ["default"]


def test_read_dataset_lists_tapes_and_labels(trades_csv: Path, folder_tape: Path, write: Write, tmp_path: Path) -> None:
    write("set/labels.csv", "typology,symbol,start,end\nspoofing,A,2024-05-01T09:30:00Z,2024-05-01T09:31:00Z\n")
    (tmp_path / "set" / "tapes").mkdir()
    trades_csv.rename(tmp_path / "set" / "tapes" / "b.csv")
    folder_tape.rename(tmp_path / "set" / "tapes" / "a")
    write("set/tapes/README.md", "not a tape")
    dataset = read_dataset(tmp_path / "set")
    assert [tape.name for tape in dataset.tapes] == ["a", "b.csv"]
    assert [len(read_tape(tape)) for tape in dataset.tapes] == [6, 3]
    assert dataset.labels["typology"].tolist() == ["spoofing"]
    with pytest.raises(TapeError, match="was a dataset"):
        read_tape(tmp_path / "set")


def test_read_dataset_of_a_plain_folder_is_refused(folder_tape: Path) -> None:
    with pytest.raises(TapeError, match="tapes/ is missing"):
        read_dataset(folder_tape)


def test_read_dataset_without_tapes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tapes").mkdir()
    with pytest.raises(TapeError, match="at least one tape"):
        read_dataset(tmp_path)


def test_read_dataset_of_recorded_pumps_is_read_and_encoded(pumps: Path) -> None:
    dataset = read_dataset(pumps)
    assert (len(dataset.tapes), len(dataset.labels)) == (126, 126)
    vocabulary = Vocabulary()
    tape = read_tape(dataset.tapes[0])
    events = encode(tape, vocabulary, Lots())
    assert (len(events), vocabulary.markets, tape.notes) == (48_869, [("binance", "ADX/BTC")], ())
    assert events.lots.min() > 0


def test_read_tape_json_lines_whose_first_record_lacks_a_field_names_that_record(write: Write) -> None:
    good = '{"timestamp": "2024-05-01T09:30:00Z", "symbol": "A", "price": 1.5, "quantity": 2}\n'
    with pytest.raises(RefusedRowsError, match="row 1, price: must be a finite number > 0, was empty"):
        read_tape(write("t.jsonl", good.replace('"price": 1.5, ', "") + good))


def test_read_tape_json_lines_without_records_is_an_empty_tape(write: Write) -> None:
    assert len(read_tape(write("t.jsonl", "\n"))) == 0
