"""Tables in files: Parquet, CSV and JSON Lines (the last two also gzipped), cells as found.

Text files are read in Arrow's typed, threaded readers. Only a file that these refuse is read again, slowly, to tell
which of its rows are at fault.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json
import pyarrow.parquet as pq

from features.errors import SchemaError, TapeError
from features.recognition import recognise
from features.record_cells import raw_from_records
from features.schema import NAME, Layout
from features.validation import Mistake, Raw

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_SHOWN_CHARACTERS = 200
_JSON_TYPES = {"number": pa.float64(), "whole": pa.int64(), "flag": pa.bool_()}


def suffix_of(path: Path) -> str | None:
    """Return the file format's suffix in lower case, None if it is not one that can be read."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), None)


def format_of(path: Path) -> str:
    """Return the file format's suffix.

    Raises:
        TapeError: It is none of `SUFFIXES`.
    """
    suffix = suffix_of(path)
    if suffix is None:
        raise TapeError(f"{path}: file name must end in {', '.join(SUFFIXES)}")
    return suffix


def stem_of(path: Path) -> str:
    """Return the file name without the format's suffix."""
    return path.name[: -len(suffix_of(path) or "")] if suffix_of(path) else path.name


def read_table(path: Path, layouts: Sequence[Layout]) -> Raw:
    """Return a file's table, cells as found, and the layout that it has.

    Args:
        path: File with one of `SUFFIXES`.
        layouts: Layouts that it may have, the likeliest first.

    Raises:
        TapeError: The file is missing, has no bytes, is damaged or of an unknown format.
        SchemaError: Its columns are those of none of the layouts.
    """
    _refuse_empty(path)
    suffix = format_of(path)
    try:
        if suffix == ".parquet":
            return _read_parquet(path, layouts)
        return _read_csv(path, layouts) if suffix.startswith(".csv") else _read_json(path, layouts)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise TapeError(f"{path}: must be a whole {suffix} file, was not readable: {error}") from error


def _refuse_empty(path: Path) -> None:
    if not path.is_file():
        raise TapeError(f"{path}: must be a file, was {'a folder' if path.is_dir() else 'missing'}")
    if not path.stat().st_size:
        raise TapeError(f"{path}: must hold a table, was empty (zero bytes)")


def _read_parquet(path: Path, layouts: Sequence[Layout]) -> Raw:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
    layout, note = recognise(schema.names, layouts, str(path))
    known = [name for name in layout.names if name in schema.names]
    textual = [name for name in known if schema.field(name).type in {pa.string(), pa.large_string()}]
    repeating = [column.name for column in layout.columns if column.kind in {"name", "word"} and column.name in textual]
    with pq.ParquetFile(path, read_dictionary=repeating) as file:
        return Raw(str(path), layout, file.read(columns=known), note=note)


def _read_csv(path: Path, layouts: Sequence[Layout]) -> Raw:
    with pa.input_stream(str(path), compression="detect") as stream:
        lines = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig"))
        header = next(lines, [])
        has_rows = any(lines)
    layout, note = recognise(header, layouts, str(path))
    known = [name for name in layout.names if name in header]
    if not has_rows:
        return Raw(str(path), layout, pa.table({name: pa.array([], pa.string()) for name in known}), note=note)
    return _csv_cells(path, layout, known, note)


def read_csv_without_header(path: Path, layout: Layout) -> Raw:
    """Return the cells of a CSV file whose columns are the layout's, in order.

    Raises:
        TapeError: The file is missing, has no bytes or is damaged.
    """
    _refuse_empty(path)
    try:
        return _csv_cells(path, layout, None, None)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise TapeError(f"{path}: must be a whole CSV file, was not readable: {error}") from error


def _csv_cells(path: Path, layout: Layout, columns: Sequence[str] | None, note: str | None) -> Raw:
    """Return cells as text; without `columns` the file has no header, and all of the layout's columns."""
    try:
        return Raw(str(path), layout, _parse_csv(path, layout, columns), note=note)
    except pa.ArrowInvalid:
        pass
    # One thread, because only then does Arrow number the rows that do not split into the right number of cells.
    unsplit: list[Mistake] = []
    first_line = 0 if columns is None else 1

    def keep(row: arrow_csv.InvalidRow) -> str:
        rule = f"must have {row.expected_columns} cells, has {row.actual_columns}"
        unsplit.append(Mistake(str(path), row.number - first_line, "(row)", row.text[:_SHOWN_CHARACTERS], rule))
        return "skip"

    table = _parse_csv(path, layout, columns, arrow_csv.ParseOptions(invalid_row_handler=keep))
    rows = np.arange(1, table.num_rows + len(unsplit) + 1, dtype=np.int64)
    good = np.setdiff1d(rows, [mistake.row for mistake in unsplit])
    return Raw(str(path), layout, table, good, tuple(unsplit), note)


def _parse_csv(
    path: Path, layout: Layout, columns: Sequence[str] | None, careful: arrow_csv.ParseOptions | None = None
) -> pa.Table:
    types = {column.name: NAME if column.kind in {"name", "word"} else pa.string() for column in layout.columns}
    reading = arrow_csv.ReadOptions(use_threads=careful is None, column_names=layout.names if columns is None else None)
    cells = arrow_csv.ConvertOptions(
        column_types=types, include_columns=columns, null_values=[""], strings_can_be_null=True
    )
    with pa.input_stream(str(path), compression="detect") as stream:
        return arrow_csv.read_csv(stream, read_options=reading, parse_options=careful, convert_options=cells)


def _read_json(path: Path, layouts: Sequence[Layout]) -> Raw:
    first = next((record for _, record in _objects(path) if isinstance(record, dict)), {})
    try:
        layout, note = recognise(list(first), layouts, str(path))
    except SchemaError:
        return raw_from_records(list(_objects(path)), layouts, str(path))
    types = [(column.name, _json_type(column.kind, first.get(column.name))) for column in layout.columns]
    options = arrow_json.ParseOptions(explicit_schema=pa.schema(types), unexpected_field_behavior="ignore")
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            return Raw(str(path), layout, arrow_json.read_json(stream, parse_options=options), note=note)
    except pa.ArrowInvalid:
        return raw_from_records(list(_objects(path)), layouts, str(path))


def _json_type(kind: str, value: object) -> pa.DataType:
    """Return the type that a column has throughout, judged by its first cell; exchanges also send numbers as text."""
    if isinstance(value, str):
        return pa.string()
    if kind == "id" and isinstance(value, int):
        return pa.int64()
    return _JSON_TYPES.get(kind, pa.string())


def _objects(path: Path) -> Iterator[tuple[int, object]]:
    """Yield data row (empty lines not counted) and the value of each line; the text where it is not JSON."""
    with pa.input_stream(str(path), compression="detect") as stream:
        lines = (line.strip() for line in io.TextIOWrapper(stream, encoding="utf-8-sig"))
        for row, line in enumerate((line for line in lines if line), start=1):
            try:
                yield row, json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                yield row, line
