"""The engine as a process of its own."""

from __future__ import annotations

import signal
import time
from multiprocessing.connection import Connection, wait

from features.encoding import encode
from features.records import tables_from_records
from models.surveillance import Surveillance
from serving.alerts.store import AlertStore
from serving.champion import Champion, load_champion
from serving.engine.engine import Engine
from serving.engine.server import EngineServer
from serving.engine.watcher import Watch
from serving.logs import log_as_json
from serving.settings import Settings
from serving.signals import StopSignal

TICK_S = 0.5


def run_engine(settings: Settings, address: str, authkey: bytes, ready: Connection, parent: Connection) -> None:
    """Run the engine until it is told to stop, or its parent is gone.

    Args:
        settings: The service's settings.
        address: Path of the socket to answer at.
        authkey: Secret of those who may ask.
        ready: Gets one message once the state is back and the socket open.
        parent: Ends when the parent does.
    """
    log_as_json()
    with StopSignal(ignore=(signal.SIGINT,)) as stop:
        store = AlertStore.open(settings.store_url, migrated=True)
        engine = Engine(settings, watch_of(load_champion(settings)), store, time.monotonic)
        server = EngineServer(engine, address, authkey)
        ready.send_bytes(b"ready")
        broken = False
        while not broken and not wait([stop.waitable, parent], timeout=TICK_S):
            engine.look_after()
            broken = server.broken.is_set()
        server.close()
        if broken:
            raise SystemExit(1)
        engine.close()
        store.close()


def watch_of(champion: Champion) -> Watch:
    """Return how to make the surveillance that this champion runs; its kernels are compiled before that."""
    parameters, bundle = champion.parameters, champion.bundle
    watch = Watch(
        new=lambda: Surveillance(parameters, bundle),
        restored=lambda state: Surveillance.restore(state, parameters, bundle),
        lots=champion.lots,
        lateness_ns=round(parameters.events.allowed_lateness_s * 1e9),
        model=champion.digest,
        parameters=parameters.version(),
    )
    _warm_up(watch)
    return watch


def _warm_up(watch: Watch) -> None:
    """Let a throwaway surveillance see a few events, so that the first request does not wait for the compiler."""
    times = [f"2024-01-01T00:{minute:02d}:00Z" for minute in range(4)]
    trade = {"symbol": "A", "price": 1.0, "quantity": 1.0, "aggressor": "buy", "buyer_id": "a", "seller_id": "b"}
    order = {"symbol": "A", "order_id": "o", "account_id": "a", "side": "buy", "price": 1.0, "quantity": 1.0}
    tape = tables_from_records(
        trades=[{"timestamp": time, **trade} for time in times],
        orders=[{"timestamp": time, "event": event, **order} for time in times for event in ("new", "cancel")],
    )
    watcher = watch.new()
    watcher.push(encode(tape, watcher.vocabulary, watch.lots))
    watcher.advance(1_704_070_800_000_000_000)
