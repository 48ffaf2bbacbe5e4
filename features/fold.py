"""The fold: events of one market, in total order, into feature rows and episodes.

Batch and live are this one fold. State is carried from event to event and never depends on how the events were cut
into calls, so rows have the same bits in both; `tests/contracts/test_batch_is_live.py` holds that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.account import AccountFold, AccountOut
from features.account_rows import account_rows, row_of
from features.book.fold import BOOK, BookFold
from features.buckets import VOLUME
from features.catalogue import ACCOUNT_GRAIN, MARKET_FEATURES
from features.day import TRADED
from features.errors import SchemaError
from features.events import Events
from features.kernel import Out, Written, close_until, fold_events
from features.lives import follow, new_lives
from features.rows import Episodes, Rows, blank_rows, no_episodes
from features.saved_state import Arrays, from_arrays, to_arrays
from features.schedule import HOURLY, Schedule
from features.state import new_state, with_room
from features.sweeps import new_sweeps
from features.sweeps.base import Found, nothing_found
from features.sweeps.daily import WORTH_UNKNOWN, Spans

FAST, MARKET, ACCOUNT = "fast", "market", ACCOUNT_GRAIN
FIGURES: dict[str, tuple[str, ...]] = {sweep.kind: sweep.figures for sweep in new_sweeps()}
SCALES: dict[str, str] = {sweep.kind: sweep.scale for sweep in new_sweeps()}
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
    """What one call of the fold gave: rows of every scale, and the episodes that count on them, by kind."""

    market: Rows
    fast: Rows
    episodes: Mapping[str, Episodes]
    accounts: Rows = field(default_factory=lambda: blank_rows(ACCOUNT, 0))
    books: Rows = field(default_factory=lambda: blank_rows(BOOK, 0))

    @property
    def scales(self) -> dict[str, Rows]:
        """The rows by scale."""
        return {FAST: self.fast, MARKET: self.market, ACCOUNT: self.accounts, BOOK: self.books}

    def rows_of(self, scale: str) -> Rows:
        """Return the rows of a scale."""
        return self.scales[scale]

    def episodes_of(self, kind: str) -> Episodes:
        """Return the episodes of a kind; none where no sweep looks for it."""
        return self.episodes.get(kind, no_episodes())

    def then(self, later: Folded) -> Folded:
        """Return this output and the next one of the same fold as one."""
        rows = {scale: len(rows) for scale, rows in self.scales.items()}
        both = {
            kind: found.then(replace(later.episodes[kind], row=later.episodes[kind].row + rows[SCALES[kind]]))
            for kind, found in self.episodes.items()
        }
        accounts, books = self.accounts.then(later.accounts), self.books.then(later.books)
        return Folded(self.market.then(later.market), self.fast.then(later.fast), both, accounts, books)


class MarketFold:
    """The fold of one market.

    Args:
        market: Market code that the rows carry.
        windows: Scales.
        spans: Days that users are judged over, and the worth of a lot; without it no user is.
        schedule: When reference prices are made.
        lot: Base units of a lot, for the quantities of the book grain.
    """

    def __init__(
        self,
        market: int,
        windows: Windows = Windows(),
        spans: Spans = WORTH_UNKNOWN,
        schedule: Schedule = HOURLY,
        lot: float = 1.0,
    ) -> None:
        self.market = market
        self.windows = windows
        w = windows
        self._state = new_state(w.fast_ns, w.fast_buckets, w.market_ns, w.market_buckets)
        self._lives = new_lives()
        self._accounts = AccountFold(w.fast_ns, w.market_ns, w.market_buckets)
        self._book = BookFold(market, w.fast_ns, lot)
        self._sweeps = new_sweeps(spans, schedule)
        self._pending = {kind: nothing_found(len(names)) for kind, names in FIGURES.items()}

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
        rest = np.flatnonzero(~events.is_book)
        if len(rest) == len(events):
            self._refuse_overflow(events)
            return self._fold(events, entity, counter, self._book.fold(events))
        others = events.take(rest)
        self._refuse_overflow(others)
        folded = self._fold(others, entity[rest], counter[rest], self._book.fold(events))
        # A level lets time pass for the others as well, so that what ends at one time is told at one time.
        return folded.then(self._advance(int(events.time[-1]), self._book.nothing))

    def _fold(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32], books: Rows) -> Folded:
        outs, found, acted = [], [], []
        for begin in range(0, len(events), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            chunk = events.take(part)
            self._lives, seen = follow(self._lives, chunk, entity[part], counter[part])
            outs.append(self._fold_chunk(chunk, seen.entity, seen.counter))
            acted.append(self._accounts.fold(seen))
            found.append({sweep.kind: sweep.fold(seen) for sweep in self._sweeps})
        return self._folded(outs, acted, found, books)

    def _refuse_overflow(self, events: Events) -> None:
        held = (self._state.day.ring[:, TRADED], self._state.coarse.open_whole[VOLUME : VOLUME + 1], events.lots)
        lots = sum(float(part.sum(dtype=np.float64)) for part in held)
        if lots > MOST_LOTS:
            told = f"a market must move fewer than 2^60 lots a day, was {lots:.3g}"
            raise SchemaError(f"quantity: {told}; declare a larger lot for its symbol under [events.lots]")

    def _fold_chunk(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32]) -> Out:
        changes = 1 + np.count_nonzero(np.diff(events.time // self.windows.fast_ns))
        out = _new_out(int(changes) + 1)
        columns = (events.time, events.kind, events.side, events.price, events.lots, entity, counter)
        done = 0
        while (done := fold_events(self._state, done, *columns, out)) < len(events):
            self._state = with_room(self._state)
        return out

    def advance(self, until_ns: int) -> Folded:
        """Close the buckets that end at or before a time, which no later event will precede."""
        return self._advance(until_ns, self._book.advance(until_ns))

    def _advance(self, until_ns: int, books: Rows) -> Folded:
        out = _new_out(1)
        close_until(self._state, until_ns, out)
        found = {sweep.kind: sweep.advance(until_ns) for sweep in self._sweeps}
        return self._folded([out], [self._accounts.advance(until_ns)], [found], books)

    def _folded(self, outs: list[Out], acted: list[AccountOut], found: list[dict[str, Found]], books: Rows) -> Folded:
        w = self.windows
        fast = _rows(FAST, self.market, w.fast_ns, [out.fast for out in outs])
        coarse = _rows(MARKET, self.market, w.market_ns, [out.coarse for out in outs])
        ends = {FAST: fast.end, MARKET: coarse.end, ACCOUNT: fast.end}
        ready = {kind: self._ready(kind, found, ends[scale]) for kind, scale in SCALES.items()}
        accounts = account_rows(acted, fast, [one for kind, one in ready.items() if SCALES[kind] == ACCOUNT])
        episodes = {}
        for kind, one in ready.items():
            if SCALES[kind] == ACCOUNT:
                row = row_of(accounts, fast, one)
            else:
                row = np.searchsorted(ends[SCALES[kind]], one.end, side="right")
            episodes[kind] = Episodes(row, one.members, one.side, one.start, one.end, one.figures, FIGURES[kind])
        return Folded(coarse, fast, episodes, accounts, books)

    def _ready(self, kind: str, found: list[dict[str, Found]], row_ends: NDArray[np.int64]) -> Found:
        # An episode counts on the first row that ends after it; until that has closed it waits.
        waiting = self._pending[kind]
        for part in found:
            waiting = waiting.then(part[kind]) if kind in part and len(part[kind]) else waiting
        closed = waiting.end < (row_ends[-1] if len(row_ends) else 0)
        self._pending[kind] = waiting.take(~closed)
        return waiting.take(closed)

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name; `restore` on a fold with the same windows continues from it."""
        parts = {"fold": to_arrays(self._state), "lives": to_arrays(self._lives), "accounts": self._accounts.snapshot()}
        parts["book"] = self._book.snapshot()
        parts |= {f"sweep.{sweep.kind}": sweep.snapshot() for sweep in self._sweeps}
        parts |= {f"pending.{kind}": vars(found) for kind, found in self._pending.items()}
        return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""

        def part(name: str) -> dict[str, NDArray[Any]]:
            prefix = f"{name}/"
            return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}

        self._state = from_arrays(self._state, part("fold"))
        self._lives = from_arrays(self._lives, part("lives"))
        self._accounts.restore(part("accounts"))
        self._book.restore(part("book"))
        for sweep in self._sweeps:
            sweep.restore(part(f"sweep.{sweep.kind}"))
        self._pending = {kind: Found(**part(f"pending.{kind}")) for kind in self._pending}


def _written(rows: int) -> Written:
    end, top, pair = (np.empty(rows, np.int64) for _ in range(3))
    return Written(np.empty((rows, len(MARKET_FEATURES))), end, top, pair, np.zeros(1, np.int64))


def _new_out(rows: int) -> Out:
    return Out(_written(rows), _written(rows))


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
