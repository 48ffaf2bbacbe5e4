"""Locks that tell whether the process of a run still lives: the kernel lets go of them however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_FOLDER = "running"


@contextmanager
def held_lock(home: Path) -> Iterator[str]:
    """Hold a new lock under a state folder for a while; yields its name."""
    name = uuid4().hex
    path = home / _FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield name
        finally:
            path.unlink(missing_ok=True)


def is_held(home: Path, name: str) -> bool:
    """Return whether a living process holds a lock; one that nobody holds is removed."""
    path = home / _FOLDER / name
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    path.unlink(missing_ok=True)
    return False
