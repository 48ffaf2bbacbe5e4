"""The engine's state: a pure fold of batches, the same live and when the journal is replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from features.canary import is_canary
from features.encoding import encode
from features.readers import Tape
from models.alert import Alert
from serving.engine.remembered import Remembered
from serving.engine.snapshot import FORMAT, Head, Snapshot
from serving.engine.watcher import Watch, Watcher
from serving.engine.wire import TABLES, Ack, Batch, identities


@dataclass(frozen=True)
class Fresh:
    """What of a batch is new: its tables without known events, and how many were known."""

    tables: dict[str, pa.Table]
    identities: list[bytes | None]
    duplicates: int

    @property
    def events(self) -> int:
        """How many events are new."""
        return sum(table.num_rows for name, table in self.tables.items() if name != "accounts")


@dataclass
class State:
    """All that batches change.

    Attributes:
        watch: How the watcher was made.
        watcher: The surveillance.
        remembered: Identities of the events taken.
        rows: Rows taken so far, by source.
    """

    watch: Watch
    watcher: Watcher
    remembered: Remembered
    rows: dict[str, int] = field(default_factory=dict)

    def fresh(self, batch: Batch) -> Fresh:
        """Return what of a batch is new, without taking it."""
        tables: dict[str, pa.Table] = {}
        known: list[bytes | None] = []
        duplicates = 0
        accounts = batch.table("accounts")
        if accounts is not None:
            tables["accounts"] = accounts
        for name in TABLES[1:]:
            table = batch.table(name)
            if table is None:
                continue
            ids = identities(batch, name, table)
            new = self.remembered.fresh(ids)
            tables[name] = table if all(new) else table.filter(pa.array(new)).combine_chunks()
            known += [identity for identity, is_new in zip(ids, new, strict=True) if is_new]
            duplicates += new.count(False)
        return Fresh(tables, known, duplicates)

    def note(self, batch: Batch, fresh: Fresh) -> Ack:
        """Take what is new of a batch, then its watermark; what this makes due waits for `close`."""
        code = list(self.rows).index(batch.source) if batch.source in self.rows else len(self.rows)
        first_row = self.rows.get(batch.source, 0)
        tape = Tape(f"batch of {batch.source}", **fresh.tables)
        events = encode(tape, self.watcher.vocabulary, self.watch.lots, source=code, first_row=first_row)
        late = self.watcher.late
        if len(events):
            self.watcher.add(events)
        ack = Ack(fresh.events - (self.watcher.late - late), fresh.duplicates, self.watcher.late - late)
        if batch.watermark is not None:
            self.watcher.tick(batch.watermark, self._meant(batch))
        self.rows[batch.source] = first_row + fresh.events
        self.remembered.remember(fresh.identities, _newest(fresh.tables))
        return ack

    def _meant(self, batch: Batch) -> list[tuple[str, str]] | None:
        """Return the markets of a batch's watermark: all means all real ones, for canaries have a time of their own."""
        if batch.markets is not None:
            return batch.markets
        real = [market for market in self.watcher.vocabulary.markets if not is_canary(market[0])]
        return real if len(real) < len(self.watcher.vocabulary.markets) else None

    def close(self) -> list[Alert]:
        """Judge what is due; return the alert revisions."""
        return self.watcher.close()

    def snapshot(self, offset: int) -> Snapshot:
        """Return the state; `offset` is where the journal stands. To be written before anything is taken."""
        head = Head(FORMAT, offset, self.watch.folds, self.remembered.snapshot(), dict(self.rows))
        return Snapshot(head, self.watcher.snapshot())


def new_state(watch: Watch, remember_ns: int, remember_ids: int, snapshot: Snapshot | None) -> State:
    """Return the state of a snapshot, or that of an engine that has seen nothing."""
    remembered = Remembered(max(remember_ns, watch.lateness_ns), remember_ids)
    if snapshot is None:
        return State(watch, watch.new(), remembered)
    remembered.restore(snapshot.head.remembered)
    return State(watch, watch.restored(snapshot.watcher), remembered, dict(snapshot.head.rows))


def _newest(tables: dict[str, pa.Table]) -> int:
    times = [
        pc.max(table["timestamp"]).cast(pa.int64()).as_py()
        for table in tables.values()
        if "timestamp" in table.column_names
    ]
    return max((time for time in times if time is not None), default=0)
