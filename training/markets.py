"""A dataset as folded markets: each market of each tape once through the fold, with the labels that lie on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.encoding import Lots, encode
from features.events import Events, Vocabulary, no_events
from features.fold import Folded
from features.labels import no_labels
from features.order import END_OF_TIME, total_order
from features.readers import Dataset, name_of, read_tape
from features.time_units import DAY_NS
from models.citing import Recent
from models.cross_folding import fold_across
from models.parameters import Parameters
from models.surveillance import fold_of
from training.folded_store import Arrays, FoldedStore, key_of
from training.hits import with_nanoseconds
from training.saved_folds import folded_from_arrays, folded_to_arrays, recent_from_array, recent_to_array
from training.verdicts import labels_of, left_out

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
        folded: Feature rows of all scales, those over venues too, and episodes.
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
        """Return whom each label names, a refuted one too, with every other account of the same owners."""
        names = self.names
        of_entity: dict[int, set[str]] = {}
        for name, entity in zip(names.accounts, names.entity_of, strict=True):
            of_entity.setdefault(entity, set()).add(name)
        owner = dict(zip(names.accounts, names.entity_of, strict=True))
        return [
            set(listed).union(*(of_entity[owner[name]] for name in listed if name in owner))
            for listed in self.labels["accounts"]
        ]

    def used_accused(self) -> list[set[str]]:
        """Return whom each label names that is learned from or counted."""
        open_end = left_out(self.labels)
        return [names for names, is_left in zip(self.accused(), open_end, strict=True) if not is_left]

    @property
    def hours(self) -> float:
        """Length in hours."""
        return (self.end - self.start) / 3.6e12

    def labelled(self, labels: pd.DataFrame) -> MarketTape:
        """Return this market with those of a dataset's labels that are about its tape and lie on it."""
        labels = labels_of(self.tape, labels)
        here = (labels["venue"] == self.venue) & (labels["symbol"] == self.symbol)
        here &= (labels["start_ns"] <= self.end) & (labels["end_ns"] >= self.start)
        return replace(self, labels=labels[here])


def tapes_in_order(markets: Iterable[MarketTape]) -> list[str]:
    """Return the names of the tapes that markets are of, by when they start."""
    begin: dict[str, int] = {}
    for market in markets:
        begin[market.tape] = min(market.start, begin.get(market.tape, market.start))
    return sorted(begin, key=lambda tape: (begin[tape], tape))


def days_of(markets: Iterable[MarketTape]) -> float:
    """Return the recorded time of the tapes that markets are of, days; moments that several tapes cover count once."""
    spans: dict[str, tuple[int, int]] = {}
    for market in markets:
        start, end = spans.get(market.tape, (market.start, market.end))
        spans[market.tape] = min(start, market.start), max(end, market.end)
    covered = reached = 0
    for start, end in sorted(spans.values()):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered / DAY_NS


def fold_dataset(
    dataset: Dataset,
    parameters: Parameters,
    progress: Progress | None = None,
    tapes: Iterable[Path] | None = None,
    store: Path | None = None,
) -> list[MarketTape]:
    """Return every market of every tape, oldest tape first.

    Args:
        dataset: Tapes and labels.
        parameters: Windows and lots.
        progress: Called with (tapes done, tapes in all).
        tapes: Only these tapes of the dataset; all by default.
        store: Folder of stored features (`TAPEWATCH_HOME/folded`): tapes that were folded before are read from there,
            with the same bits, and others are kept there. Nothing is stored by default.
    """
    paths = list(tapes if tapes is not None else dataset.tapes)
    labels, kept = with_nanoseconds(dataset.labels), FoldedStore(store) if store else None
    markets: list[MarketTape] = []
    for done, path in enumerate(paths, start=1):
        folded = stored_tape(path, parameters, kept) if kept else fold_tape(path, labels, parameters)
        markets += [market.labelled(labels) for market in folded]
        if progress:
            progress(done, len(paths))
    return sorted(markets, key=lambda market: (market.start, market.tape, market.venue, market.symbol))


def fold_tape(path: Path, labels: pd.DataFrame, parameters: Parameters) -> Iterator[MarketTape]:
    """Yield every market of a tape."""
    tape, names = read_tape(path), Vocabulary()
    lots = Lots(parameters.events.lot, dict(parameters.events.lots)).fitted(tape)
    yield from fold_markets(tape.name, encode(tape, names, lots), names, labels, parameters)


def fold_markets(
    tape: str, events: Events, names: Vocabulary, labels: pd.DataFrame, parameters: Parameters
) -> Iterator[MarketTape]:
    """Yield every market of recorded events, in any order.

    Args:
        tape: What to call the recording.
        events: Events of any markets.
        names: Their codes.
        labels: Labels with nanoseconds; those that lie on a market are taken.
        parameters: Windows.
    """
    across = fold_across(events, names, parameters)
    for code, (venue, symbol) in enumerate(names.markets):
        mine = total_order(events.take(np.flatnonzero(events.market == code)))
        if not len(mine):
            continue
        entity, counter = names.entities(mine.account), names.entities(mine.counter)
        fold = fold_of(parameters, names, code)
        folded = fold.fold(mine, entity, counter).then(fold.advance(END_OF_TIME))
        if code in across:
            over = across[code]
            folded = replace(folded, cross=over.rows, episodes={**folded.episodes, **over.episodes})
        start, end = int(mine.time[0]), int(mine.time[-1])
        mine = mine.without_books()
        entity, counter = names.entities(mine.account), names.entities(mine.counter)
        if not ((mine.account >= 0) | (mine.counter >= 0)).any():
            mine, entity, counter = no_events(), entity[:0], counter[:0]
        recent = Recent(mine, entity, counter)
        unlabelled = MarketTape(tape, venue, symbol, start, end, folded, labels[:0], names, recent)
        yield unlabelled.labelled(labels)


def stored_tape(path: Path, parameters: Parameters, store: FoldedStore) -> list[MarketTape]:
    """Return every market of a tape, without labels: from the store, or folded and then stored."""
    key = key_of(path, parameters)
    kept = store.load(key)
    if kept is not None:
        try:
            return _from_arrays(name_of(path), kept)
        except (KeyError, ValueError, TypeError):
            # Whole, but not what it must be: something else wrote it.
            store.drop(key)
    markets = list(fold_tape(path, with_nanoseconds(no_labels()), parameters))
    store.save(key, _to_arrays(markets))
    return markets


def _to_arrays(markets: Sequence[MarketTape]) -> Arrays:
    arrays: Arrays = {}
    for number, market in enumerate(markets):
        arrays |= {f"{number}/{name}": array for name, array in folded_to_arrays(market.folded).items()}
        arrays[f"{number}/recent"] = recent_to_array(market.recent)
    told = [[market.venue, market.symbol, market.start, market.end] for market in markets]
    state = {"names": markets[0].names.to_dict() if markets else Vocabulary().to_dict(), "markets": told}
    return arrays | {"state": np.frombuffer(json.dumps(state).encode(), np.uint8)}


def _from_arrays(tape: str, arrays: Arrays) -> list[MarketTape]:
    state: dict[str, Any] = json.loads(arrays["state"].tobytes())
    names, labels, markets = Vocabulary.from_dict(state["names"]), with_nanoseconds(no_labels()), []
    for number, (venue, symbol, start, end) in enumerate(state["markets"]):
        prefix = f"{number}/"
        mine = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        recent = recent_from_array(mine.pop("recent"), names)
        folded = folded_from_arrays(mine)
        markets.append(MarketTape(tape, venue, symbol, start, end, folded, labels, names, recent))
    return markets
