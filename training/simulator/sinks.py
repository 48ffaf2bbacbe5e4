"""Where the tables of a tape go, a chunk at a time."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

_ALWAYS = ("trades", "orders", "accounts")  # written even without rows


class Sink(Protocol):
    """Takes tables."""

    def write(self, name: str, table: pa.Table) -> None:
        """Take the next rows of a table."""
        ...


class Memory:
    """Keeps tables."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[pa.Table]] = defaultdict(list)

    def write(self, name: str, table: pa.Table) -> None:
        """Keep the rows."""
        self._chunks[name].append(table)

    def table(self, name: str) -> pa.Table:
        """Return all rows of a table."""
        return pa.concat_tables(self._chunks[name])


class Folder:
    """Writes Parquet files as rows come; the folder is replaced when it is complete, never before.

    Args:
        folder: The tape's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._writers: dict[str, pq.ParquetWriter] = {}

    def write(self, name: str, table: pa.Table) -> None:
        """Append rows; tables that never have any are left out, but for trades, orders and accounts."""
        if name not in self._writers:
            if not table.num_rows and name not in _ALWAYS:
                return
            path = self._partial / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1)
        if table.num_rows:
            self._writers[name].write_table(table)

    def __enter__(self) -> Self:
        """Begin with an empty partial folder."""
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the complete tape in place; throw a partial one away."""
        for writer in self._writers.values():
            writer.close()
        if kind is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._partial.rename(self._folder)
        else:
            shutil.rmtree(self._partial, ignore_errors=True)
