"""How fast the live engine is: its own process, its own store, a simulated tape sent to it as a feed would."""

from __future__ import annotations

import itertools
import math
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.encoding import Lots, encode
from features.readers import Tape, read_tape
from features.time_units import SECOND_NS
from models.parameters import Parameters
from models.surveillance import Surveillance
from serving.alerts.store import AlertStore
from serving.child import Child
from serving.engine.client import EngineClient
from serving.engine.delays import Delay, Delays
from serving.engine.process import run_engine
from serving.engine.wire import batch_of
from serving.replaying import in_time_order, paced, pieces, shifted, span_of
from serving.settings import Settings

PIECE_NS = 100_000_000
_SENDERS = 8
Progress = Callable[[int, int], None]
Seconds = Callable[[int], None]


@dataclass(frozen=True)
class LiveFigures:
    """What was measured of a live run.

    Attributes:
        events: Events sent.
        rate: Events a second.
        batches: From the moment a batch was due to its answer, for every batch.
        stored: From the arrival of a batch to its alert revisions stored, by the engine's clock.
        known: From the end of the bucket that opened an alert to the alert stored, by the wall clock.
    """

    events: int
    rate: float
    batches: Delay
    stored: Delay
    known: Delay


@dataclass(frozen=True)
class DayFigures:
    """What was measured of a long run.

    Attributes:
        hours: Length of the tape.
        events: Events on it.
        seconds: How long the engine took.
        resident_mib: Memory of the engine after each hour of the tape, MiB.
    """

    hours: float
    events: int
    seconds: float
    resident_mib: tuple[float, ...]

    @property
    def speed(self) -> float:
        """Multiple of the tape's own pace."""
        return self.hours * 3600.0 / self.seconds


@contextmanager
def running_engine(settings: Settings) -> Iterator[tuple[EngineClient, int]]:
    """Run an engine as the service does; yields who asks it, and its process number."""
    AlertStore.open(settings.store_url).close()
    address, authkey = str(settings.home / "engine.sock"), secrets.token_bytes(32)
    child = Child("engine", run_engine, (settings, address, authkey))
    child.start(time.monotonic())
    client = EngineClient(address, authkey, settings.engine_timeout_s)
    try:
        if not child.told_ready() or child.pid is None:
            raise RuntimeError("the engine ended before it was ready")
        yield client, child.pid
    finally:
        client.close()
        child.stop(30.0)


@contextmanager
def own_settings() -> Iterator[Settings]:
    """Yield the settings of a home that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder:
        yield Settings(home=Path(folder), database_url=None)


def measure_live(path: Path, rate: float, seconds: float, progress: Progress) -> LiveFigures:
    """Send a tape at a rate, whatever the answers take, then on at its own pace as if it happened now.

    Args:
        path: The tape, long enough for both.
        rate: Events a second of the first part.
        seconds: How long each part lasts.
        progress: Called with seconds done and in all.
    """
    tape = in_time_order(read_tape(path))
    first, _ = span_of(tape)
    middle = _time_of(tape, int(rate * seconds))
    speed = (middle - first) / SECOND_NS / seconds
    with own_settings() as settings, running_engine(settings) as (client, _):
        sent, took, batches = _send(
            _between(tape, first, middle), client, speed, lambda done: progress(done, int(2 * seconds))
        )
        stored = client.status().stored
        rest = _between(tape, middle, middle + int(seconds * SECOND_NS))
        now = shifted(rest, time.time_ns() - span_of(rest)[0])
        _send(now, client, 1.0, lambda done: progress(int(seconds) + done, int(2 * seconds)))
        return LiveFigures(sent, sent / took, batches, stored, client.status().known)


def measure_day(path: Path, progress: Progress) -> DayFigures:
    """Send a tape as fast as it is taken, and watch the engine's memory."""
    tape = in_time_order(read_tape(path))
    first, last = span_of(tape)
    resident: list[float] = []
    done = 0
    with own_settings() as settings, running_engine(settings) as (client, pid):
        began = time.monotonic()
        for piece in pieces(tape, SECOND_NS * 20):
            accounts = {"accounts": tape.accounts} if tape.accounts is not None and not done else {}
            client.submit(batch_of({**accounts, **piece.tables}, key=str(piece.end_ns)))
            done += piece.rows
            if (piece.end_ns - first) // (3600 * SECOND_NS) > len(resident):
                resident.append(resident_mib(pid))
            progress(done, len(tape))
        seconds = time.monotonic() - began
    return DayFigures((last - first) / 3600 / SECOND_NS, len(tape), seconds, tuple(resident))


@dataclass(frozen=True)
class TickFigures:
    """How long a tick over many markets takes, s.

    Attributes:
        all_traded: After a bucket in which each market traded once.
        at_rate: After a bucket of trades at a rate, spread over the markets as one over their rank.
        traded: Markets that traded in that bucket.
        quiet: After a bucket without trades.
    """

    all_traded: float
    at_rate: float
    traded: int
    quiet: float


def measure_ticks(symbols: int, rate: float) -> TickFigures:
    """Return how long ticks over so many markets take, each of which has traded before.

    Args:
        symbols: Markets.
        rate: Trades a second in the bucket before the second one that is measured.
    """
    surveillance = Surveillance(Parameters(), None)
    begin, span = 1_704_067_200 * SECOND_NS, 5 * SECOND_NS
    buckets = itertools.count()

    def tick(traded: NDArray[np.int64]) -> float:
        at = begin + next(buckets) * span
        if len(traded):
            surveillance.add(encode(_trades(traded, at), surveillance.vocabulary, Lots()))
        began = time.perf_counter()
        surveillance.advance(at + span)
        return time.perf_counter() - began

    everyone, nobody = np.arange(symbols), np.empty(0, np.int64)
    share = 1.0 / np.arange(1, symbols + 1)
    at_rate = np.random.default_rng(0).choice(symbols, int(rate * span / SECOND_NS), p=share / share.sum())
    all_traded = [tick(everyone) for _ in range(5)][-1]
    usual = [tick(at_rate) for _ in range(3)][-1]
    return TickFigures(all_traded, usual, len(np.unique(at_rate)), [tick(nobody) for _ in range(2)][-1])


def resident_mib(pid: int) -> float:
    """Return how much memory a process holds, MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _send(tape: Tape, client: EngineClient, speed: float, progress: Seconds) -> tuple[int, float, Delay]:
    first, _ = span_of(tape)
    delays, sent = Delays(), 0
    began = time.monotonic()

    def submit(tables: dict[str, pa.Table], key: str, due: float) -> None:
        client.submit(batch_of(tables, key=key))
        delays.note(time.monotonic() - due)

    with ThreadPoolExecutor(_SENDERS) as pool:
        asked = []
        for piece in paced(pieces(tape, PIECE_NS), first, speed, time.monotonic, time.sleep):
            asked.append(pool.submit(submit, piece.tables, str(piece.end_ns), time.monotonic()))
            sent += piece.rows
            progress(int(time.monotonic() - began))
        for one in asked:
            one.result()
    return sent, time.monotonic() - began, delays.told()


def _time_of(tape: Tape, number: int) -> int:
    """Return the time of event `number` of a tape, ns; of its last one where it has fewer."""
    times = [table["timestamp"].combine_chunks().cast(pa.int64()) for table in (tape.trades, tape.orders) if table]
    whole = np.sort(np.concatenate([column.to_numpy() for column in times]))
    return int(whole[min(number, len(whole) - 1)])


def _between(tape: Tape, first: int, last: int) -> Tape:
    def cut(table: pa.Table | None) -> pa.Table | None:
        if table is None:
            return None
        times = table["timestamp"].combine_chunks().cast(pa.int64()).to_numpy()
        begin, end = np.searchsorted(times, [first, last])
        return table.slice(int(begin), int(end - begin))

    return replace(tape, trades=cut(tape.trades), orders=cut(tape.orders), books=None)


def _trades(symbols: NDArray[np.int64], time_ns: int) -> Tape:
    """Return one trade of each of the given symbols, which may be given more than once, in the second of a time."""
    n, order = len(symbols), np.arange(len(symbols))
    price = 100.0 + symbols % 7 + math.sin(time_ns / 1e11)
    return Tape(
        "trades",
        trades=pa.table(
            {
                "timestamp": pa.array(time_ns + order * SECOND_NS // n, pa.timestamp("ns", "UTC")),
                "venue": pa.array(["bench"] * n).dictionary_encode(),
                "symbol": pa.array([f"S{number}" for number in symbols]).dictionary_encode(),
                "price": pa.array(price),
                "quantity": pa.array(np.full(n, 1.0)),
                "aggressor": pa.array(np.where(order % 2, "buy", "sell")).dictionary_encode(),
            }
        ),
    )
