"""Which trades of a market have come: none twice, and what is missing between them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from serving.sources.feed import FeedStatus
from serving.sources.terms import Known

Trade = Mapping[str, Any]
NOTES = 20
_REMEMBERED = 20_000
_LARGEST_HOLE = 1_000_000


@dataclass
class Hole:
    """Trades that are missing between two that came.

    Attributes:
        missing: Their ids.
        before: The trade before them.
    """

    missing: set[int]
    before: Known


class Ledger:
    """The trades of a market, as they come by stream and by question.

    A trade's id tells whether it came before. Where ids are gap-free, they also tell what is missing; it is kept as a
    hole until it came, late by itself or because it was asked for.

    Args:
        status: Where duplicates, holes and errors are counted.
        gap_free: Ids are whole numbers that grow by one.
        known: The newest trade that was there before, None at the very beginning.
    """

    def __init__(self, status: FeedStatus, *, gap_free: bool, known: Known | None = None) -> None:
        self.newest = known
        self.holes: list[Hole] = []
        self._status = status
        self._gap_free = gap_free
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._first: int | None = None
        if known is not None and known.trade_id is not None:
            self._seen[known.trade_id] = None

    def take(self, trades: Iterable[Trade], *, asked: bool = False) -> list[Trade]:
        """Return the trades that are new.

        Args:
            trades: Trades in the order in which they came.
            asked: They answer a question: that known ones are among them is no fault of the exchange.
        """
        return [trade for trade in trades if self._is_new(trade, asked=asked)]

    def _is_new(self, trade: Trade, *, asked: bool) -> bool:
        if not (trade["timestamp"] and (trade["price"] or 0) > 0 and (trade["amount"] or 0) > 0):
            note(self._status, f"a trade without time, price or amount was left aside: {trade['id']}")
            return False
        trade_id = None if trade["id"] is None else str(trade["id"])
        if trade_id is None:
            return self._advance(trade, None) or not asked
        if trade_id in self._seen or (self._gap_free and self._is_behind(trade_id)):
            self._status.duplicates += not asked
            return False
        self._seen[trade_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if self._gap_free:
            self._count(int(trade_id), asked=asked)
        self._advance(trade, trade_id)
        return True

    def _is_behind(self, trade_id: str) -> bool:
        """Return whether a trade is older than all that is remembered, and not missing."""
        last, number = self._last_number(), int(trade_id)
        if last is None or number > last or (self._first is not None and number < self._first):
            return False
        return not any(number in hole.missing for hole in self.holes)

    def _last_number(self) -> int | None:
        return int(self.newest.trade_id) if self.newest is not None and self.newest.trade_id is not None else None

    def _count(self, number: int, *, asked: bool) -> None:
        last = self._last_number()
        if last is None:
            self._first = number
        elif number > last + 1 and self.newest is not None:
            self._status.gaps += 1
            self._status.sequence_errors += not asked
            self.holes.append(Hole(set(range(max(last + 1, number - _LARGEST_HOLE), number)), self.newest))
        for hole in self.holes:
            hole.missing.discard(number)
        self._close_filled()

    def _close_filled(self) -> None:
        filled = [hole for hole in self.holes if not hole.missing]
        self._status.filled += len(filled)
        self.holes = [hole for hole in self.holes if hole.missing]

    def _advance(self, trade: Trade, trade_id: str | None) -> bool:
        """Move on to a trade, unless it is an older one; returns whether it was moved on to."""
        ms, last = int(trade["timestamp"]), self._last_number()
        if self._gap_free and trade_id is not None and last is not None:
            newer = int(trade_id) > last
        else:
            newer = self.newest is None or ms > self.newest.ms or (trade_id is not None and ms == self.newest.ms)
        if newer:
            self.newest = Known(ms, trade_id)
        return newer

    def give_up(self, hole: Hole) -> None:
        """Leave a hole open for good, and tell."""
        self.holes = [one for one in self.holes if one is not hole]
        first, last, count = min(hole.missing), max(hole.missing), len(hole.missing)
        note(self._status, f"{count} trades between ids {first} and {last} could not be had any more")


def note(status: FeedStatus, text: str) -> None:
    """Tell a person something, once; old notes make room."""
    if text not in status.notes:
        status.notes.append(text)
        del status.notes[:-NOTES]
