"""Which alarms are open, and which were: kept in a bounded file, told in the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from serving.bounded_lines import append_bounded, read_records
from serving.monitoring.alarms import Raised, Subject
from serving.monitoring.wire import Alarm

MOST_BYTES = 2**20
MOST_CLOSED = 1000
log = structlog.get_logger(__name__)


class AlarmBook:
    """Opens and closes alarms as what is wrong changes.

    Alarms that were open when the process ended are taken up again: they go on if the reason does.

    Args:
        path: JSON lines, one when an alarm opens and one when it closes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[Subject, Alarm] = {}
        self._closed: deque[Alarm] = deque(maxlen=MOST_CLOSED)
        for alarm in read_records(path, Alarm):
            self._take(alarm)

    def update(self, raised: Iterable[Raised], now: int) -> list[Alarm]:
        """Open what is newly wrong and close what is right again; return what changed.

        Args:
            raised: All that is wrong now.
            now: Wall clock, ns UTC.
        """
        wrong = dict(raised)
        closed = [
            msgspec.structs.replace(alarm, closed=max(now, alarm.opened))
            for subject, alarm in self._open.items()
            if subject not in wrong
        ]
        opened = [
            Alarm(*subject, says=says, opened=now) for subject, says in wrong.items() if subject not in self._open
        ]
        for alarm in (*closed, *opened):
            self._take(alarm)
            self._write(alarm)
            log.warning(
                "alarm.opened" if alarm.closed is None else "alarm.closed",
                kind=alarm.kind, venue=alarm.venue, symbol=alarm.symbol, says=alarm.says,
            )  # fmt: skip
        return [*closed, *opened]

    def open(self) -> list[Alarm]:
        """Return the alarms that are open, the oldest first."""
        return list(self._open.values())

    def all(self) -> list[Alarm]:
        """Return the open alarms, then the closed ones, each the newest first."""
        return [*reversed(self._open.values()), *reversed(self._closed)]

    def _write(self, alarm: Alarm) -> None:
        try:
            append_bounded(self._path, msgspec.json.encode(alarm), MOST_BYTES)
        except OSError as error:
            # A full disk must not end the watch; the alarm is in the log all the same.
            log.warning("alarm.not_written", path=str(self._path), why=str(error))

    def _take(self, alarm: Alarm) -> None:
        if alarm.closed is None:
            self._open[alarm.subject] = alarm
        else:
            self._open.pop(alarm.subject, None)
            self._closed.append(alarm)
