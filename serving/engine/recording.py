"""What the engine's journal still holds, as a recorded tape: read beside the running engine, which owns the journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from features.canary import is_canary
from features.encoding import Lots, encode
from features.events import Events, Vocabulary, concatenate
from features.readers import Tape
from serving.engine.frames import read_frame
from serving.engine.remembered import Remembered
from serving.engine.wire import TABLES, Batch, batches_of, identities
from serving.errors import JournalDamagedError
from serving.settings import Settings


def is_recorded(settings: Settings) -> bool:
    """Return whether the journal holds anything."""
    return any(path.stat().st_size for path in _segments(settings.journal))


def recorded_events(settings: Settings, lots: Lots) -> tuple[Events, Vocabulary]:
    """Return the events that the journal holds, each once, and their names.

    They are those that were acknowledged, also what came too late to be judged then; the oldest segments are gone
    (`keep_segments`). A frame that is being written is left aside, and so are canaries: nobody learns from them.

    Args:
        settings: Where the journal is, and how long identities are remembered.
        lots: Smallest quantities.
    """
    names, known = Vocabulary(), Remembered(int(settings.remember_s * 1e9), settings.remember_ids)
    sources: dict[str, int] = {}
    parts, row = [], 0
    for batch in _batches(settings.journal):
        if is_canary(batch.source):
            continue
        tables = {name: table for name in TABLES if (table := batch.table(name)) is not None}
        for name in tables.keys() - {"accounts"}:
            mine = identities(batch, name, tables[name])
            fresh = known.fresh(mine)
            tables[name] = tables[name].filter(fresh).combine_chunks()
            known.remember([identity for identity, is_new in zip(mine, fresh, strict=True) if is_new], 0)
        source = sources.setdefault(batch.source, len(sources))
        parts.append(encode(Tape("journal", **tables), names, lots, source=source, first_row=row))
        row += len(parts[-1])
    return concatenate(parts), names


def _batches(folder: Path) -> Iterator[Batch]:
    for path in _segments(folder):
        end = path.stat().st_size
        with path.open("rb") as file:
            while file.tell() < end:
                try:
                    payload = read_frame(file, str(path))
                except JournalDamagedError:
                    break
                yield from batches_of(payload)


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))
