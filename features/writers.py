"""Tables to files: Parquet, CSV and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from features.errors import TapeError
from features.tables import format_of

_BLOCK_ROWS = 100_000


def write_table(table: pa.Table, path: Path) -> Path:
    """Write a table in the format that the file name says: Parquet, CSV or JSON Lines (both also gzipped).

    Times are written in UTC with nanoseconds in Parquet, and as ISO 8601 with `Z` in text.

    Raises:
        TapeError: The suffix is none of `features.tables.SUFFIXES`, or the file cannot be written.
    """
    suffix = format_of(path)
    try:
        if suffix == ".parquet":
            pq.write_table(table, path, compression="zstd")
        else:
            _write_text(table, path, suffix)
    except OSError as error:
        raise TapeError(f"{path}: must be a file that can be written, was not: {error}") from error
    return path


def _write_text(table: pa.Table, path: Path, suffix: str) -> None:
    with pa.output_stream(str(path), compression="detect") as stream:
        if suffix.startswith(".csv"):
            arrow_csv.write_csv(_as_text(table), stream)
            return
        # An empty file would not be a table at all.
        stream.write(b"" if table.num_rows else b"\n")
        for block in _json_blocks(table):
            stream.write(block)


def _as_text(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries, and with ISO 8601 times."""
    columns = {name: _plain(table[name]) for name in table.column_names}
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        text = pc.cast(column.cast(pa.timestamp(column.type.unit, "UTC")), pa.string())
        return pc.replace_substring(text, " ", "T", max_replacements=1)
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _json_blocks(table: pa.Table) -> Iterator[bytes]:
    for batch in _as_text(table).to_batches(_BLOCK_ROWS):
        lines = (json.dumps(record, ensure_ascii=False) for record in batch.to_pylist())
        yield "".join(f"{line}\n" for line in lines).encode()
