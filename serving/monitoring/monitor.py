"""The feeds process at work: runs what is on the watchlist, looks at it every second, answers requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import singledispatchmethod
from typing import Protocol

import structlog
from sqlalchemy import Engine as Database

from features.errors import TapewatchError
from features.time_units import SECOND_NS
from serving.engine.wire import Ack, Batch
from serving.errors import CanaryWaitsError, RequestError
from serving.monitoring.alarm_book import AlarmBook
from serving.monitoring.alarms import Clocks, Raised, Rhythm, of_canaries, of_market
from serving.monitoring.canaries import CanaryRounds
from serving.monitoring.canary_events import PATTERNS
from serving.monitoring.latest import LatestTrades
from serving.monitoring.outbox import Outbox
from serving.monitoring.pulse import AsksEngine, Pulse
from serving.monitoring.sources import Sources
from serving.monitoring.watching import Watching
from serving.monitoring.watchlist import added, read_watchlist, write_watchlist
from serving.monitoring.wire import (
    Alarms,
    AskAlarms,
    AskCanaries,
    AskMarkets,
    Canaries,
    Failed,
    Kind,
    Listed,
    Markets,
    Monitored,
    NotMonitored,
    Refused,
    Reply,
    Request,
    SendCanaries,
    Start,
    Stop,
    Waits,
)
from serving.settings import Settings
from serving.sources.clock import MACHINE, Clock
from serving.sources.feed import Market

LOOK_S = 1.0
PULSE_S = 5.0
FIRST_CANARY_S = 60.0
log = structlog.get_logger(__name__)


class EngineAsked(AsksEngine, Protocol):
    """What is asked of the engine; see `serving.engine.client.EngineClient`."""

    def submit(self, batch: Batch) -> Ack:
        """Hand over a batch; returns when it is on disk."""
        ...


class Monitor:
    """Runs feeds, alarms and canaries on one event loop.

    Args:
        settings: The service's settings.
        sources: Where feeds come from.
        engine: Where events go.
        database: Where alerts are.
        clock: The machine's clocks.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        engine: EngineAsked,
        database: Database,
        clock: Clock = MACHINE,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._clock = clock
        self._outbox = Outbox(engine.submit, clock.sleep)
        self._latest = LatestTrades(settings.latest_trades_file, clock.wall_ns)
        self._watching = Watching(sources, self._outbox.deliver, self._latest, clock)
        self._rhythms: dict[Market, Rhythm] = {}
        self._book = AlarmBook(settings.alarms_file)
        self._pulse = Pulse(settings, engine, database, self._clocks)
        files = settings.canaries_file, settings.canary_alerts_file
        self._canaries = CanaryRounds(*files, engine.submit, settings.canary_within_s)
        self._due = self._first_due()
        self._to_send = asyncio.Event()
        self._changing = asyncio.Lock()

    async def run(self) -> None:
        """Run until cancelled; feeds stop then, and what they delivered but was not taken is theirs to bring again."""
        try:
            for listed in read_watchlist(self._settings.watchlist_file):
                await self._watching.start(listed)
            async with asyncio.TaskGroup() as tasks:
                for part in (self._outbox.run(), self._look(), self._feel_pulse(), self._fly_canaries()):
                    tasks.create_task(part)
        finally:
            await self._watching.close()
            self._latest.save()
            await self._sources.close()

    async def answer(self, request: Request) -> Reply:
        """Do what is asked."""
        try:
            return await self._done(request)
        except RequestError as error:
            return Refused(error.field, error.must_be, error.was)
        except CanaryWaitsError as error:
            return Waits(str(error))
        except (TapewatchError, OSError) as error:
            return Failed(str(error))

    @singledispatchmethod
    async def _done(self, request: Request) -> Reply:
        return Failed(f"the request must be one that is known, was {type(request).__name__}")

    @_done.register
    async def _start(self, request: Start) -> Reply:
        resolved = await self._sources.resolve(request.exchange, request.symbols)
        now, started = self._clock.wall_ns(), 0
        listed = [Listed(*market, request.interval_s, request.books, now) for market in resolved.markets]
        async with self._changing:
            new = [one for one in listed if not self._watching.runs(one)]
            self._remember(added(self._listed(), new))
            for one in new:
                started += await self._watching.start(one)
        asked = {tuple(market) for market in resolved.markets}
        mine = [one for one in self._told() if one.listed.market in asked]
        return Markets(mine, started, list(resolved.notes))

    @_done.register
    async def _stop(self, request: Stop) -> Reply:
        market = Market(request.venue, request.symbol)
        async with self._changing:
            if market not in self._watching.watched:
                return NotMonitored(f"venue and symbol must be those of a monitored market, were {' '.join(market)}")
            self._remember(one for one in self._listed() if one.market != market)
            await self._watching.stop(market)
            self._rhythms.pop(market, None)
        return Markets([])

    @_done.register
    async def _markets(self, _request: AskMarkets) -> Reply:
        return Markets(self._told())

    @_done.register
    async def _alarms(self, _request: AskAlarms) -> Reply:
        return Alarms(self._book.all())

    @_done.register
    async def _asked_canaries(self, _request: AskCanaries) -> Reply:
        return self._canaries_told()

    @_done.register
    async def _send_canaries(self, request: SendCanaries) -> Reply:
        self._canaries.begin(request.patterns, self._clock.wall_ns())
        self._to_send.set()
        return self._canaries_told()

    def _canaries_told(self) -> Canaries:
        return self._canaries.told(self._due)

    def _told(self) -> list[Monitored]:
        alarms: dict[tuple[str, str], list[Kind]] = {}
        for alarm in self._book.open():
            alarms.setdefault((alarm.venue, alarm.symbol), []).append(alarm.kind)
        return [self._watching.told(market, alarms.get(market, ())) for market in sorted(self._watching.watched)]

    def _listed(self) -> list[Listed]:
        return [watched.listed for watched in self._watching.watched.values()]

    def _remember(self, listed: Iterable[Listed]) -> None:
        # Before it is done: what cannot be remembered is refused, and then nothing was started or stopped.
        write_watchlist(self._settings.watchlist_file, listed)

    async def _look(self) -> None:
        while True:
            self._book.update(self._raised(), self._clock.wall_ns())
            await self._clock.sleep(LOOK_S)

    def _raised(self) -> Iterator[Raised]:
        now = self._clock.wall_ns()
        for market in self._watching.watched:
            seen = self._watching.told(market)
            rhythm = self._rhythms[market] = self._rhythms.get(market, Rhythm()).after(seen, now)
            yield from of_market(seen, rhythm, now, self._settings)
        yield from self._pulse.raised()
        yield from of_canaries(self._canaries.known.canaries)

    async def _feel_pulse(self) -> None:
        while True:
            self._latest.save()
            await asyncio.to_thread(self._pulse.look)
            await self._clock.sleep(PULSE_S)

    async def _fly_canaries(self) -> None:
        said = ""
        while True:
            now, why = self._clock.wall_ns(), ""
            try:
                if self._due is not None and now >= self._due:
                    self._due = now + int(self._settings.canary_s * SECOND_NS)
                    self._canaries.begin(PATTERNS, now)
                for one in self._canaries.unsent:
                    await asyncio.to_thread(self._canaries.send, one)
            except (TapewatchError, OSError) as error:
                # It shows in the canary itself: what cannot be sent is not found.
                why = str(error)
                if why != said:
                    log.warning("canary.not_sent", why=why)
            said = why
            self._canaries.look(self._clock.wall_ns())
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._to_send.wait()
            self._to_send.clear()

    def _clocks(self) -> Clocks:
        return Clocks(self._clock.wall_ns(), self._clock.monotonic_ns() / SECOND_NS)

    def _first_due(self) -> int | None:
        """Return when the next round is due: soon after the first start, later as the round before says."""
        every = self._settings.canary_s
        if every == 0:
            return None
        last = max((one.sent for one in self._canaries.known.canaries), default=None)
        soon = self._clock.wall_ns() + int(min(FIRST_CANARY_S, every) * SECOND_NS)
        return soon if last is None else max(soon, last + int(every * SECOND_NS))
