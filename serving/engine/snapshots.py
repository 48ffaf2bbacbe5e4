"""When and how the engine's state gets to disk: written by a copy of the process, so that the engine goes on."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from serving.engine.snapshot import Snapshot, write_snapshot

LONGEST_S = 120.0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG: so that a copy holds no lock of an engine that was killed
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
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
            pid = os.fork()
        if pid == 0:
            _write_and_end(self._path, snapshot)
        self._copy = _Copy(pid, snapshot.head.offset, self._monotonic())
        return None

    def finished(self, *, wait: bool = False) -> int | None:
        """Return the offset that a snapshot covers which has been written since, None for none.

        Args:
            wait: Wait for the one that is being written.
        """
        copy = self._copy
        if copy is None:
            return None
        pid, status = os.waitpid(copy.pid, 0 if wait else os.WNOHANG)
        if pid == 0:
            if self._monotonic() - copy.began > LONGEST_S:
                os.kill(copy.pid, signal.SIGKILL)
            return None
        self._copy = None
        if status != 0:
            log.warning("snapshot.not_written", status=status)
            return None
        return copy.offset


def _write_and_end(path: Path, snapshot: Snapshot) -> None:
    status = 1
    try:
        if _PRCTL is not None:
            _PRCTL(_DIE_WITH_PARENT, signal.SIGKILL)
        write_snapshot(path, snapshot)
        status = 0
    finally:
        os._exit(status)  # no cleaning up: whatever is to be cleaned belongs to the engine
