"""What a feed is: one market of one source, watched until it is told to stop.

    source → Delivery → engine

A feed answers for its own market alone: whatever happens to it is told in its status, and stops no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import pyarrow as pa

FeedState = Literal["connecting", "live", "backing_off", "stopped"]
RETRY_S = 10.0
INTERVAL_S = 60.0
LEAST_INTERVAL_S = 1.0
MOST_INTERVAL_S = 86_400.0


class Market(NamedTuple):
    """A market as the whole system names it.

    Attributes:
        venue: The exchange's ccxt name, such as "binance".
        symbol: Unified symbol, such as "BTC/USDT".
    """

    venue: str
    symbol: str


@dataclass(frozen=True)
class Delivery:
    """What a feed brings at once: canonical tables of one market.

    Attributes:
        market: The market.
        trades: Canonical trades; `event_id` is venue, symbol and the source's trade id, so that what comes twice counts
            once (ids alone are not enough: an exchange counts each market from one).
        books: Canonical book levels.
        until_ns: Before this time (ns UTC, the source's clock) no event of this market will follow; None: unsaid.
    """

    market: Market
    trades: pa.Table | None = None
    books: pa.Table | None = None
    until_ns: int | None = None


Deliver = Callable[[Delivery], Awaitable[None]]
"""Hands over a delivery; returns when it is on disk, raises where it could not be taken (the feed then tries again)."""


@dataclass
class FeedStatus:
    """How a feed is, told while it runs.

    Attributes:
        state: What it does now.
        error: The last failure in a sentence, until it is live again; "" for none.
        retry_at_ns: When it will try again (wall clock, ns UTC), None where it does not wait.
        retries: Failures in a row.
        connections: Times that it became live.
        events: Events delivered.
        duplicates: Events that came again and were left aside.
        gaps: Holes found, by sequence numbers, trade ids or reconnection.
        filled: Holes that were filled by asking for what was missed.
        checksum_errors: Book images that did not match the exchange's checksum.
        sequence_errors: Messages whose sequence number did not follow.
        last_event_ns: Time of the newest event (ns UTC), None before the first.
        last_arrival_ns: When something last came, a heartbeat too (wall clock, ns UTC), None before the first.
        notes: What a person should know of, such as a hole that could not be filled; the newest last, at most 20.
    """

    state: FeedState = "connecting"
    error: str = ""
    retry_at_ns: int | None = None
    retries: int = 0
    connections: int = 0
    events: int = 0
    duplicates: int = 0
    gaps: int = 0
    filled: int = 0
    checksum_errors: int = 0
    sequence_errors: int = 0
    last_event_ns: int | None = None
    last_arrival_ns: int | None = None
    notes: list[str] = field(default_factory=list)


class Feed(Protocol):
    """One market of one source.

    Attributes:
        market: What it watches.
        status: How it is.
    """

    market: Market
    status: FeedStatus

    async def run(self) -> None:
        """Deliver until cancelled; failures are retried after `RETRY_S` and told in the status, never raised."""
        ...
