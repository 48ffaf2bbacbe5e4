"""When and how the engine's state gets to disk: written by a copy of the process, so that the engine goes on."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from numpy.typing import NDArray

from serving.engine.snapshot import Snapshot, write_snapshot

LONGEST_S = 120.0
_LOOK_S = 0.01
Part = dict[str, NDArray[Any]]
log = structlog.get_logger(__name__)


@dataclass
class _Copy:
    pid: int
    offset: int
    began: float


class SnapshotWriter:
    """Writes snapshots, one at a time.

    Encoding a hundred markets takes a second, in which no event could be judged. A fork has the state as it was, at the
    price of the pages that change while it writes.

    Args:
        path: The file.
        apart: Whether a copy of the process writes; otherwise `begin` returns when it is written.
        monotonic: Clock, s.
    """

    def __init__(self, path: Path, *, apart: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._apart = apart
        self._monotonic = monotonic
        self._copy: _Copy | None = None

    @property
    def is_writing(self) -> bool:
        """Whether one is being written."""
        return self._copy is not None

    def begin(self, snapshot: Snapshot) -> int | None:
        """Write a snapshot; return the offset that it covers once it is written, None if that will be told later."""
        if not self._apart:
            write_snapshot(self._path, snapshot)
            return snapshot.head.offset
        with warnings.catch_warnings():
            # From Python 3.12 on: other threads do not exist in the copy. It takes no lock that they may hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            engine, pid = os.getpid(), os.fork()
        if pid == 0:
            _write_and_end(self._path, snapshot, engine)
        self._copy = _Copy(pid, snapshot.head.offset, self._monotonic())
        return None

    def finished(self, *, wait: bool = False) -> int | None:
        """Return the offset that a snapshot covers which has been written since, None for none.

        Args:
            wait: Wait for the one that is being written; one that takes longer than `LONGEST_S` is ended.
        """
        copy = self._copy
        if copy is None:
            return None
        pid, status = os.waitpid(copy.pid, os.WNOHANG)
        while pid == 0:
            if self._monotonic() - copy.began > LONGEST_S:
                os.kill(copy.pid, signal.SIGKILL)
                pid, status = os.waitpid(copy.pid, 0)
            elif wait:
                time.sleep(_LOOK_S)
                pid, status = os.waitpid(copy.pid, os.WNOHANG)
            else:
                return None
        self._copy = None
        if status != 0:
            log.warning("snapshot.not_written", status=status)
            return None
        return copy.offset


def _write_and_end(path: Path, snapshot: Snapshot, engine: int) -> None:
    status = 1
    try:
        write_snapshot(path, replace(snapshot, watcher=_while_it_lives(snapshot.watcher, engine)))
        status = 0
    finally:
        os._exit(status)  # no cleaning up: whatever is to be cleaned belongs to the engine


def _while_it_lives(parts: Iterable[Part], engine: int) -> Iterator[Part]:
    """Yield the parts while the engine lives: a copy of one that was killed must not hold its lock."""
    for part in parts:
        if os.getppid() != engine:
            os._exit(1)
        yield part
