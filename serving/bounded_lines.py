"""Files of lines that are only ever appended to and never grow beyond a bound: twice it, with the one before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


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
