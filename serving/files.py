"""Files that survive a power cut, whole or not at all; and files that are one process's own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from features.errors import StoreError


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, of one piece or many, so that after a crash it holds the old content or the new, never a part.

    A path has one writer at a time: two would write the same unfinished file.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("wb") as file:
        file.writelines([content] if isinstance(content, bytes) else content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


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
