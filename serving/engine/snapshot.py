"""The engine's snapshot: state and the journal offset that it covers, in one file, whole or not at all.

A frame that says what it is, one for each part of the surveillance's state, and one that says that this is all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog
from numpy.typing import NDArray

from models.saved import arrays_from_bytes, arrays_to_bytes
from serving.engine.frames import framed, read_frame
from serving.errors import JournalDamagedError
from serving.files import write_whole

FORMAT = 3
_END = b"end"
log = structlog.get_logger(__name__)


class Head(msgspec.Struct, frozen=True):
    """What a snapshot is.

    Attributes:
        format: Version of the file.
        offset: Journal offset that the state covers.
        folds: What the state was folded by, see `Watch.folds`.
        remembered: State of the remembered identities.
        rows: Rows taken so far by source, in order of first appearance (which gives the sources their codes).
    """

    format: int
    offset: int
    folds: str
    remembered: bytes
    rows: dict[str, int]


@dataclass(frozen=True)
class Snapshot:
    """State after all frames before an offset.

    Attributes:
        head: What it is.
        watcher: State of the surveillance, in parts.
    """

    head: Head
    watcher: Iterable[dict[str, NDArray[Any]]]


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the snapshot on disk."""
    write_whole(path, _frames(snapshot))


def read_snapshot(path: Path) -> Snapshot | None:
    """Return the snapshot on disk, None where there is none that can be read."""
    if not path.exists():
        return None
    try:
        head, *parts = _payloads(path)
        snapshot = Snapshot(msgspec.msgpack.decode(head, type=Head), [arrays_from_bytes(part) for part in parts])
    except (JournalDamagedError, msgspec.MsgspecError) as error:
        log.warning("snapshot.unreadable", path=str(path), why=str(error))
        return None
    return snapshot if snapshot.head.format == FORMAT else None


def _frames(snapshot: Snapshot) -> Iterator[bytes]:
    yield framed(msgspec.msgpack.encode(snapshot.head))
    for part in snapshot.watcher:
        yield framed(arrays_to_bytes(part))
    yield framed(_END)


def _payloads(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while (payload := read_frame(file, str(path))) != _END:
            yield payload
