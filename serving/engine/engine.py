"""The engine: each batch is journaled, then taken; its alerts go to the store; its state survives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from models.alert import Alert
from models.cross_report import CrossReport
from serving.engine.journal import Journal
from serving.engine.snapshot import Snapshot, read_snapshot, write_snapshot
from serving.engine.state import State, new_state
from serving.engine.watcher import Watch
from serving.engine.wire import Ack, Batch, EngineStatus
from serving.errors import EngineFailedError, StoreUnreachableError
from serving.settings import Settings

log = structlog.get_logger(__name__)


class Alerts(Protocol):
    """Where alerts go; see `serving.alerts.store.AlertStore`."""

    def upsert(self, found: list[Alert]) -> int:
        """Keep alert revisions, all or none."""
        ...


class Engine:
    """Takes batches one at a time; safe for threads.

    While the store cannot be reached, alerts wait here and no snapshot is written, so that a restart finds them again
    in the journal.
    """

    def __init__(self, settings: Settings, watch: Watch, alerts: Alerts, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._watch = watch
        self._alerts = alerts
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pending: list[Alert] = []
        self._taken = 0
        self._journal = Journal(settings.journal, settings.segment_bytes)
        try:
            self._recover()
        except BaseException:
            self._journal.close()
            raise

    def submit(self, batch: Batch) -> Ack:
        """Take a batch and return when it is on disk.

        Raises:
            StoreError: It could not be written; nothing of it is kept.
            EngineFailedError: It could not be taken; nothing of it is kept.
        """
        with self._lock:
            fresh = self._state.fresh(batch)
            if not fresh.events and batch.watermark is None and batch.accounts is None:
                return Ack(0, fresh.duplicates, 0)
            before = self._journal.end
            self._journal.append(msgspec.msgpack.encode(batch))
            try:
                ack, found = self._state.take(batch, fresh)
            except Exception as error:
                log.exception("engine.batch_failed")
                self._undo(before)
                message = f"the engine could not take the batch and kept nothing of it: {type(error).__name__}: {error}"
                raise EngineFailedError(message) from error
            self._taken += fresh.events
            self._hand_over(found)
            self._snapshot_if_due()
            return ack

    def status(self) -> EngineStatus:
        """Return how the engine is, without waiting for a batch that is being taken."""
        return EngineStatus(
            events=self._taken,
            late=self._state.watcher.late,
            journal_bytes=self._journal.end,
            snapshot_bytes=self._covered,
            pending_alerts=len(self._pending),
            model=self._watch.model,
            parameters=self._watch.parameters,
            challenger=self._watch.shadow.challenger if self._watch.shadow else None,
            shadow=self._watch.shadow.counts if self._watch.shadow else {},
        )

    def cross(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; None where nobody has traded the symbol."""
        with self._lock:
            return self._state.watcher.cross_report(symbol, window_ns)

    def look_after(self) -> None:
        """Do what is due without a batch: hand over alerts that wait, write the snapshot. To be called every second."""
        with self._lock:
            if self._pending:
                self._hand_over([])
            self._snapshot_if_due()

    def close(self) -> None:
        """Write the snapshot and let go of the journal."""
        with self._lock:
            self._hand_over([])
            if self._journal.end > self._covered and not self._pending:
                self._write_snapshot()
            self._journal.close()

    def _recover(self) -> None:
        snapshot = self._usable_snapshot()
        self._state = self._restored(snapshot)
        self._covered = self._journal.begin if snapshot is None else snapshot.offset
        if snapshot is None and self._journal.begin > 0:
            log.warning("journal.begins_late", replaying_from=self._journal.begin)
        for _, payload in self._journal.read(self._covered):
            self._replay(msgspec.msgpack.decode(payload, type=Batch))
        self._snapshot_at, self._snapshot_taken = self._monotonic(), self._taken
        log.info("engine.recovered", events=self._taken, journal_bytes=self._journal.end)

    def _usable_snapshot(self) -> Snapshot | None:
        snapshot = read_snapshot(self._snapshot_file)
        if snapshot is None:
            return None
        if not self._journal.begin <= snapshot.offset <= self._journal.end:
            log.warning("snapshot.beside_journal", offset=snapshot.offset, journal_end=self._journal.end)
            return None
        if snapshot.folds != self._watch.folds:
            log.warning("snapshot.folded_otherwise", offset=snapshot.offset, replaying_from=self._journal.begin)
            return None
        return snapshot

    def _restored(self, snapshot: Snapshot | None) -> State:
        remember_ns = int(self._settings.remember_s * 1e9)
        return new_state(self._watch, remember_ns, self._settings.remember_ids, snapshot)

    def _replay(self, batch: Batch) -> None:
        fresh = self._state.fresh(batch)
        _, found = self._state.take(batch, fresh)
        self._taken += fresh.events
        self._hand_over(found)

    def _undo(self, end: int) -> None:
        self._journal.take_back(end)
        self._taken = 0
        self._recover()

    def _hand_over(self, found: list[Alert]) -> None:
        self._pending += found
        if not self._pending:
            return
        try:
            self._alerts.upsert(self._pending)
        except StoreUnreachableError as error:
            log.warning("store.unreachable", pending=len(self._pending), why=str(error))
        else:
            self._pending = []

    def _snapshot_if_due(self) -> None:
        if self._pending or self._journal.end == self._covered:
            return
        many = self._taken - self._snapshot_taken >= self._settings.snapshot_events
        if many or self._monotonic() - self._snapshot_at >= self._settings.snapshot_s:
            self._write_snapshot()

    def _write_snapshot(self) -> None:
        offset = self._journal.end
        write_snapshot(self._snapshot_file, self._state.snapshot(offset))
        self._covered, self._snapshot_at, self._snapshot_taken = offset, self._monotonic(), self._taken
        self._journal.forget(offset, self._settings.keep_segments)

    @property
    def _snapshot_file(self) -> Path:
        return self._settings.journal / "snapshot"
