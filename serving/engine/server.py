"""The engine's socket: one thread a connection, one request at a time on each."""

from __future__ import annotations

import threading
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from pathlib import Path

import msgspec
import structlog

from features.errors import TapewatchError
from serving.engine.engine import Engine
from serving.engine.wire import AskCross, AskStatus, CrossAnswer, Failed, Reply, Request

log = structlog.get_logger(__name__)


class EngineServer:
    """Answers requests for an engine until it is closed.

    Attributes:
        broken: Set when the engine failed in a way that it must not survive.

    Args:
        engine: Who does the work.
        address: Path of the socket; what a dead predecessor left there is removed.
        authkey: Secret that both sides know.
    """

    def __init__(self, engine: Engine, address: str, authkey: bytes) -> None:
        self._engine = engine
        Path(address).unlink(missing_ok=True)
        self._listener = Listener(address, family="AF_UNIX", backlog=64, authkey=authkey)
        Path(address).chmod(0o600)
        self._closing = threading.Event()
        self.broken = threading.Event()
        threading.Thread(target=self._accept, name="engine-accept", daemon=True).start()

    def close(self) -> None:
        """Stop taking connections; the address is free afterwards."""
        self._closing.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, ConnectionError) as error:
                log.warning("engine.connection_refused", why=str(error))
            except OSError:
                if not self._closing.is_set():
                    raise
            else:
                threading.Thread(target=self._serve, args=(connection,), name="engine-connection", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(EOFError, ConnectionError):
            while not self._closing.is_set():
                asked = connection.recv_bytes()
                try:
                    reply = self._answer(asked)
                except Exception:
                    # The state may be half changed. Only a new process, from the journal, is surely right.
                    log.exception("engine.broken")
                    self.broken.set()
                    return
                connection.send_bytes(msgspec.msgpack.encode(reply))

    def _answer(self, asked: bytes) -> Reply:
        try:
            request: Request = msgspec.msgpack.decode(asked, type=Request)
            if isinstance(request, AskCross):
                return CrossAnswer(self._engine.cross(request.symbol, request.window_ns))
            return self._engine.status() if isinstance(request, AskStatus) else self._engine.submit(request.batch)
        except (TapewatchError, msgspec.MsgspecError) as error:
            return Failed(str(error))
