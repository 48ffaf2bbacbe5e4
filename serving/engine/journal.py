"""The journal: what the engine acknowledged, in order, on disk.

Segment files named by the offset at which they begin, full of frames. An offset counts bytes since the journal began.
A frame is fsynced before the next begins, so only the last one can be torn: it was never acknowledged and is cut off.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from features.errors import StoreError
from serving.engine.frames import can_be_torn, framed, read_frame
from serving.errors import JournalDamagedError
from serving.files import lock, sync_folder

log = structlog.get_logger(__name__)


class Journal:
    """An append-only sequence of payloads; one process at a time.

    Raises:
        StoreError: Another process has it open.
        JournalDamagedError: Acknowledged frames cannot be read.
    """

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock(folder / "lock", f"{folder} must belong to one engine; another process has it open")
        segments = self._segments()
        if not segments:
            segments = [self._create(0)]
        self._start = self._end = _start_of(segments[-1])
        self._file = segments[-1].open("r+b")
        try:
            self._cut_torn_tail(segments[-1])
            self._end = self._start + self._file.tell()
        except JournalDamagedError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def begin(self) -> int:
        """Offset of the oldest frame still kept."""
        return _start_of(self._segments()[0])

    @property
    def end(self) -> int:
        """Offset behind the last frame; also while one is written, in another thread."""
        return self._end

    def append(self, payload: bytes) -> int:
        """Write a payload, and return when it is on disk.

        Returns:
            Offset behind it.
        """
        before = self.end
        try:
            if before - self._start >= self._segment_bytes:
                self._next_segment()
            self._file.write(framed(payload))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._reopen(before)
            message = f"{self._folder}: events must be written to disk before they are taken: {error}"
            raise StoreError(message) from error
        self._end = self._start + self._file.tell()
        return self.end

    def take_back(self, end: int) -> None:
        """Remove what was appended behind an offset; only for a frame that was not acknowledged."""
        if end <= self._start and self.begin < self._start:
            self._file.close()
            (self._folder / _name(self._start)).unlink()
            self._start = _start_of(self._segments()[-1])
        self._reopen(end)

    def read(self, offset: int) -> Iterator[tuple[int, bytes]]:
        """Yield the payloads from an offset on, each after the offset behind it.

        Raises:
            JournalDamagedError: The offset is not kept, or a frame cannot be read.
        """
        if not self.begin <= offset <= self.end:
            message = f"offset must be in the journal ({self.begin} to {self.end}), was {offset}"
            raise JournalDamagedError(message)
        for path in self._segments():
            start = _start_of(path)
            end = self.end if start == self._start else start + path.stat().st_size
            if end <= offset:
                continue
            with path.open("rb") as file:
                file.seek(max(0, offset - start))
                while start + file.tell() < end:
                    payload = read_frame(file, str(path))
                    yield start + file.tell(), payload

    def forget(self, before: int, keep: int) -> None:
        """Delete segments that lie wholly before an offset, except the last `keep` of them."""
        paths = self._segments()
        done = [path for path, after in pairwise(paths) if _start_of(after) <= before]
        for path in done[: max(0, len(done) - keep)]:
            path.unlink()
        sync_folder(self._folder)

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
        os.close(self._lock)

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))

    def _create(self, start: int) -> Path:
        path = self._folder / _name(start)
        path.touch()
        sync_folder(self._folder)
        return path

    def _next_segment(self) -> None:
        following = self._create(self._end).open("r+b")
        self._file.close()
        self._file, self._start = following, self._end

    def _reopen(self, end: int) -> None:
        with contextlib.suppress(OSError):  # closing flushes what could not be written
            self._file.close()
        self._file = (self._folder / _name(self._start)).open("r+b")
        self._file.truncate(end - self._start)
        self._file.seek(0, os.SEEK_END)
        self._end = end
        os.fsync(self._file.fileno())
        sync_folder(self._folder)

    def _cut_torn_tail(self, path: Path) -> None:
        size = path.stat().st_size
        whole = 0
        while whole < size:
            try:
                read_frame(self._file, str(path))
            except JournalDamagedError:
                self._refuse_damage(path, whole)
                log.warning("journal.torn_frame_cut", path=str(path), at=whole, bytes=size - whole)
                break
            whole = self._file.tell()
        self._file.truncate(whole)
        self._file.seek(whole)
        os.fsync(self._file.fileno())

    def _refuse_damage(self, path: Path, at: int) -> None:
        self._file.seek(at)
        if not can_be_torn(self._file.read()):
            message = f"{path}: frame at byte {at} must match its checksum; acknowledged frames follow it"
            raise JournalDamagedError(message)


def _name(start: int) -> str:
    return f"{start:020d}.log"


def _start_of(path: Path) -> int:
    return int(path.stem)
