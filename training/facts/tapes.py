"""The markets of a tape or of a dataset's tapes, without the hours around known pumps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from features.readers import read_dataset, read_tape
from training.facts.market import Market, Spans, markets_of
from training.labelling import NEAR_NS, known_episodes


def tapes_at(path: Path, most: int) -> list[Path]:
    """Return the tape itself, or a dataset's tapes: at most so many, evenly spread over its list.

    Raises:
        TapeError: The dataset cannot be read.
    """
    if not (path / "tapes").is_dir():
        return [path]
    tapes = read_dataset(path).tapes
    return [tapes[i] for i in np.unique(np.linspace(0, len(tapes) - 1, min(most, len(tapes))).astype(int))]


def markets_at(
    path: Path, *, most_tapes: int = 20, orders: bool = True, progress: Callable[[int, int], None] | None = None
) -> Iterator[Market]:
    """Yield the markets of a tape or of a dataset.

    Where `known_pumps.csv` stands in the dataset, the hour before and after each known pump of a symbol is left out.
    Labelled episodes are not: measure simulated tapes that were made without abuse.

    Args:
        path: A tape (file or folder), alone or within a dataset, or a dataset.
        most_tapes: Of a dataset's tapes take at most so many.
        orders: Read order messages as well.
        progress: Called with (tapes done, tapes in all).

    Raises:
        TapeError: Nothing there can be read.
        SchemaError: A table has the wrong columns.
    """
    tapes = tapes_at(path, most_tapes)
    left_out = _near_known(tapes[0].parent.parent)
    for done, tape in enumerate(tapes, start=1):
        yield from markets_of(read_tape(tape), left_out, orders=orders)
        if progress:
            progress(done, len(tapes))


def _near_known(dataset: Path) -> dict[str, Spans]:
    known = known_episodes(dataset)
    if known is None:
        return {}
    spans = [(str(one), int(time)) for one, time in zip(known["symbol"], known["time_ns"], strict=True)]
    symbols = {symbol for symbol, _ in spans}
    return {one: [(time - NEAR_NS, time + NEAR_NS) for symbol, time in spans if symbol == one] for one in symbols}
