"""What a feed has read and not yet handed over."""

from __future__ import annotations

from collections.abc import Sequence

from serving.sources.canonical import Change, books_table, trades_table
from serving.sources.dialects.dialect import Dialect
from serving.sources.feed import Delivery, FeedStatus, Market
from serving.sources.ledger import Trade

MOST_TRADES = 200_000
MOST_CHANGES = 500_000


class Outbox:
    """Events of a market on their way; a delivery stays until it was taken.

    Args:
        market: The market.
        dialect: Tells what trades say.
    """

    def __init__(self, market: Market, dialect: Dialect) -> None:
        self._market = market
        self._dialect = dialect
        self._trades: list[Trade] = []
        self._changes: list[Change] = []
        self._waiting: Delivery | None = None
        self._told_ns: int | None = None

    @property
    def told_ns(self) -> int:
        """The latest time before which readers were told that nothing follows, 0 for none."""
        return self._told_ns or 0

    @property
    def is_empty(self) -> bool:
        """Whether no event waits."""
        return not (self._trades or self._changes or self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that reading has to stop."""
        return len(self._trades) >= MOST_TRADES

    def add_trades(self, trades: Sequence[Trade]) -> None:
        """Take trades."""
        self._trades += trades

    def add_changes(self, changes: Sequence[Change]) -> bool:
        """Take changes of the book; False if too many wait: they are let go, and the next must be a full image."""
        self._changes += changes
        if len(self._changes) < MOST_CHANGES:
            return True
        self._changes = []
        return False

    def next(self, until_ns: int | None) -> Delivery | None:
        """Return what is to be delivered, the same again until `taken` is called; None if there is nothing to tell.

        Args:
            until_ns: Time before which nothing will follow, as it is known now; ns UTC.
        """
        if self._waiting is None:
            fresh = until_ns is not None and until_ns > self.told_ns
            if not (self._trades or self._changes or fresh):
                return None
            trades = trades_table(self._market, self._trades, self._dialect) if self._trades else None
            books = books_table(self._market, self._changes) if self._changes else None
            self._waiting = Delivery(self._market, trades, books, until_ns if fresh else None)
            self._trades, self._changes = [], []
        return self._waiting

    def taken(self, status: FeedStatus) -> None:
        """Note that the delivery was taken."""
        done, self._waiting = self._waiting, None
        if done is None:
            return
        tables = [table for table in (done.trades, done.books) if table is not None]
        status.events += sum(table.num_rows for table in tables)
        times = [int(table["timestamp"].cast("int64").to_numpy().max()) for table in tables]
        if times:
            status.last_event_ns = max([*times, status.last_event_ns or 0])
        self._told_ns = done.until_ns if done.until_ns is not None else self._told_ns
