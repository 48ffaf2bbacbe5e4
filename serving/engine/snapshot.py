"""The engine's snapshot: state and the journal offset that it covers, in one file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from serving.engine.files import write_whole
from serving.engine.frames import framed, unframed
from serving.errors import JournalDamagedError

FORMAT = 2
log = structlog.get_logger(__name__)


class Snapshot(msgspec.Struct, frozen=True):
    """State after all frames before an offset.

    Attributes:
        format: Version of this record.
        offset: Journal offset that the state covers.
        folds: What the state was folded by, see `Watch.folds`.
        watcher: State of the surveillance.
        remembered: State of the remembered identities.
        rows: Rows taken so far by source, in order of first appearance (which gives the sources their codes).
    """

    format: int
    offset: int
    folds: str
    watcher: bytes
    remembered: bytes
    rows: dict[str, int]


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the snapshot on disk."""
    write_whole(path, framed(msgspec.msgpack.encode(snapshot)))


def read_snapshot(path: Path) -> Snapshot | None:
    """Return the snapshot on disk, None where there is none that can be read."""
    if not path.exists():
        return None
    try:
        snapshot = msgspec.msgpack.decode(unframed(path.read_bytes(), str(path)), type=Snapshot)
    except (JournalDamagedError, msgspec.MsgspecError) as error:
        log.warning("snapshot.unreadable", path=str(path), why=str(error))
        return None
    return snapshot if snapshot.format == FORMAT else None
