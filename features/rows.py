"""Feature rows and episodes: what the fold gives to the detectors."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from features.catalogue import COLUMN, MARKET_FEATURES


@dataclass(frozen=True)
class Rows:
    """Feature rows of one market at one scale, one row per closed bucket in which something happened, oldest first.

    Attributes:
        scale: Name of the scale, "market" (60 s buckets) or "fast" (5 s buckets).
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
        """Return the column of one feature (a view)."""
        column: NDArray[np.float64] = self.values[:, COLUMN[feature]]
        return column

    def take(self, which: NDArray[np.int64]) -> Rows:
        """Return the given rows, in the given order."""
        picked = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name not in ("scale", "market")}
        return Rows(scale=self.scale, market=self.market, **picked)

    def then(self, later: Rows) -> Rows:
        """Return these rows and later ones of the same market and scale."""
        names = [f.name for f in fields(self) if f.name not in ("scale", "market")]
        both = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in names}
        return Rows(scale=self.scale, market=self.market, **both)


@dataclass(frozen=True)
class Episodes:
    """Bait episodes of one market: a fill on one side, and what rested on the other side pulled right after.

    Attributes:
        row: Row number (in the fast rows of the same output) of the bucket that holds the completing cancel.
        entity: Entity that placed both sides.
        side: Side of the bait, +1 buy, -1 sell.
        start: Time the first pulled order was placed, ns UTC.
        end: Time of the completing cancel, ns UTC.
        bait_lots: Sum of what was pulled after the fill, in lots.
        bait_orders: How many orders were pulled.
        bait_filled_lots: What of the pulled orders had been filled, in lots.
        genuine_lots: Size of the order that was filled on the other side, plus what else rested there, in lots.
        fill_ratio: Filled share of that genuine order, in [0, 1].
        pull_s: Seconds from the fill to the last cancel.
        depth_ratio: Bait over the mean size of a resting order of the market, times; NaN where unknown.
        repeats: How many of the entity's fills were followed by bait before, without an hour in between.
        cancel_share: Of all the entity cancelled so far, the part pulled right after a fill on the other side.
    """

    row: NDArray[np.int64]
    entity: NDArray[np.int32]
    side: NDArray[np.int8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    bait_lots: NDArray[np.int64]
    bait_orders: NDArray[np.int64]
    bait_filled_lots: NDArray[np.int64]
    genuine_lots: NDArray[np.int64]
    fill_ratio: NDArray[np.float64]
    pull_s: NDArray[np.float64]
    depth_ratio: NDArray[np.float64]
    repeats: NDArray[np.int64]
    cancel_share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    def then(self, later: Episodes) -> Episodes:
        """Return these episodes and later ones of the same market."""
        return Episodes(
            **{f.name: np.concatenate([getattr(self, f.name), getattr(later, f.name)]) for f in fields(self)}
        )


def blank_rows(scale: str, n_rows: int, market: int = 0, bucket_ns: int = 60_000_000_000) -> Rows:
    """Return rows whose features are all unknown: the start of a hand-made window (scoring API, tests)."""
    start = np.arange(n_rows, dtype=np.int64) * bucket_ns
    return Rows(
        scale=scale,
        market=market,
        start=start,
        end=start + bucket_ns,
        values=np.full((n_rows, len(MARKET_FEATURES)), np.nan),
        top_entity=np.full(n_rows, -1, dtype=np.int32),
        pair=np.full((n_rows, 2), -1, dtype=np.int32),
    )


def no_episodes() -> Episodes:
    """Return episodes with no rows."""
    whole = np.empty(0, dtype=np.int64)
    real = np.empty(0)
    return Episodes(
        row=whole, entity=np.empty(0, np.int32), side=np.empty(0, np.int8), start=whole, end=whole, bait_lots=whole,
        bait_orders=whole, bait_filled_lots=whole, genuine_lots=whole, fill_ratio=real, pull_s=real, depth_ratio=real,
        repeats=whole,
        cancel_share=real,
    )  # fmt: skip
