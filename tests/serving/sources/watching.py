"""Feeds that watch a stand-in, and what they deliver."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from serving.sources.clock import Clock
from serving.sources.exchange import Exchange, open_exchange
from serving.sources.exchange_feed import ExchangeFeed
from serving.sources.feed import Delivery, FeedStatus
from serving.sources.terms import Known, Terms
from tests.serving.sources.stand_in import StandIn

QUICK: dict[str, Any] = {"enableRateLimit": False, "timeout_on_exit": 0}


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


AT_ONCE = Clock(sleep=_at_once)


async def until(true: Callable[[], bool]) -> None:
    """Let everything else run until something is true."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - it turns with statuses, which tell nobody
            await asyncio.sleep(0)


@dataclass
class Watching:
    """Feeds by symbol, and their deliveries."""

    exchange: Exchange
    feeds: dict[str, ExchangeFeed] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    imaged: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))

    async def take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if delivery.books is not None:
            images = delivery.books.filter(delivery.books["snapshot"])
            self.imaged[delivery.market.symbol] |= set(images["timestamp"].unique().to_numpy().tolist())

    def status(self, symbol: str) -> FeedStatus:
        return self.feeds[symbol].status

    def total(self, name: str) -> int:
        return sum(getattr(feed.status, name) for feed in self.feeds.values())

    def tables(self, symbol: str, name: str) -> list[pa.Table]:
        mine = (delivery for delivery in self.deliveries if delivery.market.symbol == symbol)
        return [table for delivery in mine if (table := getattr(delivery, name)) is not None]

    def column(self, symbol: str, name: str) -> list[Any]:
        return [cell for table in self.tables(symbol, "trades") for cell in table[name].to_pylist()]

    def book(self, symbol: str) -> tuple[dict[float, float], dict[float, float]]:
        """Return the book that a reader of the deliveries holds: bids and asks."""
        held: dict[str, dict[float, float]] = {"buy": {}, "sell": {}}
        image_at = None
        for table in self.tables(symbol, "books"):
            for row in table.to_pylist():
                if row["snapshot"] and image_at != row["timestamp"]:
                    held, image_at = {"buy": {}, "sell": {}}, row["timestamp"]
                image_at = row["timestamp"] if row["snapshot"] else None
                held[row["side"]][row["price"]] = row["quantity"]
                if not row["quantity"]:
                    del held[row["side"]][row["price"]]
        return held["buy"], held["sell"]

    async def settled(self) -> None:
        """Wait until all that was read has been delivered."""
        for _ in range(10):
            await asyncio.sleep(0)
        await until(lambda: all(feed.outbox.is_empty for feed in self.feeds.values()))

    def images(self, symbol: str) -> int:
        """Return how many full images of the book were delivered."""
        return len(self.imaged[symbol])


@asynccontextmanager
async def watching(
    stand_in: StandIn,
    name: str,
    symbols: list[str],
    terms: Terms | None = None,
    clock: Clock = AT_ONCE,
    known: Known | None = None,
) -> AsyncIterator[Watching]:
    """Yield feeds of a stand-in's markets that are all subscribed."""
    terms = Terms(tick_s=0.05, gather_s=0.01, depth=stand_in.depth) if terms is None else terms
    async with open_exchange(name, clock, **QUICK, **stand_in.config()) as exchange:  # type: ignore[attr-defined]
        seen = Watching(exchange)
        for symbol in symbols:
            seen.feeds[symbol] = ExchangeFeed(exchange, symbol, seen.take, terms, known)
        tasks = [asyncio.create_task(feed.run()) for feed in seen.feeds.values()]
        try:
            wanted = len(symbols) * (terms.trades + terms.books) * terms.stream
            await until(lambda: sum(stand_in.subscribed.values()) >= wanted)
            yield seen
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
