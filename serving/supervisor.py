"""`tapewatch serve`: starts web, engine and feeds, restarts what dies, ends all cleanly."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path

from features.errors import TapewatchError
from serving.alerts.store import AlertStore
from serving.champion import RULES_ONLY, load_champion
from serving.child import Child
from serving.engine.process import run_engine
from serving.files import lock
from serving.found_at import found_at
from serving.local_sockets import Sockets
from serving.monitoring.process import run_feeds
from serving.parameters import ParameterHistory
from serving.settings import Settings
from serving.signals import StopSignal
from serving.web import run_web

_LONGEST_SOCKET_PATH = 100
_STOP_S = 2.3
Say = Callable[[str], None]
_print = partial(print, flush=True)


def serve(settings: Settings, say: Say = _print) -> None:
    """Run the service until SIGINT or SIGTERM; its processes have ended when it returns, within 5 s.

    Args:
        settings: The service's settings.
        say: Gets each line for the operator.

    Raises:
        TapewatchError: It cannot start: the port is taken, the database not reachable, parameters or bundle wrong.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with _alone(settings), _listening(settings) as listening, _sockets(settings) as sockets, StopSignal() as stop:
        champion = load_champion(settings)
        _keep_in_step(settings, say)
        authkey = secrets.token_bytes(32)
        engine = Child("engine", run_engine, (settings, sockets.engine, authkey))
        feeds = Child("feeds", run_feeds, (settings, sockets.engine, sockets.feeds, authkey), after=engine)
        web = Child("web", run_web, (settings, listening, sockets, authkey))
        url = "http://{}:{}".format(*listening.getsockname()[:2])
        say(f"Tapewatch · state in {settings.home} · model: {champion.version}")
        if champion.digest == RULES_ONLY:
            say("No champion model: the rules judge alone. `tapewatch train` and `tapewatch promote` make one.")
        say(f"API {url}/v1 · docs {url}/docs · health {url}/health/ready · metrics {url}/metrics")
        try:
            with found_at(settings, url):
                supervise([engine, feeds, web], stop, say)
        finally:
            # The engine is the last: what the others have under way comes in.
            for child in (feeds, web):
                child.ask_to_end()
            until = time.monotonic() + _STOP_S
            for child in (feeds, web):
                child.stop(max(0.0, until - time.monotonic()))
            engine.stop(_STOP_S)
            say("stopped")


def _keep_in_step(settings: Settings, say: Say) -> None:
    """Migrate the database, and take over the parameters that were adopted, perhaps on another machine."""
    store = AlertStore.open(settings.store_url)
    try:
        told = ParameterHistory(settings, store.database).follow()
    finally:
        store.close()
    if told:
        say(told)


def supervise(
    children: Sequence[Child], stop: StopSignal, say: Say, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Keep the children running until told to stop."""
    while True:
        now = monotonic()
        for child in children:
            if child.start_at is not None and child.start_at <= now:
                child.start(now)
        happened = wait([stop.waitable, *_watched(children)], timeout=_next_restart(children, now))
        if stop.waitable in happened:
            return
        for child in children:
            if child.ready is not None and child.ready in happened and child.told_ready():
                say(f"{child.name} ready (process {child.pid})")
            if child.process is not None and child.process.sentinel in happened:
                code = child.ended(monotonic())
                say(f"{child.name} ended with code {code}; it is started again")


def _watched(children: Sequence[Child]) -> Iterator[Connection | int]:
    for child in children:
        if child.process is not None:
            yield child.process.sentinel
        if child.ready is not None:
            yield child.ready


def _next_restart(children: Sequence[Child], now: float) -> float | None:
    return min((max(0.0, child.start_at - now) for child in children if child.start_at is not None), default=None)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    descriptor = lock(settings.home / "serve.lock", f"{settings.home} must be served once; another process does it")
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Bind here, once: a taken port is told before anything starts, and a restarted web process has its port again."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise TapewatchError(f"{settings.host}:{settings.port} must be free to listen on: {error.strerror}") from error
    with listening:
        yield listening


@contextmanager
def _sockets(settings: Settings) -> Iterator[Sockets]:
    """Yield where engine and feeds listen: under home, unless the path is longer than the system allows."""
    own = Sockets.below(settings.home)
    if max(map(len, own)) <= _LONGEST_SOCKET_PATH:
        yield own
        for path in own:
            Path(path).unlink(missing_ok=True)
        return
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder:
        yield Sockets.below(Path(folder))
