"""The fold of a market's book, from event to event: rows of the book grain, one for each fine bucket that closed."""

from __future__ import annotations

import numpy as np

from features.book.kernel import BookOut, close_until, fold_book
from features.book.state import Book, new_book, roomier
from features.book_catalogue import BOOK_FEATURES
from features.direct import Direct
from features.events import Events
from features.rows import Rows, blank_rows
from features.saved_state import Arrays, from_arrays, to_arrays

BOOK = "book"
_FOLD, _CLOSE_UNTIL = Direct(fold_book), Direct(close_until)


class BookFold:
    """The book of one market; costs nothing until the first level comes.

    Args:
        market: Market code that the rows carry.
        span_ns: Length of the buckets, ns.
        lot: Base units of a lot.

    Attributes:
        nothing: No rows.
    """

    def __init__(self, market: int, span_ns: int, lot: float) -> None:
        self._market = market
        self._span_ns = span_ns
        self._lot = float(lot)
        self._state: Book | None = None
        self.nothing = blank_rows(BOOK, 0, market)

    @property
    def is_blank(self) -> bool:
        """Whether no level has come yet."""
        return self._state is None

    def fold(self, events: Events) -> Rows:
        """Take the market's next events of any kind, in total order; return the rows of the buckets they closed."""
        if not len(events) or (self._state is None and not events.is_book.any()):
            return self.nothing
        book = self._state or new_book(self._span_ns)
        changes = 1 + np.count_nonzero(np.diff(events.time // self._span_ns))
        out = _new_out(2 * int(changes) + 2)
        given = (events.time, events.kind, events.side, events.price, events.lots)
        columns, done = [np.ascontiguousarray(column) for column in given], 0
        while (done := _FOLD(book, done, *columns, self._lot, out)) < len(events):
            book = roomier(book)
        _CLOSE_UNTIL(book, int(events.time[-1]), self._lot, out)
        self._state = book
        return self._rows(out)

    def advance(self, until_ns: int) -> Rows:
        """Close the buckets that end at or before a time, which no later event will precede."""
        if self._state is None:
            return self.nothing
        out = _new_out(2)
        _CLOSE_UNTIL(self._state, until_ns, self._lot, out)
        return self._rows(out)

    def _rows(self, out: BookOut) -> Rows:
        n = int(out.filled[0])
        if n == 0:
            return self.nothing
        end, blank = out.end[:n], blank_rows(BOOK, n, self._market)
        return Rows(BOOK, self._market, end - self._span_ns, end, out.values[:n], blank.top_entity, blank.pair)

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name, none where no book is known."""
        return {} if self._state is None else to_arrays(self._state)

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        self._state = from_arrays(new_book(self._span_ns), arrays) if arrays else None


def _new_out(rows: int) -> BookOut:
    return BookOut(np.empty((rows, len(BOOK_FEATURES))), np.empty(rows, np.int64), np.zeros(1, np.int64))
