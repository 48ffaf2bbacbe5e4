"""Stored features: what the fold made of a tape, kept under a key that changes with anything it was made of.

One npz file an entry, written whole or not at all. A damaged entry counts as none and is made anew; the entries that
were not read for the longest time go first where the store grows too large.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import schema_hash
from features.lobster import lobster_file
from features.tables import suffix_of
from models.parameters import Parameters
from training.source_digest import source_digest

MOST_BYTES = 4 * 2**30
STORE = "folded"
"""Folder of the store below TAPEWATCH_HOME."""
FOLDED_BY = (
    "features", "models/citing.py", "models/cross_folding.py", "models/saved.py", "models/sessions.py",
    "models/surveillance.py", "training/markets.py", "training/saved_folds.py",
)  # fmt: skip
"""What runs while a tape is folded and kept; labels, which are read anew, are not in it."""
_UNFINISHED = ".unfinished"
_STALE_S = 3600.0
Arrays = dict[str, NDArray[Any]]


class FoldedStore:
    """Arrays by key in a folder; safe for several processes at once.

    Args:
        folder: Where entries are; made when the first is written.
        most_bytes: What all entries together may take.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def load(self, key: str) -> Arrays | None:
        """Return the arrays of an entry; None where there is none, or only a damaged one, which is removed."""
        path = self._path(key)
        try:
            # The archive has a checksum of each array, which reading it whole compares.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
            path.unlink(missing_ok=True)
            return None
        # Readers may be in another's eviction: what is gone by now was read all the same.
        with suppress(FileNotFoundError):
            os.utime(path)
        return arrays

    def save(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of an entry, and let go of what has not been read for long if there is too much."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=_UNFINISHED, delete=False) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type] # numpy's stub takes the arrays for its own flag
        Path(file.name).replace(self._path(key))
        self._evict()

    def drop(self, key: str) -> None:
        """Forget an entry whose arrays turned out not to be what they must be."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"

    def _evict(self) -> None:
        kept = 0
        for read_at, size, path in sorted(self._files(), reverse=True):
            kept += size
            abandoned = path.suffix == _UNFINISHED and read_at < time.time() - _STALE_S
            if kept > self._most_bytes or abandoned:
                path.unlink(missing_ok=True)
                kept -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.iterdir():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            yield state.st_mtime, state.st_size, path


def key_of(tape: Path, parameters: Parameters) -> str:
    """Return the key of a tape's folded markets: its content, what folds it, and what of the parameters folds.

    The tape's name is not in it: called otherwise, the same content is the same fold.

    Raises:
        TapeError: The name says that it is a LOBSTER file, of a day that there is not.
    """
    whole = hashlib.sha256()
    for name, file in _files(tape):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        whole.update(f"{name}\0{digest}\0".encode())
    # The catalogue's hash names features, not how they are computed: a corrected sweep makes other rows.
    made_by = [schema_hash(), source_digest(*FOLDED_BY).hex(), version("exchange_calendars")]
    whole.update(json.dumps([*made_by, fold_parameters(parameters)], sort_keys=True).encode())
    return whole.hexdigest()


def _files(tape: Path) -> Iterator[tuple[str, Path]]:
    # With of each name what says how the file is read.
    if tape.is_dir():
        yield from ((file.name, file) for file in sorted(tape.iterdir()) if file.is_file())
    elif tape.is_file():
        yield f"{suffix_of(tape)} {lobster_file(tape)}", tape


def fold_parameters(parameters: Parameters) -> dict[str, Any]:
    """Return the parameters that the fold reads, by name; all others are free to change over stored features.

    They are those of `models.surveillance`: `windows_of`, `spans_of`, `fold_of`, of `models.cross_surveillance`, and
    lots, which events are coded in.
    Lateness is not among them: a recorded tape is put in order as a whole.
    """
    across = parameters.cross.model_dump(exclude={"patience_s"})
    own, volume, close = parameters.excessive_accumulation_own, parameters.adv_outlier, parameters.marking_the_close
    return {
        "events.lot": parameters.events.lot,
        "events.lots": parameters.events.lots,
        "windows.market.bucket_s": parameters.windows.market.bucket_s,
        "windows.market.buckets": parameters.windows.market.buckets,
        "windows.fast.bucket_s": parameters.windows.fast.bucket_s,
        "windows.fast.buckets": parameters.windows.fast.buckets,
        "excessive_accumulation_own.analysis_window": own.analysis_window,
        "excessive_accumulation_own.historical_window": own.historical_window,
        "adv_outlier.adv_window": volume.adv_window,
        "adv_outlier.historical_window": volume.historical_window,
        "marking_the_close.calendars": close.calendars,
        "marking_the_close.fixings_h": close.fixings_h,
        **{f"cross.{name}": value for name, value in across.items()},
    }
