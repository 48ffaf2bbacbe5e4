"""A tape that grows on disk: a kill loses what was not flushed yet, and what is there can be read at any time.

    OUT/trades.parquet, books.parquet     the tape, replaced whole from time to time
    OUT/.parts/trades-000007.parquet …    what came since, a file a flush
    OUT/.parts/recorded.json              up to when each market was recorded
    OUT/.parts/lock                       one process at a time

A table says in its own metadata up to which part it holds all, so a kill between two steps doubles nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import TapeError
from features.time_units import MS_NS
from serving.files import lock, sync_folder, write_whole
from serving.sources.canonical import EMPTY
from serving.sources.feed import Delivery, Market
from serving.sources.terms import Known

PARTS = ".parts"
TIMES = "recorded.json"
_HELD = b"tapewatch_parts"
_SHARE = 10
_MOST_PARTS = 500


class TapeFolder:
    """The folder of a tape that is being written; open it with `tape_folder`.

    Args:
        out: The folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.parts = out / PARTS
        self.rows = dict.fromkeys(EMPTY, 0)
        self._until = _stored_times(self.parts / TIMES)
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in EMPTY}
        self._last = {name: max([self._held(name), *map(_number, self._parts_of(name))]) for name in EMPTY}
        self._pending = {name: sum(_rows(part) for part in self._parts_of(name)) for name in EMPTY}

    def add(self, name: str, table: pa.Table) -> None:
        """Take rows; they are on disk after the next `flush`."""
        self._waiting[name].append(table)
        self.rows[name] += table.num_rows

    async def take(self, delivery: Delivery) -> None:
        """Take what a feed delivers."""
        for name, table in (("trades", delivery.trades), ("books", delivery.books)):
            if table is not None:
                self.add(name, table)
        if delivery.until_ns is not None:
            self._until["\t".join(delivery.market)] = delivery.until_ns

    def flush(self) -> None:
        """Write what waits as new parts, and put tables together where enough has gathered.

        Raises:
            TapeError: It cannot be written, as when the disk is full; what waits is kept.
        """
        try:
            for name in EMPTY:
                self._write_part(name)
                if self._is_due(name):
                    self.assemble(name)
            if self._until:
                write_whole(self.parts / TIMES, json.dumps(dict(self._until)).encode())
        except OSError as error:
            raise TapeError(f"{self.out}: must be a folder that can be written, was not: {error}") from error

    def _write_part(self, name: str) -> None:
        # Taken at once, for the loop goes on adding while this runs in a thread.
        tables, self._waiting[name] = self._waiting[name], []
        if not tables:
            return
        table, number = _conformed(name, tables), self._last[name] + 1
        try:
            _write_whole(self.parts / f"{name}-{number:06d}.parquet", iter([table]), table.schema)
        except OSError:
            self._waiting[name] = [table, *self._waiting[name]]
            raise
        self._last[name] = number
        self._pending[name] += table.num_rows

    def _is_due(self, name: str) -> bool:
        """Return whether enough has gathered: a tenth of the table, so that rewriting it costs ten times its size."""
        waiting = self._pending[name]
        return (waiting > 0 and waiting * _SHARE >= _rows(self._table(name))) or len(
            self._parts_of(name)
        ) >= _MOST_PARTS

    def assemble(self, name: str) -> None:
        """Put a table and its parts together as the new table; without either, trades become an empty table."""
        parts = [part for part in self._parts_of(name) if _number(part) > self._held(name)]
        if parts or (name == "trades" and not self._table(name).exists()):
            schema = EMPTY[name].schema.with_metadata({_HELD: str(self._last[name]).encode()})
            _write_whole(self._table(name), self._pieces(name, parts), schema)
        for part in self._parts_of(name):
            part.unlink()
        self._pending[name] = 0

    def close(self) -> None:
        """Write and put together all that there is."""
        self.flush()
        for name in EMPTY:
            self.assemble(name)

    def _pieces(self, name: str, parts: list[Path]) -> Iterator[pa.Table]:
        if self._table(name).exists():
            with pq.ParquetFile(self._table(name)) as file:
                for group in range(file.num_row_groups):
                    yield _conformed(name, [file.read_row_group(group)])
        if parts:
            yield _conformed(name, [pq.read_table(part) for part in parts])

    def _table(self, name: str) -> Path:
        return self.out / f"{name}.parquet"

    def _parts_of(self, name: str) -> list[Path]:
        return sorted(self.parts.glob(f"{name}-*.parquet"))

    def _held(self, name: str) -> int:
        """Return the number of the last part that is in the table."""
        path = self._table(name)
        return int((pq.read_metadata(path).metadata or {}).get(_HELD, b"0")) if path.exists() else 0

    def _trades(self, market: Market, from_ms: int) -> Iterator[pa.Table]:
        """Yield time and ids of a market's trades from a time on, piece by piece, waiting ones not."""
        wanted = (
            (pc.field("venue") == market.venue)
            & (pc.field("symbol") == market.symbol)
            & (pc.field("timestamp") >= pa.scalar(from_ms * MS_NS, pa.timestamp("ns", "UTC")))
        )
        for path in (self._table("trades"), *self._parts_of("trades")):
            if path.exists():
                yield pq.read_table(path, columns=["timestamp", "trade_id"], filters=wanted)

    def newest(self, market: Market) -> Known | None:
        """Return a market's newest trade on disk, else the time up to which it was recorded, None without either."""
        found = [
            (row["timestamp"].value, row["trade_id"]) for table in self._trades(market, 0) for row in _newest(table)
        ]
        newest = max(found, default=None)
        if newest is not None:
            return Known(newest[0] // MS_NS, newest[1])
        until = self._until.get("\t".join(market))
        return None if until is None else Known(until // MS_NS)

    def trade_ids(self, market: Market, from_ms: int) -> set[str]:
        """Return the ids of a market's trades on disk from a time on."""
        ids = (table["trade_id"].to_pylist() for table in self._trades(market, from_ms))
        return {one for piece in ids for one in piece if one is not None}


@contextmanager
def tape_folder(out: Path) -> Iterator[TapeFolder]:
    """Open the folder of a tape to write to it; what an interrupted run left is put together first.

    Raises:
        TapeError: It cannot be a tape's folder.
        StoreError: Another process writes to it.
    """
    if out.exists() and not out.is_dir():
        raise TapeError(f"{out}: must be a folder, was a file")
    if (out / "tapes").is_dir():
        raise TapeError(f"{out}: must be a tape's folder, was a dataset; give a folder of its own")
    others = [path.name for name in EMPTY for path in out.glob(f"{name}.*") if path.name != f"{name}.parquet"]
    if others:
        raise TapeError(f"{out}: must hold Parquet tables or none, has {', '.join(others)}")
    (out / PARTS).mkdir(parents=True, exist_ok=True)
    held = lock(out / PARTS / "lock", f"{out}: another process writes to it; end that one first")
    try:
        folder = TapeFolder(out)
        for name in EMPTY:
            folder.assemble(name)
        try:
            yield folder
        finally:
            folder.close()
    finally:
        os.close(held)


def _stored_times(path: Path) -> dict[str, int]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _number(part: Path) -> int:
    return int(part.stem.rpartition("-")[2])


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows) if path.exists() else 0


def _conformed(name: str, tables: list[pa.Table]) -> pa.Table:
    """Return tables as one with the columns of its kind, those that are missing empty."""
    whole = []
    for table in tables:
        cells: dict[str, Any] = {
            field.name: table[field.name].cast(field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in EMPTY[name].schema
        }
        whole.append(pa.table(cells))
    return pa.concat_tables(whole).unify_dictionaries().combine_chunks()


def _newest(table: pa.Table) -> list[dict[str, Any]]:
    if not table.num_rows:
        return []
    newest = table.filter(pc.equal(table["timestamp"], pc.max(table["timestamp"])))
    return list(newest.to_pandas().to_dict("records"))


def _write_whole(path: Path, pieces: Iterator[pa.Table], schema: pa.Schema) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    unfinished = path.parent / f".{path.name}.unfinished"
    with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
        for piece in pieces:
            writer.write_table(piece.cast(schema) if piece.schema != schema else piece)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)
