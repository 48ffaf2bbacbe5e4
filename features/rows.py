"""Feature rows and episodes: what the fold gives to the detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from features.catalogue import ACCOUNT_GRAIN, COLUMNS, GRAINS, grain_of
from features.feature import Feature
from features.sweeps.base import MOST_MEMBERS


@dataclass(frozen=True)
class Rows:
    """Feature rows of one market at one scale, one row per closed bucket in which something happened, oldest first.

    At the scale "account" there is one row for each entity that acted in the bucket, which is its `top_entity`; at the
    scale "book" something happened where a message or trade came while a book was known, or a wall's second ended.

    Attributes:
        scale: Name of the scale, "market" (60 s buckets), "fast", "account" or "book" (5 s buckets).
        market: Market code in the vocabulary.
        start: Start of the bucket, ns UTC, shape (n_rows,).
        end: End of the bucket (exclusive), ns UTC, shape (n_rows,).
        values: Feature values in catalogue order, shape (n_rows, n_features); NaN is unknown.
        top_entity: Entity with the largest share of the window's volume, -1 where unknown, shape (n_rows,).
        pair: The two entities (equal for a self-match) that most trade with themselves, shape (n_rows, 2).
    """

    scale: str
    market: int
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    values: NDArray[np.float64]
    top_entity: NDArray[np.int32]
    pair: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.end)

    def __getitem__(self, feature: str) -> NDArray[np.float64]:
        """Return the column of one feature of the scale's grain (a view)."""
        column: NDArray[np.float64] = self.values[:, COLUMNS[grain_of(self.scale)][feature]]
        return column

    @property
    def features(self) -> tuple[Feature, ...]:
        """The catalogue of the columns."""
        return GRAINS[grain_of(self.scale)]

    @property
    def entity(self) -> NDArray[np.int32]:
        """Whom each row is about, -1 for the market as a whole, shape (n_rows,)."""
        return self.top_entity if self.scale == ACCOUNT_GRAIN else np.full(len(self), -1, np.int32)

    def take(self, which: NDArray[np.int64]) -> Rows:
        """Return the given rows, in the given order."""
        picked = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name not in ("scale", "market")}
        return Rows(scale=self.scale, market=self.market, **picked)

    def then(self, later: Rows) -> Rows:
        """Return these rows and later ones of the same market and scale."""
        return replace(rows_together([self, later]), market=self.market)


@dataclass(frozen=True)
class Episodes:
    """What one sweep found in one market, shape (n,) each.

    Attributes:
        row: Row number, in the rows of the sweep's scale in the same output, of the first that ends after the episode.
        members: Entities it is about, the subject first, -1 where there are no more, shape (n, 8).
        side: +1 buy, -1 sell, 0 neither.
        start: When it began, ns UTC.
        end: When it was complete, ns UTC.
        figures: What was measured, shape (n, n_figures); NaN is unknown.
        names: Names of the figures.
    """

    row: NDArray[np.int64]
    members: NDArray[np.int32]
    side: NDArray[np.int8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    figures: NDArray[np.float64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, figure: str) -> NDArray[np.float64]:
        """Return the column of one figure (a view); of no episodes at all, nothing."""
        if not self.names:
            return np.empty(0)
        column: NDArray[np.float64] = self.figures[:, self.names.index(figure)]
        return column

    @property
    def entity(self) -> NDArray[np.int32]:
        """The subjects."""
        subject: NDArray[np.int32] = self.members[:, 0]
        return subject

    def then(self, later: Episodes) -> Episodes:
        """Return these episodes and later ones of the same kind and market."""
        return episodes_together([self, later])


def rows_together(parts: Sequence[Rows]) -> Rows:
    """Return the rows of one scale of several outputs or markets, in their order; of no market in particular."""
    some = [part for part in parts if len(part)] or parts[:1]
    if len(some) == 1:
        return replace(some[0], market=-1)
    names = [f.name for f in fields(Rows) if f.name not in ("scale", "market")]
    columns = {name: np.concatenate([getattr(part, name) for part in some]) for name in names}
    return Rows(scale=some[0].scale, market=-1, **columns)


def episodes_together(parts: Sequence[Episodes]) -> Episodes:
    """Return the episodes of one kind of several outputs, in their order; their row numbers stay as they are."""
    if len(parts) == 1:
        return parts[0]
    names = [f.name for f in fields(Episodes) if f.name != "names"]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Episodes(**columns, names=parts[0].names)


def blank_rows(scale: str, n_rows: int, market: int = 0, bucket_ns: int = 60_000_000_000) -> Rows:
    """Return rows whose features are all unknown: the start of a hand-made window (scoring API, tests)."""
    start = np.arange(n_rows, dtype=np.int64) * bucket_ns
    return Rows(
        scale=scale,
        market=market,
        start=start,
        end=start + bucket_ns,
        values=np.full((n_rows, len(GRAINS[grain_of(scale)])), np.nan),
        top_entity=np.full(n_rows, -1, dtype=np.int32),
        pair=np.full((n_rows, 2), -1, dtype=np.int32),
    )


@cache
def no_rows(scale: str) -> Rows:
    """Return no rows of a scale, always the same ones, of no market in particular."""
    return blank_rows(scale, 0)


@cache
def no_episodes(names: tuple[str, ...] = ()) -> Episodes:
    """Return no episodes of a kind that measures `names`."""
    whole = np.empty(0, dtype=np.int64)
    return Episodes(
        row=whole, members=np.empty((0, MOST_MEMBERS), np.int32), side=np.empty(0, np.int8), start=whole, end=whole,
        figures=np.empty((0, len(names))), names=names,
    )  # fmt: skip
