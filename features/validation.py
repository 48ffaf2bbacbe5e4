"""Checking a table against its layout: every cell at once, every mistake told with file, row, column, value and rule.

Rows are counted as the user sees them: from 1, the header and empty lines not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.cells import read_cells
from features.errors import SchemaError
from features.schema import DEFAULT_VENUE, Layout

_SHOWN_MISTAKES = 10
_SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Mistake:
    """One cell that breaks its rule.

    Attributes:
        file: File or request body.
        row: Data row, from 1.
        column: Column name; "(row)" where the row could not be split into cells.
        value: The cell as found, None where it is empty.
        rule: What it must be.
    """

    file: str
    row: int
    column: str
    value: str | None
    rule: str

    def __str__(self) -> str:
        was = "empty" if self.value is None else repr(self.value[:_SHOWN_CHARACTERS])
        return f"row {self.row}, {self.column}: {self.rule}, was {was}"


class RefusedRowsError(SchemaError):
    """Rows of a table break its schema.

    Attributes:
        mistakes: The first mistakes, by row.
        refused: How many rows are refused, in all.
        rows: How many rows there are.
    """

    def __init__(self, file: str, mistakes: Sequence[Mistake], refused: int, rows: int) -> None:
        self.mistakes = tuple(mistakes)
        self.refused = refused
        self.rows = rows
        super().__init__("\n".join([f"{file}: {refused} of {rows} rows break the schema", *self._lines()]))

    def _lines(self) -> Iterable[str]:
        yield from (f"  {mistake}" for mistake in self.mistakes)
        if self.refused > len({mistake.row for mistake in self.mistakes}):
            yield f"  … and more; the first {len(self.mistakes)} mistakes are shown"


@dataclass(frozen=True)
class Raw:
    """A table as found, before any rule.

    Attributes:
        file: File or request body, for messages.
        layout: The layout it was recognised as.
        table: Its known columns, cells as found.
        row: Data row of each row of `table`, from 1, shape (n_rows,); None: they follow one another.
        unsplit: Mistakes of rows that could not be split into cells, one each; these rows are not in `table`.
        note: What the user should know about the columns, or None.
    """

    file: str
    layout: Layout
    table: pa.Table
    row: NDArray[np.int64] | None = None
    unsplit: tuple[Mistake, ...] = ()
    note: str | None = None

    def row_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the data rows of positions in the table."""
        return positions + 1 if self.row is None else self.row[positions]


@dataclass(frozen=True)
class Checked:
    """A table that keeps its layout's rules.

    Attributes:
        table: Canonical columns, rows as in the file; optional columns without any value are left out.
        mistakes: All mistakes of the refused rows, by row; empty unless they were to be skipped.
        refused: The refused rows as found, aligned with `refused_rows`.
        refused_rows: Their data rows; rows that could not be made a table's row come without cells.
        notes: What was assumed or left aside.
    """

    table: pa.Table
    mistakes: tuple[Mistake, ...]
    refused: pa.Table
    refused_rows: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Broken:
    """Where one rule of one column is broken: positions, ascending."""

    column: str
    rule: str
    positions: NDArray[np.int64]


def check(raw: Raw, *, skip_bad_rows: bool = False) -> Checked:
    """Return the canonical table.

    Args:
        raw: The table as found.
        skip_bad_rows: Leave refused rows out and report them, instead of refusing the whole table.

    Raises:
        RefusedRowsError: Rows break the schema, and are not to be skipped.
    """
    columns, broken, notes = _read_columns(raw)
    broken += _row_rules(raw, columns, broken)
    bad = np.unique(np.concatenate([np.empty(0, np.int64), *(rule.positions for rule in broken)]))
    count = len(bad) + len(raw.unsplit)
    if count and not skip_bad_rows:
        raise RefusedRowsError(
            raw.file, _mistakes(raw, broken, _SHOWN_MISTAKES), count, raw.table.num_rows + len(raw.unsplit)
        )
    table = _canonical(raw, columns)
    if len(bad):
        table = table.filter(pa.array(~np.isin(np.arange(raw.table.num_rows), bad))).combine_chunks()
    refused_rows = (*raw.row_of(bad).tolist(), *(mistake.row for mistake in raw.unsplit))
    return Checked(table, _mistakes(raw, broken, None), raw.table.take(pa.array(bad)), refused_rows, tuple(notes))


def _read_columns(raw: Raw) -> tuple[dict[str, pa.Array], list[_Broken], list[str]]:
    columns: dict[str, pa.Array] = {}
    broken: list[_Broken] = []
    notes = [raw.note] if raw.note else []
    for column in raw.layout.columns:
        if column.name not in raw.table.column_names:
            continue
        cells = read_cells(column, raw.table[column.name])
        columns[column.name] = cells.values
        if cells.bad.any():
            broken.append(_Broken(column.name, column.rule, np.flatnonzero(cells.bad)))
        if cells.naive:
            notes.append(f"{column.name} has times without a zone; UTC is assumed")
    return columns, broken, notes


def _row_rules(raw: Raw, columns: dict[str, pa.Array], broken: Sequence[_Broken]) -> list[_Broken]:
    """Return what breaks a rule over several cells, where each cell alone is in order."""
    if not raw.table.num_rows:
        return []
    known = np.concatenate([np.empty(0, np.int64), *(rule.positions for rule in broken)])
    found = []
    for rule in raw.layout.row_rules:
        mask = pc.fill_null(rule.broken(columns), fill_value=False).to_numpy(zero_copy_only=False)
        positions = np.setdiff1d(np.flatnonzero(mask), known)
        if len(positions):
            found.append(_Broken(rule.column, rule.rule, positions))
    return found


def _mistakes(raw: Raw, broken: Sequence[_Broken], limit: int | None) -> tuple[Mistake, ...]:
    """Return the first mistakes by row, columns in canonical order within a row."""
    cells = [mistake for rule in broken for mistake in _of_rule(raw, rule, limit)]
    return tuple(sorted([*cells, *raw.unsplit], key=lambda mistake: mistake.row)[:limit])


def _of_rule(raw: Raw, rule: _Broken, limit: int | None) -> Iterable[Mistake]:
    positions = rule.positions[:limit]
    values = _values(raw.table[rule.column].take(pa.array(positions)))
    for row, value in zip(raw.row_of(positions).tolist(), values, strict=True):
        yield Mistake(raw.file, row, rule.column, None if value is None else str(value), rule.rule)


def _values(cells: pa.ChunkedArray) -> list[object]:
    """Return cells for a message; times that Python's calendar does not reach come as their ticks."""
    try:
        return list(cells.to_pylist())
    except (OverflowError, ValueError):
        return list(cells.cast(pa.int64()).to_pylist())


def _canonical(raw: Raw, columns: dict[str, pa.Array]) -> pa.Table:
    optional = {column.name for column in raw.layout.columns if column.optional}
    n_rows = raw.table.num_rows
    kept = {
        name: values
        for name, values in columns.items()
        if name == "venue" or name not in optional or values.null_count < n_rows
    }
    if "venue" in raw.layout.names:
        kept["venue"] = _with_default(kept.get("venue"), n_rows)
    return pa.table({name: kept[name] for name in raw.layout.names if name in kept})


def _with_default(venue: pa.Array | None, n_rows: int) -> pa.Array:
    if venue is not None and not venue.null_count:
        return venue
    if venue is None:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int32)), pa.array([DEFAULT_VENUE]))
    codes = pc.fill_null(venue.indices, len(venue.dictionary))
    return pa.DictionaryArray.from_arrays(codes, pa.concat_arrays([venue.dictionary, pa.array([DEFAULT_VENUE])]))


def first_of_each_event(table: pa.Table) -> tuple[pa.Table, int]:
    """Return a table without repeated `event_id`s, and how many rows were dropped.

    An event id is the source's identity of a message, so a second row with it is the same message sent again; rows of
    equal content without an id are events of their own.
    """
    if "event_id" not in table.column_names or not table.num_rows:
        return table, 0
    ids = table["event_id"].combine_chunks().dictionary_encode()
    codes = pc.fill_null(ids.indices, -1).to_numpy(zero_copy_only=False)
    first = np.zeros(len(codes), dtype=np.bool_)
    first[np.unique(codes, return_index=True)[1]] = True
    kept = first | (codes == -1)
    dropped = int(len(kept) - kept.sum())
    return (table.filter(pa.array(kept)).combine_chunks() if dropped else table), dropped
