"""Labels that lie on no tape: mistakes of whoever wrote them, told before anything is learned from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from features.errors import TapeError
from features.readers import Dataset
from features.tables import stem_of
from models.parameters import TYPOLOGIES
from training.markets import MarketTape
from training.simulator.scenario_tables import TYPOLOGIES as PLANTED
from training.verdicts import TAPES, VERDICT

KNOWN = tuple(sorted({*TYPOLOGIES, *PLANTED}))
_MOST = 10


def refuse_unknown(dataset: Dataset) -> None:
    """Check the typologies of a dataset's labels, and the tapes that they name.

    Raises:
        TapeError: There is no label, or one of a typology that nothing detects, or as `refuse_unknown_tapes`; the text
            has a line for each.
    """
    path = dataset.path / "labels.csv"
    if dataset.labels.empty:
        raise TapeError(f"{path} must hold labelled episodes to learn from, was empty")
    unknown = dataset.labels["typology"].drop_duplicates()
    _refuse(path, [(row, _unknown(name)) for row, name in unknown.items() if name not in KNOWN])
    refuse_unknown_tapes(dataset)


def refuse_unknown_tapes(dataset: Dataset) -> None:
    """Check the tapes that a dataset's labels name.

    Raises:
        TapeError: A label names a tape that is not there, or a verdict names none, which would be about every tape;
            the text has a line for each.
    """
    labels, known = dataset.labels, {name_of(tape) for tape in dataset.tapes}
    is_verdict = labels[VERDICT].notna() if VERDICT in labels else [False] * len(labels)
    named = labels[TAPES] if TAPES in labels else [()] * len(labels)
    found: list[tuple[object, str]] = []
    for row, names, decided in zip(labels.index, named, is_verdict, strict=True):
        if decided and not names:
            found.append((row, "tapes must name those that the verdict is about, was empty"))
        found += [(row, f"tapes must be among those of the dataset, was {name}") for name in names if name not in known]
    _refuse(dataset.path / "labels.csv", found)


def name_of(tape: Path) -> str:
    """Return what labels call a tape of a dataset."""
    return tape.name if tape.is_dir() else stem_of(tape)


def refuse_misplaced(dataset: Dataset, markets: Sequence[MarketTape]) -> None:
    """Check that each label of a dataset lies on one of its markets.

    Raises:
        TapeError: A label names a market that no tape has, or a time that no tape of its market covers; the text has a
            line for each.
    """
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for market in markets:
        spans.setdefault((market.venue, market.symbol), []).append((market.start, market.end))
    columns = ("venue", "symbol", "start", "end")
    labels = zip(dataset.labels.index, *(dataset.labels[name] for name in columns), strict=True)
    found = [(row, _misplaced(spans, venue, symbol, start, end)) for row, venue, symbol, start, end in labels]
    _refuse(dataset.path / "labels.csv", [(row, text) for row, text in found if text])


def _unknown(name: str) -> str:
    near = get_close_matches(name, KNOWN, n=1)
    hint = f" (nearest: {near[0]})" if near else "; `tapewatch detectors` lists them"
    return f"typology must be a known one{hint}, was {name}"


def _misplaced(
    spans: dict[tuple[str, str], list[tuple[int, int]]],
    venue: str,
    symbol: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> str:
    here = spans.get((venue, symbol))
    if here is None:
        has = ", ".join(f"{one} on {other}" for other, one in sorted(spans)[:5])
        return f"symbol and venue must be on a tape, was {symbol} on {venue}; the tapes have {has}"
    if any(first <= end.value and start.value <= last for first, last in here):
        return ""
    covered = ", ".join(f"{_time(first)} to {_time(last)}" for first, last in sorted(here)[:3])
    return f"start and end must lie on a tape of {symbol} ({covered}), was {_time(start.value)} to {_time(end.value)}"


def _time(ns: int) -> str:
    return pd.Timestamp(ns, tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def _refuse(path: Path, mistakes: Sequence[tuple[object, str]]) -> None:
    if not mistakes:
        return
    # Rows are counted as an editor shows them: the header is the first.
    lines = "".join(f"\n  row {int(str(row)) + 2}: {text}" for row, text in mistakes[:_MOST])
    more = f"\n  and {len(mistakes) - _MOST} more" if len(mistakes) > _MOST else ""
    raise TapeError(f"{path}: {len(mistakes)} mistake(s){lines}{more}")
