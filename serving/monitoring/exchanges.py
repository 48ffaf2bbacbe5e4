"""Feeds of exchanges; what reads them is loaded when the first market is asked for, since it is large."""

from __future__ import annotations

from collections.abc import Sequence

from serving.errors import RequestError
from serving.monitoring.sources import Resolved
from serving.sources.feed import Deliver, Feed, Market


class Exchanges:
    """See `serving.monitoring.sources.Sources`."""

    async def resolve(self, exchange: str, symbols: Sequence[str]) -> Resolved:
        """Return the markets that are meant."""
        raise RequestError("exchange", "one that can be read", exchange)

    def open(self, market: Market, deliver: Deliver, interval_s: float, *, books: bool) -> Feed:
        """Return a feed of a market, not yet running."""
        raise RequestError("exchange", "one that can be read", market.venue)

    async def close(self) -> None:
        """Let go of all connections."""
