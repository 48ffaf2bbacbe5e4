"""What canaries raise: split off before it could reach the alert store, and kept in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from features.canary import is_canary
from models.alert import Alert
from serving.bounded_lines import append_bounded, read_records

MOST_BYTES = 2**20
log = structlog.get_logger(__name__)


class Found(msgspec.Struct, frozen=True):
    """An alert on a canary's market.

    Attributes:
        alert_id: Its id.
        typology: What was found.
        symbol: The canary's market.
        detected_at: End of the bucket that opened it (ns UTC).
        known_at: The watermark that closed that bucket (ns UTC).
        stored: When the engine handed it over (wall clock, ns UTC).
    """

    alert_id: str
    typology: str
    symbol: str
    detected_at: int
    known_at: int
    stored: int


class Store(Protocol):
    """Where real alerts go; see `serving.alerts.store.AlertStore`."""

    def upsert(self, found: list[Alert]) -> int:
        """Keep alert revisions, all or none."""
        ...

    def check(self) -> None:
        """Return if the store can be reached, raise otherwise."""
        ...


class AlertsWithCanaries:
    """Hands real alerts to the store and keeps those of canaries apart, each once.

    Args:
        store: Where real alerts go; a canary's is kept only while it can be reached, so that canaries watch it, too.
        path: JSON lines of what canaries raised, at their first revision.
        clock: Wall clock, ns UTC.
    """

    def __init__(self, store: Store, path: Path, clock: Callable[[], int]) -> None:
        self._store = store
        self._path = path
        self._clock = clock
        self._seen = {found.alert_id for found in read_found(path)}

    def upsert(self, found: list[Alert]) -> int:
        """Keep alert revisions; return how many of the real ones were new.

        Raises:
            StoreUnreachableError: The store does not answer; nothing was kept.
        """
        canaries = [alert for alert in found if is_canary(alert.venue)]
        new = self._store.upsert([alert for alert in found if not is_canary(alert.venue)])
        if canaries:
            self._store.check()
        for alert in canaries:
            if alert.alert_id not in self._seen:
                self._keep(alert)
        return new

    def _keep(self, alert: Alert) -> None:
        self._seen.add(alert.alert_id)
        times = alert.detected_at, alert.known_at, self._clock()
        record = Found(alert.alert_id, alert.typology, alert.symbol, *times)
        try:
            append_bounded(self._path, msgspec.json.encode(record), MOST_BYTES)
        except OSError as error:
            # The canary will count as missed, which is what it is for.
            log.warning("canary.not_kept", alert_id=alert.alert_id, why=str(error))


def read_found(path: Path) -> list[Found]:
    """Return what canaries raised, oldest first."""
    return list(read_records(path, Found))
