"""Files that survive a power cut, whole or not at all; and files that are one process's own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from features.errors import StoreError


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, of one piece or many, so that after a crash it holds the old content or the new, never a part."""
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("wb") as file:
        file.writelines([content] if isinstance(content, bytes) else content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def append_bounded(path: Path, line: bytes, most_bytes: int) -> None:
    """Append a line; a file grown beyond `most_bytes` becomes `<name>.1` first, and a new one begins."""
    if path.exists() and path.stat().st_size > most_bytes:
        path.replace(_older(path))
    with path.open("ab") as file:
        file.write(line + b"\n")


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines that `append_bounded` has kept, oldest first; one cut short by a crash is left out."""
    for part in (_older(path), path):
        if part.exists():
            with part.open("rb") as file:
                yield from (line for line in file if line.endswith(b"\n"))


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names of a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(path: Path, otherwise: str) -> int:
    """Take a lock that ends with the process, however it ends.

    Args:
        path: File that stands for what is locked.
        otherwise: What to say where another process has it.

    Returns:
        A file descriptor; closing it gives the lock back.

    Raises:
        StoreError: Another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreError(otherwise) from error
    return descriptor
