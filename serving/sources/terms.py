"""How a market is watched: what, how deep, how often, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from serving.errors import SourceError
from serving.sources.feed import INTERVAL_S, LEAST_INTERVAL_S, MOST_INTERVAL_S, RETRY_S

DEPTH = 100
MOST_DEPTH = 1000


class Known(NamedTuple):
    """The newest trade of a market that is already on disk, to go on from.

    Attributes:
        ms: Its time, ms UTC.
        trade_id: Its id, None where the exchange gives none.
    """

    ms: int
    trade_id: str | None = None


@dataclass(frozen=True)
class Terms:
    """How a market is watched.

    Attributes:
        trades: Watch trades.
        books: Watch the book.
        stream: Listen over WebSocket where the exchange has it; else ask again and again.
        depth: Levels of a side that are delivered, the best ones.
        interval_s: Seconds between two questions where there is no stream.
        retry_s: Seconds from a failure to the next try.
        gather_s: Seconds over which what comes is gathered into one delivery.
        tick_s: Seconds after which a quiet market's time is moved on.
        margin_s: How much later than others a market's event may come and still be in time.

    Raises:
        SourceError: A value is out of range.
    """

    trades: bool = True
    books: bool = True
    stream: bool = True
    depth: int = DEPTH
    interval_s: float = INTERVAL_S
    retry_s: float = RETRY_S
    gather_s: float = 0.1
    tick_s: float = 1.0
    margin_s: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        if not (self.trades or self.books):
            raise SourceError("a feed must watch trades or books or both, was neither")
        if not LEAST_INTERVAL_S <= self.interval_s <= MOST_INTERVAL_S:
            rule = f"must be {LEAST_INTERVAL_S:g} to {MOST_INTERVAL_S:g} seconds"
            raise SourceError(f"interval {rule}, was {self.interval_s:g}")
        if not 1 <= self.depth <= MOST_DEPTH:
            raise SourceError(f"depth must be 1 to {MOST_DEPTH} levels, was {self.depth}")
