"""A dataset as folded markets: each market of each tape once through the fold, with the labels that lie on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.encoding import Lots, encode
from features.events import Vocabulary, no_events
from features.fold import Folded
from features.order import total_order
from features.readers import Dataset, read_tape
from models.citing import Recent
from models.parameters import Parameters
from models.surveillance import END_OF_TIME, fold_of
from training.hits import with_nanoseconds
from training.verdicts import confirmed, labels_of, left_out

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class MarketTape:
    """One market of one tape, folded.

    Attributes:
        tape: Name of the tape.
        venue: Venue.
        symbol: Symbol.
        start: Time of the first event, ns.
        end: Time of the last event, ns.
        folded: Feature rows of both scales, and episodes.
        labels: The labels that lie on it, with `start_ns` and `end_ns`.
        names: Codes of its accounts.
        recent: Its events, where they name accounts; they are what alerts cite.
    """

    tape: str
    venue: str
    symbol: str
    start: int
    end: int
    folded: Folded
    labels: pd.DataFrame
    names: Vocabulary
    recent: Recent

    def accused(self) -> list[set[str]]:
        """Return whom each label of a pattern names, with every other account of the same owners."""
        names = self.names
        of_entity: dict[int, set[str]] = {}
        for name, entity in zip(names.accounts, names.entity_of, strict=True):
            of_entity.setdefault(entity, set()).add(name)
        owner = dict(zip(names.accounts, names.entity_of, strict=True))
        return [
            set(listed).union(*(of_entity[owner[name]] for name in listed if name in owner))
            for listed in confirmed(self.labels)["accounts"]
        ]

    def used_accused(self) -> list[set[str]]:
        """Return whom each label of a pattern names that is learned from or counted."""
        open_end = left_out(confirmed(self.labels))
        return [names for names, is_left in zip(self.accused(), open_end, strict=True) if not is_left]

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end - self.start) / 3.6e12


def fold_dataset(
    dataset: Dataset, parameters: Parameters, progress: Progress | None = None, tapes: Iterable[Path] | None = None
) -> list[MarketTape]:
    """Return every market of every tape, oldest tape first.

    Args:
        dataset: Tapes and labels.
        parameters: Windows and lots.
        progress: Called with (tapes done, tapes in all).
        tapes: Only these tapes of the dataset; all by default.
    """
    paths = list(tapes if tapes is not None else dataset.tapes)
    labels = with_nanoseconds(dataset.labels)
    markets: list[MarketTape] = []
    for done, path in enumerate(paths, start=1):
        markets += fold_tape(path, labels, parameters)
        if progress:
            progress(done, len(paths))
    return sorted(markets, key=lambda market: (market.start, market.tape, market.venue, market.symbol))


def fold_tape(path: Path, labels: pd.DataFrame, parameters: Parameters) -> Iterator[MarketTape]:
    """Yield every market of a tape."""
    tape, names = read_tape(path), Vocabulary()
    labels = labels_of(tape.name, labels)
    lots = Lots(parameters.events.lot, dict(parameters.events.lots)).fitted(tape)
    events = encode(tape, names, lots)
    for code, (venue, symbol) in enumerate(names.markets):
        mine = total_order(events.take(np.flatnonzero(events.market == code)))
        if not len(mine):
            continue
        entity, counter = names.entities(mine.account), names.entities(mine.counter)
        fold = fold_of(parameters, names, code)
        folded = fold.fold(mine, entity, counter).then(fold.advance(END_OF_TIME))
        start, end = int(mine.time[0]), int(mine.time[-1])
        here = (labels["venue"] == venue) & (labels["symbol"] == symbol)
        here &= (labels["start_ns"] <= end) & (labels["end_ns"] >= start)
        if not ((mine.account >= 0) | (mine.counter >= 0)).any():
            mine, entity, counter = no_events(), entity[:0], counter[:0]
        recent = Recent(mine, entity, counter)
        yield MarketTape(tape.name, venue, symbol, start, end, folded, labels[here], names, recent)
