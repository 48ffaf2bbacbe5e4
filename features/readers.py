"""Tapes and datasets on disk: one file or folder in, canonical tables out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import TapeError
from features.fills import TRADE_LAYOUTS, trades_of_fills
from features.labels import read_labels
from features.lobster import LOBSTER, lobster_file, tables_of_lobster
from features.quarantine import quarantine_table
from features.schema import BOOKS, ORDERS, PARTS, TRADES
from features.tables import format_of, read_csv_without_header, read_table, stem_of, suffix_of
from features.validation import Checked, Raw, check, first_of_each_event
from features.writers import write_table


@dataclass(frozen=True)
class Tape:
    """Recorded events as canonical tables, rows as in the files; a table is None where the tape has none.

    Canonical means: the columns of `features.schema`, times as timestamp[ns, UTC], names dictionary-coded, venue always
    there, optional columns without any value left out.

    Attributes:
        name: File name without its suffix, or folder name.
        trades: Trades.
        orders: Order messages.
        books: Book levels.
        accounts: Accounts and their owners.
        rates: USD per unit of a currency.
        quarantined: Rows that broke the schema and were skipped.
        notes: What was assumed or left aside, in sentences for the user.
    """

    name: str
    trades: pa.Table | None = None
    orders: pa.Table | None = None
    books: pa.Table | None = None
    accounts: pa.Table | None = None
    rates: pa.Table | None = None
    quarantined: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of events: trades, order messages and book levels."""
        return sum(table.num_rows for table in (self.trades, self.orders, self.books) if table is not None)


@dataclass(frozen=True)
class Dataset:
    """Tapes with labels.

    Attributes:
        path: The folder.
        tapes: One path a tape, by name; give them to `read_tape`.
        labels: One row a labelled event, see `features.labels.read_labels`.
    """

    path: Path
    tapes: tuple[Path, ...]
    labels: pd.DataFrame


def read_tape(path: Path, *, skip_bad_rows: Path | None = None) -> Tape:
    """Return a tape: a file of trades, orders, one-sided fills or LOBSTER messages, or a folder of canonical tables.

    A folder holds one or more of `trades.*`, `orders.*` and `books.*`, and may hold `accounts.*` and `rates.*`, each as
    Parquet, CSV or JSON Lines.

    Args:
        path: The file or folder.
        skip_bad_rows: Leave out rows that break the schema and write them to this file (CSV or JSON Lines): file, row,
            column, value, rule, and the cells as found. It is written anew even when no row is refused.

    Raises:
        TapeError: Nothing there can be read as a tape.
        RefusedRowsError: Rows break the schema, and `skip_bad_rows` was not given.
        SchemaError: A table has the wrong columns.
    """
    path = Path(path)
    if skip_bad_rows is not None:
        format_of(skip_bad_rows)
        refuse_own_file(path, skip_bad_rows, "skipped rows")
    tables = {part: check(raw, skip_bad_rows=skip_bad_rows is not None) for part, raw in _raw_tables(path)}
    tape = assemble(name_of(path), tables, path)
    if skip_bad_rows is not None:
        write_table(quarantine_table(tables.values()), skip_bad_rows)
    return tape


def name_of(path: Path) -> str:
    """Return the name of the tape at a path."""
    return path.name if path.is_dir() else stem_of(path)


def refuse_own_file(tape: Path, out: Path, what: str) -> None:
    """Refuse to write over the tape that is read.

    Args:
        tape: File or folder of the tape.
        out: File to write.
        what: What is to be written, for the message.

    Raises:
        TapeError: The file is one of the tape's.
    """
    files = _files(tape).values() if tape.is_dir() else [tape]
    if out.exists() and any(out.samefile(file) for file in files if file.exists()):
        raise TapeError(f"{out}: {what} must go to a file of their own, was a file of the tape")


def _raw_tables(path: Path) -> Iterator[tuple[str, Raw]]:
    """Yield the tables of a tape by part, one at a time, so that only one is in memory as found."""
    if path.is_dir():
        for part, file in _files(path).items():
            yield part, read_table(file, TRADE_LAYOUTS if part == TRADES.name else [PARTS[part]])
    elif lobster_file(path) is not None:
        yield LOBSTER.name, read_csv_without_header(path, LOBSTER)
    else:
        raw = read_table(path, [ORDERS, *TRADE_LAYOUTS])
        yield raw.layout.name, raw


def read_dataset(path: Path) -> Dataset:
    """Return a dataset: a folder with `tapes/` (a file or folder each) and `labels.csv`.

    Raises:
        TapeError: The folder is not laid out so, or the labels cannot be read.
        SchemaError: The labels break their schema.
    """
    path = Path(path)
    folder = path / "tapes"
    if not folder.is_dir():
        raise TapeError(f"{path}: must be a dataset, a folder with tapes/ and labels.csv; tapes/ is missing")
    tapes = sorted(entry for entry in folder.iterdir() if _may_be_tape(entry))
    if not tapes:
        raise TapeError(f"{folder}: must hold at least one tape, was empty")
    return Dataset(path, tuple(tapes), read_labels(path / "labels.csv"))


def _may_be_tape(entry: Path) -> bool:
    return not entry.name.startswith(".") and (entry.is_dir() or suffix_of(entry) is not None)


def _files(folder: Path) -> dict[str, Path]:
    """Return the files of a tape's folder by part, in the order of `PARTS`."""
    if (folder / "tapes").is_dir():
        raise TapeError(f"{folder}: must be a tape, was a dataset; give one of the tapes in {folder / 'tapes'}")
    files: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        name = stem_of(entry)
        if suffix_of(entry) is None or name not in PARTS:
            continue
        if name in files:
            raise TapeError(f"{folder}: must hold each table once, has {files[name].name} and {entry.name}")
        files[name] = entry
    if not {TRADES.name, ORDERS.name, BOOKS.name} & set(files):
        found = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
        raise TapeError(f"{folder}: a tape must hold trades.*, orders.* or books.*, has {found}")
    return {part: files[part] for part in PARTS if part in files}


def assemble(name: str, checked: Mapping[str, Checked], path: Path | None = None) -> Tape:
    """Return a tape of checked tables.

    Args:
        name: The tape's name.
        checked: Tables by part (of one-sided fills and LOBSTER messages also by those layouts' names).
        path: Where they were read, for the date and symbol of a LOBSTER file.
    """
    tables: dict[str, pa.Table] = {}
    notes: list[str] = []
    for part, one in checked.items():
        notes += [f"{part}: {note}" for note in one.notes]
        tables |= _canonical_tables(part, one.table, path, notes)
    for part in (TRADES.name, ORDERS.name, BOOKS.name):
        if part in tables:
            tables[part] = _without_repeats(part, tables[part], notes)
    quarantined = sum(len(one.refused_rows) for one in checked.values())
    if quarantined:
        notes.append(f"{quarantined} rows broke the schema and were skipped")
    return replace(Tape(name, quarantined=quarantined, notes=tuple(notes)), **tables)


def _canonical_tables(part: str, table: pa.Table, path: Path | None, notes: list[str]) -> dict[str, pa.Table]:
    lobster = lobster_file(path) if part == LOBSTER.name and path is not None else None
    if lobster is not None:
        trades, orders, left_out = tables_of_lobster(table, lobster)
        notes += [f"{part}: {note}" for note in left_out]
        return {"trades": trades, "orders": orders}
    if "user_id" in table.column_names:
        return {"trades": trades_of_fills(table)}
    return {part: table}


def _without_repeats(part: str, table: pa.Table, notes: list[str]) -> pa.Table:
    table, dropped = first_of_each_event(table)
    if dropped:
        notes.append(f"{part}: {dropped} rows repeat an event_id and are left out")
    times = table["timestamp"].combine_chunks().cast(pa.int64()).to_numpy()
    if np.any(times[1:] < times[:-1]):
        notes.append(f"{part}: rows are not in time order; events are sorted before they are folded")
    return table
