"""Files of lines that are only ever appended to and never grow beyond a bound: twice it, with the one before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
import structlog

Record = TypeVar("Record", bound=msgspec.Struct)
log = structlog.get_logger(__name__)


def append_bounded(path: Path, line: bytes, most_bytes: int) -> None:
    """Append a line; a file grown beyond `most_bytes` becomes `<name>.1` first, and a new one begins."""
    if path.exists() and path.stat().st_size > most_bytes:
        path.replace(_older(path))
    with path.open("ab+") as file:
        # A line that a crash or a full disk cut short stands alone, and is left out when it is read.
        torn = file.tell() > 0 and not _ends_whole(file)
        file.write(b"\n" * torn + line + b"\n")


def read_records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield what `append_bounded` has kept as JSON of a kind, oldest first; a line cut short is left out."""
    for part in (_older(path), path):
        try:
            file = part.open("rb")
        except FileNotFoundError:  # not yet, or not for a moment: another process begins a new one
            continue
        with file:
            for line in file:
                try:
                    yield msgspec.json.decode(line, type=kind)
                except msgspec.MsgspecError as error:
                    log.warning("line.left_out", path=str(part), why=str(error))


def _ends_whole(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
