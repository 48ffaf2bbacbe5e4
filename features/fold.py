"""The fold: events of one market, in total order, into feature rows and episodes.

Batch and live are this one fold. State is carried from event to event and never depends on how the events were cut
into calls, so rows have the same bits in both; `tests/contracts/test_batch_is_live.py` holds that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.account import AccountFold, AccountOut
from features.account_rows import account_rows, row_of
from features.book.fold import BOOK, BookFold
from features.buckets import OPEN, VOLUME
from features.catalogue import ACCOUNT_GRAIN, CROSS_GRAIN, MARKET_FEATURES
from features.day import TRADED
from features.direct import Direct
from features.errors import SchemaError
from features.events import Events, no_events
from features.kernel import Out, Written, close_until, fold_events
from features.lives import follow, new_lives
from features.rows import Episodes, Rows, blank_rows, episodes_together, no_episodes, no_rows, rows_together
from features.saved_state import Arrays, from_arrays, to_arrays
from features.schedule import HOURLY, Schedule
from features.state import new_state, with_room
from features.sweeps import new_sweeps
from features.sweeps.base import Found, Sweep, together
from features.sweeps.daily import WORTH_UNKNOWN, Spans

FAST, MARKET, ACCOUNT, CROSS = "fast", "market", ACCOUNT_GRAIN, CROSS_GRAIN
FIGURES: dict[str, tuple[str, ...]] = {sweep.kind: sweep.figures for sweep in new_sweeps()}
SCALES: dict[str, str] = {sweep.kind: sweep.scale for sweep in new_sweeps()}
_NO_EPISODES = {kind: no_episodes(names) for kind, names in FIGURES.items()}
_CHUNK = 1 << 16
_FOLD_EVENTS, _CLOSE_UNTIL = Direct(fold_events), Direct(close_until)
MOST_LOTS = 2.0**60


@dataclass(frozen=True)
class Windows:
    """Bucket lengths (ns) and window lengths (buckets) of the two scales; coarse buckets are merges of fine ones."""

    fast_ns: int = 5_000_000_000
    fast_buckets: int = 720
    market_ns: int = 60_000_000_000
    market_buckets: int = 60


@dataclass(frozen=True)
class _New:
    """What one call of the fold brings: room that rows are written in, episodes by kind, and rows of the book."""

    out: Out
    acted: list[AccountOut] = field(default_factory=list)
    found: dict[str, list[Found]] = field(default_factory=dict)
    books: list[Rows] = field(default_factory=list)

    def note(self, kind: str, found: Found) -> None:
        """Take note of what a sweep found."""
        if len(found):
            self.found.setdefault(kind, []).append(found)


@dataclass(frozen=True)
class Folded:
    """What one call of the fold gave: rows of every scale, and the episodes that count on them, by kind.

    Rows of the scale "cross" come from the second stage (`features.cross.fold`), which sees several markets.
    """

    market: Rows
    fast: Rows
    episodes: Mapping[str, Episodes]
    accounts: Rows = field(default_factory=partial(no_rows, ACCOUNT))
    books: Rows = field(default_factory=partial(no_rows, BOOK))
    cross: Rows = field(default_factory=partial(no_rows, CROSS))

    @property
    def scales(self) -> dict[str, Rows]:
        """The rows by scale."""
        rows = {FAST: self.fast, MARKET: self.market, ACCOUNT: self.accounts, BOOK: self.books}
        return {**rows, CROSS: self.cross}

    @property
    def has_rows(self) -> bool:
        """Whether any bucket closed."""
        return self is not blank_folded() and any(map(len, self.scales.values()))

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
        market, fast, cross = (getattr(self, name).then(getattr(later, name)) for name in ("market", "fast", "cross"))
        return Folded(market, fast, both, accounts, books, cross)


@cache
def blank_folded() -> Folded:
    """Return the output of a fold in which no bucket closed, always the same one."""
    return Folded(no_rows(MARKET), no_rows(FAST), _NO_EPISODES)


def joined(parts: Sequence[Folded]) -> Folded:
    """Return the outputs of several markets' folds as one, whose rows are of no market in particular."""
    every = [part.scales for part in parts]
    by_scale = {scale: [rows[scale] for rows in every] for scale in every[0]}
    rows = {scale: rows_together(each) for scale, each in by_scale.items()}
    begins = {scale: np.cumsum([0, *map(len, each)]) for scale, each in by_scale.items()}
    busy = [number for number, part in enumerate(parts) if part.episodes is not _NO_EPISODES]
    episodes = dict(_NO_EPISODES)
    for kind, scale in SCALES.items():
        found = [
            replace(one, row=one.row + begins[scale][number])
            for number in busy
            if len(one := parts[number].episodes_of(kind))
        ]
        if found:
            episodes[kind] = episodes_together(found)
    return Folded(rows[MARKET], rows[FAST], episodes, rows[ACCOUNT], rows[BOOK], rows[CROSS])


def lots_of(events: Events) -> float:
    """Return how many lots events move at most; levels of books move none."""
    return float(np.where(events.is_book, 0, np.maximum(events.lots, 0)).sum(dtype=np.float64))


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
        self._timed = [sweep for sweep in self._sweeps if type(sweep).advance is not Sweep.advance]
        self._asked = [sweep for sweep in self._sweeps if not sweep.about_named]
        self._no_rows = {scale: blank_rows(scale, 0, market) for scale in (FAST, MARKET, ACCOUNT)}
        self._waiting: dict[str, list[Found]] = {}
        self._moved = 0.0

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
        self.refuse_overflow(lots_of(events))
        new = self._new(events)
        if self._take(events, entity, counter, new):
            # A level lets time pass for the others as well, so that what ends at one time is told at one time.
            self._pass(int(events.time[-1]), new)
        return self._folded(new)

    def fold_until(
        self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32], until_ns: int
    ) -> Folded:
        """Fold the market's next events, then let time pass: `fold` and `advance` in one, without the refusal.

        Args:
            events: As in `fold`; what they hold was asked of `refuse_overflow` when it came.
            entity: As in `fold`.
            counter: As in `fold`.
            until_ns: As in `advance`.
        """
        new = self._new(events)
        if len(events):
            self._take(events, entity, counter, new)
        self._pass(until_ns, new)
        return self._folded(new)

    def advance(self, until_ns: int) -> Folded:
        """Close the buckets that end at or before a time, which no later event will precede."""
        new = self._new(no_events())
        self._pass(until_ns, new)
        return self._folded(new)

    def nothing_closes(self, until_ns: int) -> bool:
        """Return whether letting time pass up to `until_ns` would close no bucket; then it can be left for later."""
        fast, coarse = self._state.fast, self._state.coarse
        open_until = [(b.marks[OPEN] + 1) * b.span_ns[0] for b in (fast, coarse) if b.marks[OPEN] >= 0]
        return self._book.is_blank and all(until_ns < end for end in open_until)

    def refuse_overflow(self, lots: float) -> None:
        """Refuse events of so many lots in all where the market would move more in a day than can be counted.

        Raises:
            SchemaError: It would.
        """
        self._moved += lots
        if self._moved <= MOST_LOTS:
            return
        held = (self._state.day.ring[:, TRADED], self._state.coarse.open_whole[VOLUME : VOLUME + 1])
        self._moved = lots + sum(float(part.sum(dtype=np.float64)) for part in held)
        if self._moved > MOST_LOTS:
            told = f"a market must move fewer than 2^60 lots a day, was {self._moved:.3g}"
            self._moved -= lots
            raise SchemaError(f"quantity: {told}; declare a larger lot for its symbol under [events.lots]")

    def _take(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32], new: _New) -> bool:
        # Returns whether there are levels of books among them.
        if len(rows := self._book.fold(events)):
            new.books.append(rows)
        others = np.flatnonzero(~events.is_book)
        if len(others) < len(events):
            self._take_others(events.take(others), entity[others], counter[others], new)
            return True
        self._take_others(events, entity, counter, new)
        return False

    def _take_others(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32], new: _New) -> None:
        for begin in range(0, len(events), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            chunk = events if len(events) <= _CHUNK else events.take(part)
            self._lives, seen = follow(self._lives, chunk, entity[part], counter[part])
            self._fold_chunk(chunk, seen.entity, seen.counter, new.out)
            new.acted.append(self._accounts.fold(seen))
            if len(self._asked) < len(self._sweeps) and ((seen.entity >= 0) | (seen.counter >= 0)).any():
                self._asked = [*self._sweeps]
            for sweep in self._asked:
                new.note(sweep.kind, sweep.fold(seen))

    def _pass(self, until_ns: int, new: _New) -> None:
        _CLOSE_UNTIL(self._state, until_ns, new.out)
        new.acted.append(self._accounts.advance(until_ns))
        for sweep in self._timed:
            new.note(sweep.kind, sweep.advance(until_ns))
        if len(rows := self._book.advance(until_ns)):
            new.books.append(rows)

    def _new(self, events: Events) -> _New:
        # What is open now closes, and each bucket that events fall into.
        times, fast_ns = events.time, self.windows.fast_ns
        spans = int(times[-1] // fast_ns - times[0] // fast_ns) + 1 if len(events) else 0
        return _New(_new_out(1 + min(len(events), spans)))

    def _fold_chunk(self, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32], out: Out) -> None:
        given = (events.time, events.kind, events.side, events.price, events.lots, entity, counter)
        columns = [np.ascontiguousarray(column) for column in given]
        done = 0
        while (done := _FOLD_EVENTS(self._state, done, *columns, out)) < len(events):
            self._state = with_room(self._state)

    def _folded(self, new: _New) -> Folded:
        out, w, books = new.out, self.windows, self._book.nothing
        if new.books:
            books = replace(rows_together(new.books), market=self.market)
        closed = len(books) or out.fast.filled[0] or out.coarse.filled[0]
        if not closed and not new.found and not self._waiting:
            return blank_folded()
        fast = _rows(self._no_rows[FAST], w.fast_ns, out.fast)
        coarse = _rows(self._no_rows[MARKET], w.market_ns, out.coarse)
        ends = {FAST: fast.end, MARKET: coarse.end, ACCOUNT: fast.end}
        ready = self._ready(new.found, ends)
        of_accounts = [one for kind, one in ready.items() if SCALES[kind] == ACCOUNT]
        some = of_accounts or any(len(acted.end) for acted in new.acted)
        accounts = account_rows(new.acted, fast, of_accounts) if some else self._no_rows[ACCOUNT]
        episodes = dict(_NO_EPISODES) if ready else _NO_EPISODES
        for kind, one in ready.items():
            if SCALES[kind] == ACCOUNT:
                row = row_of(accounts, fast, one)
            else:
                row = np.searchsorted(ends[SCALES[kind]], one.end, side="right")
            episodes[kind] = Episodes(row, one.members, one.side, one.start, one.end, one.figures, FIGURES[kind])
        return Folded(coarse, fast, episodes, accounts, books)

    def _ready(self, new: Mapping[str, list[Found]], ends: Mapping[str, NDArray[np.int64]]) -> dict[str, Found]:
        # An episode counts on the first row that ends after it; until that has closed it waits.
        ready = {}
        for kind in [kind for kind in SCALES if kind in new or kind in self._waiting]:
            waiting = together([*self._waiting.pop(kind, []), *new.get(kind, [])], len(FIGURES[kind]))
            row_ends = ends[SCALES[kind]]
            closed = waiting.end < (row_ends[-1] if len(row_ends) else 0)
            if closed.any():
                ready[kind] = waiting.take(closed)
            if not closed.all():
                self._waiting[kind] = [waiting.take(~closed)]
        return ready

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name; `restore` on a fold with the same windows continues from it."""
        parts = {"fold": to_arrays(self._state), "lives": to_arrays(self._lives), "accounts": self._accounts.snapshot()}
        parts["book"] = self._book.snapshot()
        parts |= {f"sweep.{sweep.kind}": sweep.snapshot() for sweep in self._sweeps}
        for kind, waiting in self._waiting.items():
            parts[f"pending.{kind}"] = vars(together(waiting, len(FIGURES[kind])))
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
        waiting = {kind: part(f"pending.{kind}") for kind in FIGURES}
        self._waiting = {kind: [Found(**columns)] for kind, columns in waiting.items() if columns}
        self._asked = [*self._sweeps]  # whether anybody was named is not kept; asking all is as good
        self._moved = MOST_LOTS  # how much it is is looked up when it is first asked


def _written(rows: int) -> Written:
    end, top, pair = (np.empty(rows, np.int64) for _ in range(3))
    return Written(np.empty((rows, len(MARKET_FEATURES))), end, top, pair, np.zeros(1, np.int64))


def _new_out(rows: int) -> Out:
    return Out(_written(rows), _written(rows))


def _rows(nothing: Rows, span_ns: int, written: Written) -> Rows:
    """Return what was written at a scale; `nothing` are no rows of it."""
    n = int(written.filled[0])
    if not n:
        return nothing
    end, pair = written.end[:n], written.pair[:n]
    members = np.empty((n, 2), np.int32)
    members[:, 0], members[:, 1] = pair >> 32, pair & 0xFFFFFFFF  # -1, no pair, becomes -1 and -1
    top = written.top[:n].astype(np.int32)
    return Rows(nothing.scale, nothing.market, end - span_ns, end, written.values[:n], top, members)
