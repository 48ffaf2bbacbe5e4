"""The feeds that run, each a task of its own, so that one's failure is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import structlog

from serving.monitoring.latest import LatestTrades
from serving.monitoring.sources import Sources
from serving.monitoring.wire import Kind, Listed, Monitored
from serving.sources.clock import MACHINE, Clock
from serving.sources.feed import RETRY_S, Deliver, Delivery, Feed, FeedStatus, Market

COUNTS = (
    "connections", "events", "duplicates", "gaps", "filled", "checksum_errors", "sequence_errors",
)  # fmt: skip
log = structlog.get_logger(__name__)


@dataclass
class Watched:
    """One monitored market.

    Attributes:
        listed: What was asked for.
        feed: The feed, None until the first was opened.
        status: How the feed is, with the counts of its predecessors.
        crashes: Failures in a row that the feed itself did not handle.
        lag_s: Age of the newest event when it was handed over.
        task: What runs it.
    """

    listed: Listed
    feed: Feed | None = None
    before: FeedStatus | None = None
    crashed: FeedStatus | None = None
    crashes: int = 0
    lag_s: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def status(self) -> FeedStatus:
        """How it is, with the counts of the feeds that crashed before this one."""
        now = self.crashed or (self.feed.status if self.feed else FeedStatus())
        if self.before is None:
            return now
        kept = {name: getattr(self.before, name) + getattr(now, name) for name in COUNTS}
        last = {name: getattr(now, name) or getattr(self.before, name) for name in ("last_event_ns", "last_arrival_ns")}
        return replace(now, **kept, **last)


class Watching:
    """Runs feeds.

    Args:
        sources: Where feeds come from.
        deliver: Where what they bring goes.
        latest: What is told of trades that are on disk.
        clock: The machine's clocks.
    """

    def __init__(
        self,
        sources: Sources,
        deliver: Deliver,
        latest: LatestTrades,
        clock: Clock = MACHINE,
    ) -> None:
        self._sources = sources
        self._deliver = deliver
        self._latest = latest
        self._clock = clock
        self.watched: dict[Market, Watched] = {}

    async def start(self, listed: Listed) -> bool:
        """Start a market; one that runs otherwise is started anew, one that runs just so is left alone.

        Returns:
            Whether anything was started.
        """
        if self.runs(listed):
            return False
        market = Market(*listed.market)
        await self.stop(market)
        watched = self.watched[market] = Watched(listed)
        watched.task = asyncio.create_task(self._keep(market, watched), name=f"feed {market.venue} {market.symbol}")
        return True

    def runs(self, listed: Listed) -> bool:
        """Return whether a market runs just as it is asked for."""
        running = self.watched.get(Market(*listed.market))
        return running is not None and msgspec.structs.replace(running.listed, since=listed.since) == listed

    async def stop(self, market: Market) -> bool:
        """Stop a market; return whether it was monitored."""
        watched = self.watched.pop(market, None)
        if watched is None:
            return False
        await _ended([watched.task])
        return True

    async def close(self) -> None:
        """Stop all, at once."""
        stopped, self.watched = list(self.watched.values()), {}
        await _ended([watched.task for watched in stopped])

    def told(self, market: Market, alarms: Iterable[Kind] = ()) -> Monitored:
        """Return how a monitored market is."""
        watched = self.watched[market]
        status = watched.status
        counts = {name: getattr(status, name) for name in COUNTS}
        return Monitored(
            listed=watched.listed, state=status.state, error=status.error, retry_at=status.retry_at_ns,
            retries=status.retries, last_event=status.last_event_ns, last_arrival=status.last_arrival_ns,
            lag_s=watched.lag_s, notes=list(status.notes), alarms=list(alarms), **counts,
        )  # fmt: skip

    async def _keep(self, market: Market, watched: Watched) -> None:
        async def deliver(delivery: Delivery) -> None:
            newest = _newest(delivery)
            if newest is not None:
                watched.lag_s = (self._clock.wall_ns() - newest) / 1e9
            watched.crashes = 0
            await self._deliver(delivery)
            self._latest.note(delivery)

        while True:
            try:
                listed = watched.listed
                known = self._latest.of(market)
                watched.feed = self._sources.open(market, deliver, listed.interval_s, books=listed.books, known=known)
                watched.crashed = None
                await watched.feed.run()
                problem = "the feed must run until it is stopped, ended by itself"
            except Exception as error:  # whatever happens to a feed is told, and stops no other
                log.exception("feed.crashed", venue=market.venue, symbol=market.symbol)
                problem = f"{type(error).__name__}: {error}"
            self._note_crash(watched, problem)
            await self._clock.sleep(RETRY_S)

    def _note_crash(self, watched: Watched, problem: str) -> None:
        watched.crashes += 1
        known = watched.status
        watched.before = known
        watched.crashed = FeedStatus(
            state="backing_off",
            error=problem,
            retries=watched.crashes,
            retry_at_ns=self._clock.wall_ns() + int(RETRY_S * 1e9),
            last_event_ns=known.last_event_ns,
            last_arrival_ns=known.last_arrival_ns,
        )


def _newest(delivery: Delivery) -> int | None:
    tables: list[pa.Table] = [table for table in (delivery.trades, delivery.books) if table is not None]
    times = [pc.max(table["timestamp"]).cast(pa.int64()).as_py() for table in tables if table.num_rows]
    return max(times, default=None)


async def _ended(tasks: Iterable[asyncio.Task[None] | None]) -> None:
    ending = [task for task in tasks if task is not None]
    for task in ending:
        task.cancel()
    for task in ending:
        with suppress(asyncio.CancelledError):
            await task
