"""The web process: uvicorn around the application."""

from __future__ import annotations

import os
import signal
import socket
import threading
from multiprocessing.connection import Connection

import uvicorn

from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import load_champion
from serving.engine.client import EngineClient
from serving.local_sockets import Sockets
from serving.logs import log_as_json
from serving.monitoring.asking import MonitoringClient
from serving.settings import Settings

GRACE_S = 2


def run_web(
    settings: Settings,
    listening: socket.socket,
    sockets: Sockets,
    authkey: bytes,
    ready: Connection,
    parent: Connection,
) -> None:
    """Serve HTTP until told to stop, or the parent is gone.

    Args:
        settings: The service's settings.
        listening: Socket that is bound already.
        sockets: Where engine and feeds listen.
        authkey: Secret by which to ask them.
        ready: Gets one message once requests are answered.
        parent: Ends when the parent does.
    """
    log_as_json()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    store = AlertStore.open(settings.store_url, migrated=True)
    engine = EngineClient(sockets.engine, authkey, settings.engine_timeout_s)
    feeds = MonitoringClient(sockets.feeds, authkey, settings.engine_timeout_s)
    app = create_app(settings, store, engine, ChampionScorer(load_champion(settings)), feeds=feeds)
    server = _Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_S, lifespan="off"), ready)
    server.run(sockets=[listening])
    feeds.close()
    engine.close()
    store.close()


class _Server(uvicorn.Server):
    """uvicorn that tells when it answers, and leaves Ctrl-C to the parent."""

    def __init__(self, config: uvicorn.Config, ready: Connection) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready.send_bytes(b"ready")


def _end_with(parent: Connection) -> None:
    parent.poll(None)
    os.kill(os.getpid(), signal.SIGTERM)
