"""What `kill -9` costs: the engine is killed again and again while it takes events as fast as it can."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.readers import Tape, read_tape
from features.time_units import MINUTE_NS
from serving.alerts.query import Filters
from serving.alerts.store import AlertStore
from serving.benchmark_live import own_settings, running_engine
from serving.child import Child
from serving.engine.client import EngineClient
from serving.engine.delays import Delay, Delays
from serving.engine.process import run_engine
from serving.engine.wire import Ack, Batch, batch_of
from serving.errors import EngineUnavailableError
from serving.replaying import in_time_order, pieces, shifted, span_of
from serving.settings import Settings

PIECE_NS = 1_000_000_000
_HOME = {
    "segment_bytes": 2**21, "keep_segments": 2, "snapshot_events": 20_000, "snapshot_s": 0.5, "remember_ids": 1_000_000,
}  # fmt: skip
_SOONEST_S, _LATEST_S = 0.05, 3.0
_AGAIN_S, _PATIENCE_S = 0.02, 300.0
_ASKED_AGAIN = 50
Record = dict[str, Any]


@dataclass(frozen=True)
class Kills:
    """What was lost.

    Attributes:
        events: Events that were sent.
        kills: How often the engine was killed.
        asked_again: Answered batches that were sent again after a kill, to see whether they are known.
        lost_events: Events of those that were not known, whether they were then taken or came too late.
        expected_alerts: Alerts that an engine which is never killed stores.
        lost_alerts: Those of them that this one did not.
        other_alerts: Alerts stored that are not, to the last figure, those of an engine which is never killed.
        back: From the kill to the first batch answered again.
    """

    events: int
    kills: int
    asked_again: int
    lost_events: int
    expected_alerts: int
    lost_alerts: int
    other_alerts: int
    back: Delay


class Killed:
    """An engine in a process of its own that is killed at random moments, and started again each time.

    Args:
        settings: Its settings.
        dice: When it is killed.

    Attributes:
        kills: How often it was.
        failed: Why it cannot be started again, None while it can.
        back: From each kill to the first batch answered again.
    """

    def __init__(self, settings: Settings, dice: np.random.Generator) -> None:
        AlertStore.open(settings.store_url).close()
        address, authkey = str(settings.home / "engine.sock"), secrets.token_bytes(32)
        self._child = Child("engine", run_engine, (settings, address, authkey))
        self._client = EngineClient(address, authkey, settings.engine_timeout_s)
        self._dice = dice
        self.kills = 0
        self.failed: Exception | None = None
        self.back = Delays()
        self._start()

    def send(self, batch: Batch) -> Ack:
        """Send a batch until it is answered, however often the engine dies over it.

        Raises:
            RuntimeError: It cannot be started again, or does not answer for minutes.
        """
        until = time.monotonic() + _PATIENCE_S
        while self.failed is None and time.monotonic() < until:
            try:
                return self._client.submit(batch)
            except EngineUnavailableError:
                time.sleep(_AGAIN_S)
        raise RuntimeError("the engine must answer after a kill, and did not") from self.failed

    def kill_until(self, times: int, enough: threading.Event, progress: Callable[[int, int], None]) -> None:
        """Kill it at random moments; what goes wrong is in `failed`."""
        try:
            self._kill_until(times, progress)
        except Exception as error:  # noqa: BLE001 - told by `send`, in the thread that waits
            self.failed = error
        finally:
            enough.set()

    def _kill_until(self, times: int, progress: Callable[[int, int], None]) -> None:
        while self.kills < times:
            time.sleep(float(self._dice.uniform(_SOONEST_S, _LATEST_S)))
            began = time.monotonic()
            os.kill(self._child.pid or 0, signal.SIGKILL)
            self._child.ended(began)
            self._start()
            self.send(Batch(watermark=0))
            self.back.note(time.monotonic() - began)
            self.kills += 1
            progress(self.kills, times)

    def stop(self) -> None:
        """End it as a service does."""
        self._client.close()
        self._child.stop(30.0)

    def _start(self) -> None:
        self._child.start(time.monotonic())
        if not self._child.told_ready():
            raise RuntimeError("the engine ended before it was ready")


def measure_kills(path: Path, times: int, seed: int, progress: Callable[[int, int], None]) -> Kills:
    """Send a tape to an engine that is killed at random moments, and compare with one that is not.

    Args:
        path: The tape; sent once, and again, each time as if recorded later, until the engine was killed often enough.
        times: How often it is killed.
        seed: Seed of the moments.
        progress: Called with kills done and in all.
    """
    enough, sent, lately = threading.Event(), [], deque[Batch](maxlen=_ASKED_AGAIN)
    lost = asked_again = events = known_kills = 0
    with own_settings() as home:
        settings = home.model_copy(update=_HOME)
        engine = Killed(settings, np.random.default_rng(seed))
        killer = threading.Thread(target=engine.kill_until, args=(times, enough, progress), name="killer")
        killer.start()
        tape = in_time_order(read_tape(path))
        for batch, rows in _batches(tape):
            if engine.kills > known_kills:
                known_kills = engine.kills
                asked_again += len(lately)
                lost += sum(ack.accepted + ack.late for ack in map(engine.send, lately))
            engine.send(batch)
            sent.append(batch)
            lately.append(batch)
            events += rows
            if enough.is_set() and events >= len(tape):
                break
        killer.join()
        engine.send(end := _end(sent))
        engine.stop()
        found = _alerts(settings)
    expected = _undisturbed([*sent, end])
    others = sum(record != expected.get(key) for key, record in found.items())
    missing = len(expected.keys() - found.keys())
    return Kills(events, times, asked_again, lost, len(expected), missing, others, engine.back.told())


def _batches(tape: Tape) -> Iterator[tuple[Batch, int]]:
    first, last = span_of(tape)
    length = ((last - first) // MINUTE_NS + 1) * MINUTE_NS
    number = 0
    while True:
        for piece in pieces(shifted(tape, number * length), PIECE_NS):
            yield batch_of(piece.tables, key=str(piece.end_ns)), piece.rows
        number += 1


def _end(sent: list[Batch]) -> Batch:
    newest = max(int(batch.key or 0) for batch in sent)
    return Batch(watermark=(newest // MINUTE_NS + 2) * MINUTE_NS)


def _undisturbed(batches: list[Batch]) -> dict[str, Record]:
    with own_settings() as home:
        settings = home.model_copy(update=_HOME)
        with running_engine(settings) as (client, _):
            for batch in batches:
                client.submit(batch)
        return _alerts(settings)


def _alerts(settings: Settings) -> dict[str, Record]:
    store = AlertStore.open(settings.store_url)
    try:
        found: dict[str, Record] = {}
        cursor = None
        while True:
            page = store.query(Filters(), limit=500, cursor=cursor)
            found |= {record["alert_id"]: record for record in page.alerts}
            cursor = page.next_cursor
            if cursor is None:
                return found
    finally:
        store.close()
