"""What if: which alerts changed parameters would have raised on recorded tapes, beside those of the present ones.

Only judging and alerting are done anew, over folded markets that are kept (`training.folded_store`); parameters that
the fold itself reads need the tapes folded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.labels import no_labels
from features.readers import Dataset, read_dataset
from models.alert import Alert, same_accusation
from models.bundle import Bundle
from models.parameter_changes import Change, changes
from models.parameters import Parameters
from training.alerts import Raised, alerts_of
from training.folded_store import STORE, fold_parameters
from training.hits import hits_and_truths, same_pattern
from training.markets import MarketTape, Progress, days_of, fold_dataset
from training.verdicts import confirmed


@dataclass(frozen=True)
class Judged:
    """One alert at its last revision, with what the labels say of it.

    Attributes:
        alert: The alert.
        tape: Name of its tape.
        hits: Which of the episodes it hits, by their number in the whole dataset.
        true: Whether it is not a false alert by the definition of `training.hits`; None where nobody has judged it.
    """

    alert: Alert
    tape: str
    hits: frozenset[int]
    true: bool | None

    @property
    def typology(self) -> str:
        """Its typology, what counts as one another as one."""
        return same_pattern(self.alert.typology)


@dataclass(frozen=True)
class WhatIf:
    """Alerts under two sets of parameters.

    Attributes:
        changes: The parameters that differ.
        before: Alerts under the present parameters.
        after: Alerts under the changed ones.
        kept: Pairs of numbers in `before` and `after` of alerts that are in both; the rest is lost, or gained.
        days: Time that the tapes cover, days; moments that several cover count once.
        markets: Number of markets of tapes.
        episodes: Typology of each labelled episode by its number (what was called false is none); None where nothing
            is labelled.
    """

    changes: tuple[Change, ...]
    before: tuple[Judged, ...]
    after: tuple[Judged, ...]
    kept: tuple[tuple[int, int], ...]
    days: float
    markets: int
    episodes: Mapping[int, str] | None

    @property
    def lost(self) -> tuple[Judged, ...]:
        """Alerts that only the present parameters raise."""
        still = {old for old, _ in self.kept}
        return tuple(one for number, one in enumerate(self.before) if number not in still)

    @property
    def gained(self) -> tuple[Judged, ...]:
        """Alerts that only the changed parameters raise."""
        known = {new for _, new in self.kept}
        return tuple(one for number, one in enumerate(self.after) if number not in known)

    @property
    def altered(self) -> tuple[tuple[Judged, Judged], ...]:
        """Alerts of both that open, end, or are held otherwise."""
        pairs = ((self.before[old], self.after[new]) for old, new in self.kept)
        return tuple((old, new) for old, new in pairs if _held(old.alert) != _held(new.alert))


def _held(alert: Alert) -> tuple[object, ...]:
    return (alert.detected_at, alert.window_start, alert.window_end, alert.confidence, alert.risk_score, alert.accounts)


def recorded(path: Path) -> tuple[Dataset, bool]:
    """Return what to replay, and whether it is labelled.

    Args:
        path: A dataset, a folder with `tapes/` whose labels may be missing, or a single tape.

    Raises:
        TapeError: There is no such thing, or its labels cannot be read.
    """
    if (path / "labels.csv").exists():
        dataset = read_dataset(path)
        return dataset, len(dataset.labels) > 0
    if (path / "tapes").is_dir():
        return Dataset(path, tuple(sorted((path / "tapes").iterdir())), no_labels()), False
    return Dataset(path, (path,), no_labels()), False


def refolding(before: Parameters, after: Parameters) -> tuple[str, ...]:
    """Return the changed parameters that the fold reads, by name: for these the tapes are folded again."""
    old, new = fold_parameters(before), fold_parameters(after)
    return tuple(name for name in old if old[name] != new[name])


def what_if(
    path: Path, home: Path, before: Parameters, after: Parameters, bundle: Bundle | None,
    progress: Progress | None = None,
) -> WhatIf:  # fmt: skip
    """Replay recorded tapes under two sets of parameters.

    Args:
        path: Dataset or tape.
        home: TAPEWATCH_HOME, where folded tapes are kept.
        before: The present parameters.
        after: The changed ones.
        bundle: The learned detectors; None runs the rules alone.
        progress: Called with (tapes done, tapes in all), anew for a second fold.

    Raises:
        TapeError: The tapes cannot be read.
    """
    dataset, labelled = recorded(path)
    store = home / STORE
    old = fold_dataset(dataset, before, progress, store=store)
    new = fold_dataset(dataset, after, progress, store=store) if refolding(before, after) else old
    return compared(old, new, before, after, bundle, labelled=labelled)


def compared(
    old: Sequence[MarketTape], new: Sequence[MarketTape], before: Parameters, after: Parameters,
    bundle: Bundle | None, *, labelled: bool,
) -> WhatIf:  # fmt: skip
    """Return the alerts of the same markets, folded as each set of parameters asks, side by side."""
    one, two = judged(alerts_of(old, before, bundle)), judged(alerts_of(new, after, bundle))
    names = (same_pattern(str(name)) for market in old for name in confirmed(market.labels)["typology"])
    episodes = dict(enumerate(names))
    return WhatIf(
        changes(before, after), one, two, _paired(one, two), days_of(old), len(old), episodes if labelled else None
    )


def judged(raised: Iterator[Raised]) -> tuple[Judged, ...]:
    """Return the alerts of many markets with what the labels on each say of them."""
    out, first = [], 0
    for one in raised:
        hits, false, unknown = hits_and_truths(one.last, one.market.labels)
        for alert, mine, is_false, is_unknown in zip(one.last, hits, false, unknown, strict=True):
            which = frozenset((first + np.flatnonzero(mine)).tolist())
            out.append(Judged(alert, one.market.tape, which, None if is_unknown else not is_false))
        first += hits.shape[1]
    return tuple(out)


def _paired(before: Sequence[Judged], after: Sequence[Judged]) -> tuple[tuple[int, int], ...]:
    # An alert that opens earlier or later has another id, and is the same accusation all the same.
    free = {(one.tape, one.alert.alert_id): number for number, one in enumerate(after)}
    pairs = [
        (old, new) for old, one in enumerate(before) if (new := free.get((one.tape, one.alert.alert_id))) is not None
    ]
    taken, settled = {new for _, new in pairs}, {old for old, _ in pairs}
    by_place: dict[tuple[str, ...], list[int]] = {}
    for number, one in enumerate(after):
        if number not in taken:
            by_place.setdefault(_place(one), []).append(number)
    for old, one in enumerate(before):
        others = by_place.get(_place(one), []) if old not in settled else []
        same = next((new for new in others if same_accusation(one.alert, after[new].alert)), None)
        if same is not None:
            others.remove(same)
            pairs.append((old, same))
    return tuple(sorted(pairs))


def _place(one: Judged) -> tuple[str, ...]:
    return (one.tape, one.alert.typology, one.alert.venue, one.alert.symbol)
