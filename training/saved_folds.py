"""How a folded market is saved: named arrays and JSON types, no pickle; what is read back has the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.cross.dealings import CROSS_FIGURES
from features.events import Vocabulary
from features.fold import FIGURES, Folded
from features.rows import Episodes, Rows
from models.citing import Recent
from models.saved import events_from_bytes, events_to_bytes

Arrays = dict[str, NDArray[Any]]
_ROWS = {"market": "market", "fast": "fast", "accounts": "account", "books": "book", "cross": "cross"}


def folded_to_arrays(folded: Folded) -> Arrays:
    """Return the rows of every scale and the episodes of every kind as arrays by name."""
    return dict(_named(folded))


def _named(folded: Folded) -> Iterator[tuple[str, NDArray[Any]]]:
    for part in _ROWS:
        rows: Rows = getattr(folded, part)
        yield f"{part}/market", np.array([rows.market])
        for name in _columns(Rows):
            yield f"{part}/{name}", getattr(rows, name)
    for kind, episodes in folded.episodes.items():
        for name in _columns(Episodes):
            yield f"episodes/{kind}/{name}", getattr(episodes, name)


def folded_from_arrays(arrays: Arrays) -> Folded:
    """Return what `folded_to_arrays` described.

    Raises:
        KeyError: An array is missing.
    """
    rows: dict[str, Any] = {
        part: Rows(
            scale=scale,
            market=int(arrays[f"{part}/market"][0]),
            **{name: arrays[f"{part}/{name}"] for name in _columns(Rows)},
        )
        for part, scale in _ROWS.items()
    }
    episodes = {
        kind: Episodes(**{name: arrays[f"episodes/{kind}/{name}"] for name in _columns(Episodes)}, names=names)
        for kind, names in {**FIGURES, **CROSS_FIGURES}.items()
        if kind in FIGURES or f"episodes/{kind}/row" in arrays
    }
    return Folded(**rows, episodes=episodes)


def recent_to_array(recent: Recent) -> NDArray[np.uint8]:
    """Return events as bytes; their entities follow from the names."""
    return events_to_bytes(recent.events, "lz4")


def recent_from_array(data: NDArray[np.uint8], names: Vocabulary) -> Recent:
    """Return the events that `recent_to_array` wrote."""
    events = events_from_bytes(data)
    return Recent(events, names.entities(events.account), names.entities(events.counter))


def _columns(kind: type[Rows | Episodes]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in ("scale", "market", "names"))
