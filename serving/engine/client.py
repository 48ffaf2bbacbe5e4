"""How the web process reaches the engine."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import TypeVar

import msgspec

from models.cross_report import CrossReport
from serving.engine.wire import (
    Ack,
    AskCross,
    AskStatus,
    Batch,
    CrossAnswer,
    EngineStatus,
    Failed,
    Reply,
    Request,
    Submit,
)
from serving.errors import EngineFailedError, EngineUnavailableError

T = TypeVar("T", Ack, EngineStatus, CrossAnswer)


class EngineClient:
    """Asks the engine over its socket; safe for threads, which share a few connections.

    Args:
        address: Path of the engine's socket.
        authkey: Secret that both sides know.
        timeout_s: How long an answer may take.
    """

    def __init__(self, address: str, authkey: bytes, timeout_s: float) -> None:
        self._address = address
        self._authkey = authkey
        self._timeout_s = timeout_s
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()

    def submit(self, batch: Batch) -> Ack:
        """Hand over a batch and return when the engine has it on disk.

        Raises:
            EngineUnavailableError: No answer; whether the batch was taken is unknown.
            EngineFailedError: The engine could not take it, and kept nothing of it.
        """
        return self._ask(Submit(batch), Ack, self._timeout_s)

    def flush(self, until_ns: int) -> Ack:
        """Let time pass up to `until_ns`: close what is open up to there. Journaled like a batch."""
        return self.submit(Batch(watermark=until_ns))

    def status(self) -> EngineStatus:
        """Return how the engine is.

        Raises:
            EngineUnavailableError: It does not answer.
        """
        return self._ask(AskStatus(), EngineStatus, min(self._timeout_s, 2.0))

    def cross(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; None where nobody has traded the symbol.

        Raises:
            EngineUnavailableError: It does not answer.
        """
        return self._ask(AskCross(symbol, window_ns), CrossAnswer, self._timeout_s).report

    def close(self) -> None:
        """Close the idle connections."""
        while not self._idle.empty():
            self._idle.get().close()

    def _ask(self, request: Request, wanted: type[T], timeout_s: float) -> T:
        with self._connection() as connection:
            connection.send_bytes(msgspec.msgpack.encode(request))
            if not connection.poll(timeout_s):
                message = f"the engine must answer within {timeout_s:g} s; whether it took the request is unknown"
                raise EngineUnavailableError(message)
            reply = msgspec.msgpack.decode(connection.recv_bytes(), type=Reply)
        if isinstance(reply, Failed):
            raise EngineFailedError(reply.says)
        if not isinstance(reply, wanted):
            message = f"the engine's answer must be of kind {wanted.__name__}, was {type(reply).__name__}"
            raise EngineFailedError(message)
        return reply

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = None
        try:
            connection = self._live()
            yield connection
        except (OSError, EOFError, AuthenticationError) as error:
            message = f"the engine must answer at its socket: {type(error).__name__}: {error}"
            raise EngineUnavailableError(message) from error
        else:
            self._idle.put(connection)
            connection = None
        finally:
            if connection is not None:
                connection.close()

    def _live(self) -> Connection:
        """Return an idle connection, or a new one; an idle one with something to read has been closed by the engine."""
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return Client(self._address, family="AF_UNIX", authkey=self._authkey)
            if not connection.poll(0):
                return connection
            connection.close()
