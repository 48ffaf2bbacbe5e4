"""Whether the service behind the feeds is well: the engine answers, clocks agree, and alerts come while events do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import structlog
from sqlalchemy import Engine as Database
from sqlalchemy import func, select

from features.time_units import MINUTE_NS, SECOND_NS
from serving.alerts.database import reading
from serving.alerts.schema import alerts
from serving.engine.wire import EngineStatus
from serving.errors import EngineUnavailableError, StoreUnreachableError
from serving.monitoring.alarms import Clocks, Raised, of_clock, of_engine, of_silence
from serving.settings import Settings

HISTORY_EVERY_S = 60.0
log = structlog.get_logger(__name__)


class AsksEngine(Protocol):
    """See `serving.engine.client.EngineClient`."""

    def status(self) -> EngineStatus:
        """Return how the engine is."""
        ...


class Pulse:
    """Looks every few seconds; what it holds is one look's difference to the one before.

    Args:
        settings: The limits.
        engine: Whom to ask.
        database: Where alerts are.
        clocks: Reads both clocks at once.
    """

    def __init__(
        self, settings: Settings, engine: AsksEngine, database: Database, clocks: Callable[[], Clocks]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._database = database
        self._clocks = clocks
        self._before = clocks()
        self._jump: tuple[float, float] = (0.0, self._before.monotonic)
        self._answered = self._before.monotonic
        self._events: int | None = None
        self._alerts: int | None = None
        self._minutes: list[int] = []
        self._read_at: float | None = None
        self._quiet_s = 0.0

    def look(self) -> None:
        """Look; takes as long as engine and database take to answer."""
        now = self._clocks()
        jump_s, passed_s = self._before.jump_s(now), now.monotonic - self._before.monotonic
        if abs(jump_s) > self._settings.clock_jump_s:
            self._jump = jump_s, now.monotonic
        self._before = now
        try:
            events = self._engine.status().events
        except EngineUnavailableError:
            return
        self._answered = self._clocks().monotonic
        if self._events is not None and events != self._events:
            self._quiet_s += passed_s
        self._events = events
        if self._read_at is None or now.monotonic - self._read_at >= HISTORY_EVERY_S:
            self._read_at = now.monotonic
            self._read_alerts(now.wall)

    def raised(self) -> Iterator[Raised]:
        """Yield what is wrong."""
        now = self._clocks()
        jump_s, at = self._jump
        yield from of_clock(jump_s, now.monotonic - at, self._settings)
        yield from of_engine(now.monotonic - self._answered)
        yield from of_silence(self._minutes, self._quiet_s, now.wall, self._settings)

    def _read_alerts(self, now: int) -> None:
        minute = alerts.c.detected_at // MINUTE_NS
        since = now - int(self._settings.silence_days * 86_400 * SECOND_NS)
        recent = select(minute).where(alerts.c.detected_at >= since, alerts.c.detected_at <= now)
        try:
            with reading(self._database) as connection:
                total = connection.execute(select(func.count()).select_from(alerts)).scalar_one()
                self._minutes = sorted(connection.execute(recent.distinct()).scalars())
        except StoreUnreachableError as error:
            log.warning("pulse.store_unreachable", why=str(error))
            return
        if total != self._alerts:
            self._quiet_s = 0.0
        self._alerts = total
