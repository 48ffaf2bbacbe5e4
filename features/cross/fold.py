"""The second stage: trades of a group's markets, bucket by bucket, into rows of the cross grain and episodes.

Reads closed buckets only: whatever the batches were, a bucket is taken once, when no trade of it can be missing, with
its trades in one order. The group begins with the first whole bucket after its second market has traded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.catalogue import CROSS_GRAIN
from features.cross.dealings import CROSS_FIGURES, Dealings, Dealt, nothing_dealt
from features.cross.grid import LAG_S, WINDOW_S, new_grid, take_bucket, with_market
from features.cross.prints import Prints, picked
from features.cross.row import N_FEATURES, write_rows
from features.cross_catalogue import CROSS_COLUMN
from features.rows import Episodes, Rows
from features.saved_state import Arrays, from_arrays, to_arrays
from features.sweeps.base import MOST_MEMBERS
from features.time_units import SECOND_NS


@dataclass(frozen=True)
class CrossSpans:
    """How markets of a group are compared.

    Attributes:
        bucket_ns: Length of a bucket.
        stale_s: Seconds without a trade after which a price is unknown.
        fee_bps: Taker fee of a venue, basis points.
        fees_bps: The same of single venues.
    """

    bucket_ns: int = 5 * SECOND_NS
    stale_s: float = 30.0
    fee_bps: float = 10.0
    fees_bps: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CrossFolded:
    """What one market of a group was given: rows, and the episodes that show on it, by kind."""

    rows: Rows
    episodes: dict[str, Episodes]


class CrossFold:
    """The fold of one group.

    Args:
        spans: How markets are compared.
    """

    def __init__(self, spans: CrossSpans) -> None:
        self._spans = spans
        self._bucket_s = spans.bucket_ns / SECOND_NS
        n_buckets = max(round(WINDOW_S / self._bucket_s), 1) + max(round(LAG_S / self._bucket_s), 1)
        self.markets: list[int] = []
        self._venues: list[tuple[str, str]] = []
        self._grid = new_grid(n_buckets)
        self._dealings = Dealings(spans.bucket_ns)

    def join(self, market: int, name: tuple[str, str]) -> int:
        """Return the number of a market within the group, new or known.

        Args:
            market: Its code.
            name: Its venue and symbol.
        """
        if market not in self.markets:
            self.markets.append(market)
            self._venues.append(name)
            self._grid = with_market(self._grid)
        return self.markets.index(market)

    @property
    def rank(self) -> NDArray[np.int64]:
        """Place of each market in the order of names: results must not depend on who came first."""
        return np.argsort(self._order).astype(np.int64)

    @property
    def _order(self) -> NDArray[np.int64]:
        return np.array(sorted(range(len(self._venues)), key=self._venues.__getitem__), np.int64)

    def fold(self, prints: Prints) -> dict[int, CrossFolded]:
        """Take the trades of closed buckets and return rows and episodes by the code of their market.

        Args:
            prints: Trades of whole buckets, none before the last one taken, in the order of `Prints`.
        """
        bucket = prints.time // self._spans.bucket_ns
        cuts = np.flatnonzero(np.diff(bucket)) + 1
        values, known, ends, dealt = [], [], [], {kind: [nothing_dealt(kind)] for kind in CROSS_FIGURES}
        for begin, end in zip([0, *cuts], [*cuts, len(bucket)], strict=True):
            if begin == end:
                continue
            ends.append((int(bucket[begin]) + 1) * self._spans.bucket_ns)
            rows = self._row(int(bucket[begin]), prints, int(begin), int(end))
            values.append(rows)
            known.append(~np.isnan(self._grid.close[:, -1]))
            fresh = picked(prints, slice(begin, end))
            usual = np.ascontiguousarray(rows[:, CROSS_COLUMN["usual_return_bps"]])
            # Prices at the ends of what a float can hold are prices; what comes of them is no number, or inf.
            with np.errstate(all="ignore"):
                found_here = self._dealings.take(fresh, ends[-1], self.rank, usual)
            for kind, found in found_here.items():
                dealt[kind].append(found)
        if not ends:
            return {}
        whole = {kind: _together(parts) for kind, parts in dealt.items()}
        out, stacked, has_traded = {}, np.stack(values), np.stack(known)
        for slot, code in enumerate(self.markets):
            mine = has_traded[:, slot]
            out[code] = self._of(slot, stacked[mine, slot], np.array(ends)[mine], whole)
        return out

    def _row(self, bucket: int, prints: Prints, begin: int, end: int) -> NDArray[np.float64]:
        spans, out = self._spans, np.full((len(self.markets), N_FEATURES), np.nan)
        fees = np.array([spans.fees_bps.get(venue, spans.fee_bps) for venue, _ in self._venues])
        take_bucket(self._grid, bucket, prints, begin, end)
        stale = max(int(spans.stale_s / self._bucket_s), 1)
        write_rows(self._grid, self._order, fees, self._bucket_s, stale, out)
        return out

    def _of(
        self, slot: int, values: NDArray[np.float64], ends: NDArray[np.int64], dealt: Mapping[str, Dealt]
    ) -> CrossFolded:
        n = len(ends)
        rows = Rows(
            scale=CROSS_GRAIN, market=self.markets[slot], start=ends - self._spans.bucket_ns, end=ends,
            values=np.ascontiguousarray(values), top_entity=np.full(n, -1, np.int32),
            pair=np.full((n, 2), -1, np.int32),
        )  # fmt: skip
        episodes = {}
        for kind, one in dealt.items():
            mine = one.found.take(one.slot == slot)
            row = np.searchsorted(ends, mine.end, side="right").astype(np.int64)
            members = mine.members.reshape(-1, MOST_MEMBERS)
            episodes[kind] = Episodes(row, members, mine.side, mine.start, mine.end, mine.figures, CROSS_FIGURES[kind])
        return CrossFolded(rows, episodes)

    def snapshot(self) -> Arrays:
        """Return the whole state but for the names of its markets as arrays by name."""
        arrays = {f"grid/{name}": array for name, array in to_arrays(self._grid).items()}
        return arrays | {f"dealings/{name}": array for name, array in self._dealings.snapshot().items()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot; its markets must have joined, in the order in which they did."""
        self._grid = from_arrays(self._grid, arrays, "grid/")
        mine = {name.removeprefix("dealings/"): array for name, array in arrays.items() if name.startswith("dealings/")}
        self._dealings.restore(mine)


def _together(parts: Sequence[Dealt]) -> Dealt:
    whole = parts[0]
    for part in parts[1:]:
        if len(part.slot):
            whole = whole.then(part)
    return whole
