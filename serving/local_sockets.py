"""How processes of one service ask each other: over a Unix socket, one thread a connection, one request at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import NamedTuple, Self

import structlog

log = structlog.get_logger(__name__)


class SilentError(Exception):
    """Nobody answers; not one of ours, because the caller knows what that means and says so."""


class Sockets(NamedTuple):
    """Where the processes of one service listen.

    Attributes:
        engine: The engine's.
        feeds: The feeds process's.
    """

    engine: str
    feeds: str

    @classmethod
    def below(cls, folder: Path) -> Self:
        """Return the sockets in a folder."""
        return cls(str(folder / "engine.sock"), str(folder / "feeds.sock"))


class Connections:
    """Asks over a socket; safe for threads, which share a few connections.

    Args:
        address: Path of the socket.
        authkey: Secret that both sides know.
    """

    def __init__(self, address: str, authkey: bytes) -> None:
        self._address = address
        self._authkey = authkey
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        """Send a request and return the answer.

        Raises:
            SilentError: There is none in time; whether the request was done is unknown.
        """
        with self._connection() as connection:
            connection.send_bytes(request)
            if not connection.poll(timeout_s):
                raise SilentError(f"must answer within {timeout_s:g} s; whether it took the request is unknown")
            return connection.recv_bytes()

    def close(self) -> None:
        """Close the idle connections."""
        while not self._idle.empty():
            self._idle.get().close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = None
        try:
            connection = self._live()
            yield connection
        except (OSError, EOFError, AuthenticationError) as error:
            raise SilentError(f"must answer at its socket: {type(error).__name__}: {error}") from error
        else:
            self._idle.put(connection)
            connection = None
        finally:
            if connection is not None:
                connection.close()

    def _live(self) -> Connection:
        """Return an idle connection, or a new one; an idle one with something to read was closed by the other side."""
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return Client(self._address, family="AF_UNIX", authkey=self._authkey)
            if not connection.poll(0):
                return connection
            connection.close()


class Answering:
    """Answers over a socket until it is closed.

    Attributes:
        broken: Set when answering failed in a way that the process must not survive.

    Args:
        name: Name of the process, for logs and threads.
        answer: Makes the answer to a request; called in many threads. What it raises breaks the process.
        address: Path of the socket; what a dead predecessor left there is removed.
        authkey: Secret that both sides know.
    """

    def __init__(self, name: str, answer: Callable[[bytes], bytes], address: str, authkey: bytes) -> None:
        self._name = name
        self._answer = answer
        Path(address).unlink(missing_ok=True)
        self._listener = Listener(address, family="AF_UNIX", backlog=64, authkey=authkey)
        Path(address).chmod(0o600)
        self._closing = threading.Event()
        self.broken = threading.Event()
        threading.Thread(target=self._accept, name=f"{name}-accept", daemon=True).start()

    def close(self) -> None:
        """Stop taking connections; the address is free afterwards."""
        self._closing.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, ConnectionError) as error:
                log.warning("socket.connection_refused", of=self._name, why=str(error))
            except OSError:
                if not self._closing.is_set():
                    # Nobody could ask any more, though the process lives.
                    log.exception("socket.broken", of=self._name)
                    self.broken.set()
                return
            else:
                name = f"{self._name}-connection"
                threading.Thread(target=self._serve, args=(connection,), name=name, daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):
            while not self._closing.is_set():
                asked = connection.recv_bytes()
                try:
                    reply = self._answer(asked)
                except Exception:
                    # The state may be half changed. Only a new process is surely right.
                    log.exception("socket.broken", of=self._name)
                    self.broken.set()
                    return
                connection.send_bytes(reply)
