"""The engine: batches are journaled together, then taken; their alerts go to the store; its state survives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from features.errors import SchemaError, StoreError, TapewatchError
from features.time_units import DAY_NS
from models.alert import Alert
from models.cross_report import CrossReport
from serving.engine.delays import Delays
from serving.engine.journal import Journal
from serving.engine.snapshot import Snapshot, read_snapshot
from serving.engine.snapshots import SnapshotWriter
from serving.engine.state import Fresh, State, new_state
from serving.engine.watcher import Watch
from serving.engine.wire import Ack, Batch, EngineStatus, batches_of, journaled
from serving.errors import EngineFailedError, StoreUnreachableError
from serving.settings import Settings

_AT_ONCE = 20_000
"""Events of the journal that are judged together while it is replayed; how many makes no difference to the alerts."""
log = structlog.get_logger(__name__)
Answer = Ack | TapewatchError


class Alerts(Protocol):
    """Where alerts go; see `serving.alerts.store.AlertStore`."""

    def upsert(self, found: list[Alert]) -> int:
        """Keep alert revisions, all or none."""
        ...


class Engine:
    """Takes batches; safe for threads, which wait for one another (`intake` lets them share a write to disk).

    While the store cannot be reached, alerts wait here and no snapshot is written, so that a restart finds them again
    in the journal.

    Args:
        settings: Where its files are, and how often the state is written.
        watch: How the surveillance is made.
        alerts: Where alerts go.
        monotonic: Clock, s.
        apart: Whether a copy of the process writes the snapshots.
        clock: Wall clock, ns UTC, to tell how old alerts are when they are stored; nothing is judged by it.

    Attributes:
        stored: From the arrival of a batch to its alert revisions stored; noted by who knows of arrivals.
        handed: Alert revisions stored since the process started.
    """

    def __init__(
        self,
        settings: Settings,
        watch: Watch,
        alerts: Alerts,
        monotonic: Callable[[], float],
        *,
        apart: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._alerts = alerts
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pending: list[Alert] = []
        self._taken = 0
        self._clock = clock
        self._known = Delays()
        self.stored = Delays()
        self.handed = 0
        self._snapshots = SnapshotWriter(settings.journal / "snapshot", apart=apart, monotonic=monotonic)
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
            SchemaError: Its events cannot be counted; nothing of it is kept.
            EngineFailedError: It could not be taken; nothing of it is kept.
        """
        (answer,) = self.submit_all([batch])
        if isinstance(answer, Ack):
            return answer
        raise answer

    def submit_all(self, batches: Sequence[Batch]) -> list[Answer]:
        """Take batches, which share one write to disk, and return when they are there and their alerts stored.

        Returns:
            For each batch what became of it; one that could not be taken leaves nothing behind and harms no other.
        """
        with self._lock:
            answers = self._take(batches)
            self._snapshot_if_due()
            return answers

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
            stored=self.stored.told(),
            known=self._known.told(),
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
            self._note_written(self._snapshots.finished(wait=True))
            if self._journal.end > self._covered and not self._pending:
                self._begin_snapshot()
                self._note_written(self._snapshots.finished(wait=True))
            self._journal.close()

    def _take(self, batches: Sequence[Batch]) -> list[Answer]:
        fresh = [self._state.fresh(batch) for batch in batches]
        if not any(_brings_something(batch, new) for batch, new in zip(batches, fresh, strict=True)):
            return [Ack(0, new.duplicates, 0) for new in fresh]
        before = self._journal.end
        try:
            self._journal.append(journaled(list(batches)))
        except StoreError as error:
            return [error] * len(batches)
        try:
            return self._take_journaled(batches, fresh)
        except Exception as error:
            self._undo(before)
            if len(batches) > 1:
                # One of them is at fault; alone each is judged by itself.
                return [answer for batch in batches for answer in self._take([batch])]
            if isinstance(error, SchemaError):
                return [error]
            log.exception("engine.batch_failed")
            message = f"the engine could not take the batch and kept nothing of it: {type(error).__name__}: {error}"
            return [EngineFailedError(message)]

    def _take_journaled(self, batches: Sequence[Batch], fresh: Sequence[Fresh]) -> list[Answer]:
        answers: list[Answer] = []
        for number, batch in enumerate(batches):
            # What came earlier in this group is known by now.
            new = fresh[number] if number == 0 else self._state.fresh(batch)
            answers.append(self._state.note(batch, new))
            self._taken += new.events
        self._hand_over(self._state.close())
        return answers

    def _recover(self) -> None:
        snapshot = self._usable_snapshot()
        self._state = self._restored(snapshot)
        self._covered = self._journal.begin if snapshot is None else snapshot.head.offset
        if snapshot is None and self._journal.begin > 0:
            log.warning("journal.begins_late", replaying_from=self._journal.begin)
        waiting = 0
        for _, payload in self._journal.read(self._covered):
            for batch in batches_of(payload):
                fresh = self._state.fresh(batch)
                self._state.note(batch, fresh)
                self._taken += fresh.events
                waiting += fresh.events
            if waiting >= _AT_ONCE:
                self._hand_over(self._state.close())
                waiting = 0
        self._hand_over(self._state.close())
        self._snapshot_at, self._snapshot_taken = self._monotonic(), self._taken
        log.info("engine.recovered", events=self._taken, journal_bytes=self._journal.end)

    def _usable_snapshot(self) -> Snapshot | None:
        snapshot = read_snapshot(self._settings.journal / "snapshot")
        if snapshot is None:
            return None
        head = snapshot.head
        if not self._journal.begin <= head.offset <= self._journal.end:
            log.warning("snapshot.beside_journal", offset=head.offset, journal_end=self._journal.end)
            return None
        if head.folds != self._watch.folds:
            log.warning("snapshot.folded_otherwise", offset=head.offset, replaying_from=self._journal.begin)
            return None
        return snapshot

    def _restored(self, snapshot: Snapshot | None) -> State:
        remember_ns = int(self._settings.remember_s * 1e9)
        return new_state(self._watch, remember_ns, self._settings.remember_ids, snapshot)

    def _undo(self, end: int) -> None:
        self._note_written(self._snapshots.finished(wait=True))
        self._journal.take_back(end)
        # What waits for the store is found again: no snapshot is written while anything does.
        self._taken, self._pending = 0, []
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
            self._note_stored()

    def _note_stored(self) -> None:
        now = self._clock()
        for alert in self._pending:
            if alert.revision == 1 and 0 <= now - alert.detected_at < DAY_NS:
                self._known.note((now - alert.detected_at) / 1e9)
        self.handed += len(self._pending)
        self._pending = []

    def _snapshot_if_due(self) -> None:
        self._note_written(self._snapshots.finished())
        if self._pending or self._snapshots.is_writing or self._journal.end == self._covered:
            return
        many = self._taken - self._snapshot_taken >= self._settings.snapshot_events
        if many or self._monotonic() - self._snapshot_at >= self._settings.snapshot_s:
            self._begin_snapshot()

    def _begin_snapshot(self) -> None:
        self._snapshot_at, self._snapshot_taken = self._monotonic(), self._taken
        self._note_written(self._snapshots.begin(self._state.snapshot(self._journal.end)))

    def _note_written(self, offset: int | None) -> None:
        if offset is not None:
            self._covered = offset
            self._journal.forget(offset, self._settings.keep_segments)


def _brings_something(batch: Batch, fresh: Fresh) -> bool:
    return bool(fresh.events) or batch.watermark is not None or batch.accounts is not None
