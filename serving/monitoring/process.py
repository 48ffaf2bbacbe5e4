"""Feeds, alarms and canaries as a process of their own."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from multiprocessing.connection import Connection

from serving.alerts.store import AlertStore
from serving.engine.client import EngineClient
from serving.logs import log_as_json
from serving.monitoring.asking import answering
from serving.monitoring.exchanges import Exchanges
from serving.monitoring.monitor import Monitor
from serving.settings import Settings
from serving.signals import StopSignal

STOP_S = 2.0
TICK_S = 0.5


def run_feeds(
    settings: Settings,
    engine_address: str,
    address: str,
    authkey: bytes,
    ready: Connection,
    parent: Connection,
) -> None:
    """Run feeds until told to stop, or the parent is gone.

    Args:
        settings: The service's settings.
        engine_address: Path of the engine's socket.
        address: Path of the socket to answer at.
        authkey: Secret of those who may ask, and by which to ask the engine.
        ready: Gets one message once requests are answered.
        parent: Ends when the parent does.
    """
    log_as_json()
    store = AlertStore.open(settings.store_url, migrated=True)
    engine = EngineClient(engine_address, authkey, settings.engine_timeout_s)
    with StopSignal(ignore=(signal.SIGINT,)) as stop:
        monitor = Monitor(settings, Exchanges(settings.home), engine, store.database)
        failed = asyncio.run(_run(monitor, (address, authkey), stop, ready, parent))
    engine.close()
    store.close()
    if failed:
        raise SystemExit(1)


async def _run(
    monitor: Monitor, own: tuple[str, bytes], stop: StopSignal, ready: Connection, parent: Connection
) -> bool:
    """Return whether it ended because it failed."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_reader(stop.waitable, told.set)
    loop.add_reader(parent.fileno(), told.set)
    running = asyncio.create_task(monitor.run())
    server = answering(monitor, loop, *own)
    ready.send_bytes(b"ready")
    stopping = asyncio.create_task(told.wait())
    while not (running.done() or stopping.done() or server.broken.is_set()):
        await asyncio.wait([running, stopping], timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
    server.close()
    failed = running.done() or server.broken.is_set()
    running.cancel()
    stopping.cancel()
    for end in (stop.waitable, parent.fileno()):
        loop.remove_reader(end)
    with suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.wait_for(running, STOP_S)
    return failed
