"""The engine as a process of its own."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from features.catalogue import schema_hash
from features.compiled import ROOT, kernels_digest
from features.encoding import encode
from features.records import tables_from_records
from models.shadow import Shadow
from models.surveillance import Surveillance, shadow_of
from serving.alerts.store import AlertStore
from serving.champion import Champion, load_shadowed
from serving.engine.engine import Engine
from serving.engine.intake import Intake
from serving.engine.server import EngineServer
from serving.engine.shadowing import ShadowLog
from serving.engine.watcher import Watch
from serving.logs import log_as_json
from serving.monitoring.canary_alerts import AlertsWithCanaries
from serving.settings import Settings
from serving.signals import StopSignal
from training.folded_store import fold_parameters

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
        alerts = AlertsWithCanaries(store, settings.canary_alerts_file, time.time_ns)
        watch = watch_of(load_shadowed(settings), settings.shadow_file)
        engine = Engine(settings, watch, alerts, time.monotonic, apart=True)
        intake = Intake(engine, settings.queue_bytes, settings.queue_batches)
        server = EngineServer(engine, intake, address, authkey)
        ready.send_bytes(b"ready")
        broken = False
        while not broken and not wait([stop.waitable, parent], timeout=TICK_S):
            engine.look_after()
            broken = server.broken.is_set()
        server.close()
        if broken:
            raise SystemExit(1)
        intake.close()
        engine.close()
        store.close()


def watch_of(champion: Champion, shadow_file: Path | None = None) -> Watch:
    """Return how to make the surveillance that this champion runs; its kernels are compiled before that.

    Args:
        champion: What judges, and what is shadowed.
        shadow_file: Where comparisons with the challenger are kept; without it nothing is shadowed.
    """
    parameters, bundle, challenger = champion.parameters, champion.bundle, champion.challenger
    shadowed = shadow_file is not None and challenger is not None and challenger.digest != champion.digest
    heard = ShadowLog(shadow_file, challenger.version) if shadowed and shadow_file and challenger else None

    def shadow() -> Shadow | None:
        return shadow_of(parameters, challenger, heard) if heard and challenger else None

    folded_by = schema_hash(), kernels_digest(ROOT / "features"), fold_parameters(parameters)
    watch = Watch(
        new=lambda: Surveillance(parameters, bundle),
        restored=lambda state: Surveillance.restore(state, parameters, bundle, shadow()),
        lots=champion.lots,
        lateness_ns=round(parameters.events.allowed_lateness_s * 1e9),
        model=champion.digest,
        parameters=parameters.version(),
        folds=json.dumps(folded_by, sort_keys=True),
        shadow=heard,
    )
    _warm_up(watch)
    return replace(watch, new=lambda: Surveillance(parameters, bundle, shadow=shadow()))


def _warm_up(watch: Watch) -> None:
    """Let a throwaway surveillance see a few events, so that the first request does not wait for the compiler."""
    times = [f"2024-01-01T00:{minute:02d}:00Z" for minute in range(4)]
    trade = {"symbol": "A", "price": 1.0, "quantity": 1.0, "aggressor": "buy"}
    sides = ({"venue": "x", "buyer_id": "a", "seller_id": "b"}, {"venue": "y", "buyer_id": "b", "seller_id": "a"})
    order = {"symbol": "A", "order_id": "o", "account_id": "a", "side": "buy", "price": 1.0, "quantity": 1.0}
    levels = [{"symbol": "A", "side": side, "price": at, "quantity": 1.0} for side, at in (("buy", 0.9), ("sell", 1.1))]
    tape = tables_from_records(
        trades=[{"timestamp": time, **trade, **side} for time in times for side in sides],
        orders=[{"timestamp": time, "event": event, **order} for time in times for event in ("new", "cancel")],
        books=[{"timestamp": time, **level} for time in times for level in levels],
    )
    watcher = watch.new()
    watcher.add(encode(tape, watcher.vocabulary, watch.lots))
    watcher.close()
    watcher.tick(1_704_070_800_000_000_000)
    watcher.close()
