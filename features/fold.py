"""The fold: events of one market, in total order, into feature rows and episodes.

Batch and live are this one fold. State is carried from event to event and never depends on how the events were cut
into calls, so rows have the same bits in both; `tests/contracts/test_batch_is_live.py` holds that.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.baits import EPISODE
from features.buckets import VOLUME
from features.catalogue import MARKET_FEATURES
from features.day import TRADED
from features.errors import SchemaError
from features.events import CANCEL, Events
from features.kernel import Out, Written, close_until, fold_events
from features.rows import Episodes, Rows
from features.state import from_arrays, new_state, to_arrays, with_room

FAST, MARKET = "fast", "market"
_CHUNK = 1 << 16
MOST_LOTS = 2.0**60


@dataclass(frozen=True)
class Windows:
    """Bucket lengths (ns) and window lengths (buckets) of the two scales; coarse buckets are merges of fine ones."""

    fast_ns: int = 5_000_000_000
    fast_buckets: int = 720
    market_ns: int = 60_000_000_000
    market_buckets: int = 60


@dataclass(frozen=True)
class Folded:
    """What one call of the fold gave: rows of both scales and the episodes of the fast ones."""

    market: Rows
    fast: Rows
    episodes: Episodes

    def then(self, later: Folded) -> Folded:
        """Return this output and the next one of the same fold as one."""
        moved = replace(later.episodes, row=later.episodes.row + len(self.fast))
        return Folded(self.market.then(later.market), self.fast.then(later.fast), self.episodes.then(moved))


class MarketFold:
    """The fold of one market.

    Args:
        market: Market code that the rows carry.
        windows: Scales.
    """

    def __init__(self, market: int, windows: Windows = Windows()) -> None:
        self.market = market
        self.windows = windows
        w = windows
        self._state = new_state(w.fast_ns, w.fast_buckets, w.market_ns, w.market_buckets)
        self._pending = np.empty((0, len(EPISODE)), np.int64)

    def fold(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32]) -> Folded:
        """Fold the market's next events, in total order.

        Args:
            events: Events of this market only, none before the last one folded.
            entity: Entity of each event's account, -1 where unknown.
            counter: Entity of each trade's seller, -1 where unknown.

        Returns:
            Rows of the buckets that these events closed.

        Raises:
            SchemaError: The market trades more lots than can be counted; none of the events was folded.
        """
        self._refuse_overflow(events)
        outs = []
        for begin in range(0, len(events), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            outs.append(self._fold_chunk(events.take(part), entity[part], counter[part]))
        return self._folded(outs)

    def _refuse_overflow(self, events: Events) -> None:
        held = (self._state.day.ring[:, TRADED], self._state.coarse.open_whole[VOLUME : VOLUME + 1], events.lots)
        lots = sum(float(part.sum(dtype=np.float64)) for part in held)
        if lots > MOST_LOTS:
            told = f"a market must move fewer than 2^60 lots a day, was {lots:.3g}"
            raise SchemaError(f"quantity: {told}; declare a larger lot for its symbol under [events.lots]")

    def _fold_chunk(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32]) -> Out:
        changes = 1 + np.count_nonzero(np.diff(events.time // self.windows.fast_ns))
        out = _new_out(int(changes) + 1, int((events.kind == CANCEL).sum()))
        columns = (events.time, events.kind, events.side, events.price, events.lots, events.leaves, entity, counter,
                   events.order, events.counter_order)  # fmt: skip
        done = 0
        while (done := fold_events(self._state, done, *columns, out)) < len(events):
            self._state = with_room(self._state)
        return out

    def advance(self, until_ns: int) -> Folded:
        """Close the buckets that end at or before a time, which no later event will precede."""
        out = _new_out(1, 0)
        close_until(self._state, until_ns, out)
        return self._folded([out])

    def _folded(self, outs: list[Out]) -> Folded:
        w = self.windows
        fast = _rows(FAST, self.market, w.fast_ns, [out.fast for out in outs])
        coarse = _rows(MARKET, self.market, w.market_ns, [out.coarse for out in outs])
        found = np.concatenate([self._pending, *(out.episodes[: out.found[0]] for out in outs)])
        closed = found[:, 0] < (fast.end[-1] if len(fast) else 0)
        self._pending = found[~closed]
        return Folded(coarse, fast, _episodes(found[closed], fast.end))

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return the whole state as arrays by name; `restore` on a fold with the same windows continues from it."""
        return {**to_arrays(self._state), "pending": self._pending.copy()}

    def restore(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        """Continue from a snapshot."""
        self._state = from_arrays(self._state, arrays)
        self._pending = np.asarray(arrays["pending"], np.int64)


def _written(rows: int) -> Written:
    end, top, pair = (np.empty(rows, np.int64) for _ in range(3))
    return Written(np.empty((rows, len(MARKET_FEATURES))), end, top, pair, np.zeros(1, np.int64))


def _new_out(rows: int, episodes: int) -> Out:
    # One episode more than can be found: the kernel names the next place before it knows whether it needs it.
    found = np.empty((episodes + 1, len(EPISODE)), np.int64)
    return Out(_written(rows), _written(rows), found, np.zeros(1, np.int64))


def _rows(scale: str, market: int, span_ns: int, parts: list[Written]) -> Rows:
    filled = [int(part.filled[0]) for part in parts]

    def joined(name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([empty, *(getattr(part, name)[:n] for part, n in zip(parts, filled, strict=True))])

    nothing = np.empty(0, np.int64)
    end, pair = joined("end", nothing), joined("pair", nothing)
    members = np.stack([pair >> 32, pair & 0xFFFFFFFF], axis=1)
    members[pair < 0] = -1
    return Rows(
        scale=scale,
        market=market,
        start=end - span_ns,
        end=end,
        values=joined("values", np.empty((0, len(MARKET_FEATURES)))),
        top_entity=joined("top", nothing).astype(np.int32),
        pair=members.astype(np.int32),
    )


def _episodes(found: NDArray[np.int64], row_ends: NDArray[np.int64]) -> Episodes:
    column = dict(zip(EPISODE, found.T, strict=True))
    size, mean = column["genuine_size"], column["mean_lots"]
    with np.errstate(divide="ignore", invalid="ignore"):
        fill_ratio = np.where(size > 0, column["genuine_filled"] / size, np.nan)
        depth_ratio = np.where(mean > 0, column["bait_lots"] / mean, np.nan)
    given: dict[str, NDArray[Any]] = {
        "row": np.searchsorted(row_ends, column["time"], side="right"),
        "entity": column["entity"].astype(np.int32),
        "side": column["side"].astype(np.int8),
        "end": column["time"],
        "fill_ratio": fill_ratio,
        "cancel_share": column["after_fill_lots"] / np.maximum(column["cancelled_lots"], 1),
        "pull_s": (column["time"] - column["fill_time"]) * 1e-9,
        "depth_ratio": depth_ratio,
    }
    return Episodes(**{f.name: given[f.name] if f.name in given else column[f.name] for f in fields(Episodes)})
