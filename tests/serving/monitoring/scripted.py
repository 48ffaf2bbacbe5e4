"""Feeds that bring what a test says: the one thing that cannot be reached from a test is an exchange."""

from __future__ import annotations

import asyncio
import difflib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.records import tables_from_records
from serving.errors import RequestError
from serving.monitoring.asking import MonitoringClient, answering
from serving.monitoring.monitor import Monitor
from serving.monitoring.sources import Resolved
from serving.sources.feed import Deliver, Delivery, Feed, FeedStatus, Market
from serving.sources.terms import Known
from serving.times import iso

LISTED = ("BTC/USDT", "ETH/USDT", "XRP/USDT", "DOGE/USDT")
SECOND_NS = 1_000_000_000
START = 1_700_000_040_000_000_000
Step = Callable[["ScriptedFeed"], Any]


def trades_of(market: Market, first: int, count: int) -> pa.Table:
    """Return `count` trades of a market, a second apart, numbered from `first`."""
    records = [
        {
            "event_id": f"{market.venue}-{market.symbol}-{n}", "timestamp": iso(START + n * SECOND_NS),
            "venue": market.venue, "symbol": market.symbol, "trade_id": str(n),
            "price": 100.0, "quantity": 1.0, "aggressor": "buy",
        }
        for n in range(first, first + count)
    ]  # fmt: skip
    return tables_from_records(trades=records).trades


class ScriptedFeed:
    """Does one step after the other, then waits."""

    def __init__(self, market: Market, deliver: Deliver, steps: Sequence[Step]) -> None:
        self.market = market
        self.status = FeedStatus()
        self.deliver = deliver
        self._steps = steps

    async def run(self) -> None:
        self.status.state = "live"
        self.status.connections += 1
        for step in self._steps:
            done = step(self)
            if asyncio.iscoroutine(done):
                await done
        await asyncio.Event().wait()

    async def bring(self, first: int, count: int) -> None:
        trades = trades_of(self.market, first, count)
        await self.deliver(Delivery(self.market, trades, until_ns=START + (first + count - 1) * SECOND_NS))
        self.status.events += count


class Scripted:
    """Sources of one exchange named "x", and of another that is silent."""

    def __init__(self, script: Callable[[Market, int], Sequence[Step]] = lambda _market, _opened: ()) -> None:
        self._script = script
        self.opened: dict[Market, int] = {}
        self.feeds: dict[Market, ScriptedFeed] = {}
        self.known: dict[Market, Known | None] = {}
        self.closed = False

    async def resolve(self, exchange: str, symbols: Sequence[str]) -> Resolved:
        if exchange not in {"x", "y"}:
            raise RequestError("exchange", "x or y", exchange)
        for symbol in symbols:
            if symbol not in LISTED:
                near = difflib.get_close_matches(symbol, LISTED)
                raise RequestError("symbols", f"listed by {exchange}; near: {', '.join(near)}", symbol)
        return Resolved(tuple(Market(exchange, symbol) for symbol in dict.fromkeys(symbols)))

    def open(
        self, market: Market, deliver: Deliver, interval_s: float, *, books: bool, known: Known | None = None
    ) -> Feed:
        self.known[market] = known
        self.opened[market] = self.opened.get(market, 0) + 1
        feed = ScriptedFeed(market, deliver, self._script(market, self.opened[market]))
        self.feeds[market] = feed
        return feed

    async def close(self) -> None:
        self.closed = True


@contextmanager
def running(monitor: Monitor, folder: Path) -> Iterator[MonitoringClient]:
    """Run a monitor on a loop of its own and yield what asks it over a real socket."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="feeds")
    thread.start()
    task = asyncio.run_coroutine_threadsafe(monitor.run(), loop)
    address = str(folder / "feeds.sock")
    server, client = answering(monitor, loop, address, b"secret"), MonitoringClient(address, b"secret", 60.0)
    yield client
    client.close()
    server.close()
    task.cancel()
    asyncio.run_coroutine_threadsafe(_the_rest(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _the_rest() -> None:
    mine = asyncio.current_task()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not mine), return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
