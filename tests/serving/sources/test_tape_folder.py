"""A tape that grows on disk: whatever step a kill falls on, each row is there once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import TapeError
from serving.errors import SourceError
from serving.sources.canonical import Change, books_table, trades_table
from serving.sources.dialects.dialect import Dialect
from serving.sources.feed import Market
from serving.sources.settings_file import exchange_options
from serving.sources.tape_folder import TapeFolder, tape_folder
from serving.sources.terms import Known

MARKET = Market("kraken", "BTC/EUR")


def trades(*numbers: int) -> pa.Table:
    told = [
        {"id": str(n), "timestamp": 1_600_000_000_000 + n, "price": 10.0, "amount": 1.0, "side": "buy"} for n in numbers
    ]
    return trades_table(MARKET, told, Dialect(None, lambda _symbol, _fault: None))


def ids(out: Path) -> list[str]:
    return [str(one) for one in pq.read_table(out / "trades.parquet")["trade_id"].to_pylist()]


def test_trades_told_by_number_and_text_are_canonical() -> None:
    row = trades(7).to_pylist()[0]
    assert row["event_id"] == "kraken:BTC/EUR:7"
    assert (row["trade_id"], row["sequence"], row["aggressor"]) == ("7", 7, "buy")
    assert row["timestamp"].value == 1_600_000_000_007_000_000


@pytest.mark.parametrize("step", ["before_assembly", "after_the_table_was_replaced"])
def test_kill_between_two_steps_doubles_and_loses_nothing(tmp_path: Path, step: str) -> None:
    tape, killed = tmp_path / "tape", tmp_path / "killed"
    with tape_folder(tape) as folder:
        folder.add("trades", trades(*range(100)))
    with tape_folder(tape) as folder:
        folder.add("trades", trades(100, 101))
        folder.flush()
        shutil.copytree(tape, killed)
    assert len(list((killed / ".parts").glob("trades-*"))) == 1
    if step == "after_the_table_was_replaced":
        shutil.copy(tape / "trades.parquet", killed / "trades.parquet")
    with tape_folder(killed) as folder:
        assert folder.newest(MARKET) == Known(1_600_000_000_101, "101")
    assert ids(killed) == [str(number) for number in range(102)]


def test_rows_that_cannot_be_written_are_kept_for_the_next_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with tape_folder(tmp_path) as folder:
        folder.add("trades", trades(1, 2))
        with monkeypatch.context() as broken:
            broken.setattr("serving.sources.tape_folder._write_whole", full)
            with pytest.raises(TapeError, match="must be a folder that can be written"):
                folder.flush()
        folder.add("trades", trades(3))
    assert ids(tmp_path) == ["1", "2", "3"]


def test_newest_and_ids_are_of_the_market_alone(tmp_path: Path) -> None:
    with tape_folder(tmp_path) as folder:
        folder.add("trades", trades(1, 2, 3))
        folder.flush()
        assert folder.newest(Market("kraken", "ETH/EUR")) is None
        assert folder.trade_ids(MARKET, 1_600_000_000_002) == {"2", "3"}


def test_books_are_written_with_images_and_changes(tmp_path: Path) -> None:
    changes = [
        Change(1_600_000_000_000_000_000, 0, 10.0, 1.0, snapshot=True, sequence=1),
        Change(1_600_000_000_000_000_001, 1, 11.0, 0.0, snapshot=False, sequence=2),
    ]
    with tape_folder(tmp_path) as folder:
        folder.add("books", books_table(MARKET, changes))
    rows = pq.read_table(tmp_path / "books.parquet").to_pylist()
    assert [(row["side"], row["quantity"], row["snapshot"]) for row in rows] == [
        ("buy", 1.0, True),
        ("sell", 0.0, False),
    ]


@pytest.mark.parametrize("spoil", [lambda out: out.write_text("x"), lambda out: (out / "tapes").mkdir(parents=True)])
def test_folder_that_is_no_place_for_a_tape_is_refused(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    spoil(tmp_path / "out")
    with pytest.raises(TapeError, match="must be a"), tape_folder(tmp_path / "out"):
        pass


def test_folder_open_alone_has_nothing_waiting(tmp_path: Path) -> None:
    with tape_folder(tmp_path) as folder:
        assert isinstance(folder, TapeFolder)
    assert ids(tmp_path) == []


def test_exchange_settings_are_read_by_name_and_refused_if_broken(tmp_path: Path) -> None:
    assert exchange_options(tmp_path, "kraken") == {}
    (tmp_path / "exchanges.toml").write_text('[Kraken]\napiKey = "k"\n[binance.urls.api]\npublic = "http://x"\n')
    assert exchange_options(tmp_path, "Kraken") == {"apiKey": "k"}
    assert exchange_options(tmp_path, "binance") == {"urls": {"api": {"public": "http://x"}}}
    (tmp_path / "exchanges.toml").write_text("[kraken]\na = 1\n[Kraken]\nb = 2\n")
    with pytest.raises(SourceError, match="kraken must be one table, was 2"):
        exchange_options(tmp_path, "kraken")
    (tmp_path / "exchanges.toml").write_text("kraken = 3\n")
    with pytest.raises(SourceError, match="kraken must be a table, was 3"):
        exchange_options(tmp_path, "kraken")
    (tmp_path / "exchanges.toml").write_text("kraken = \n")
    with pytest.raises(SourceError, match="must be TOML"):
        exchange_options(tmp_path, "kraken")
