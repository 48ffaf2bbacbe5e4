"""How the web process reaches the engine."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from models.cross_report import CrossReport
from serving.engine.wire import (
    Ack,
    AskCross,
    AskStatus,
    Batch,
    Busy,
    CrossAnswer,
    EngineStatus,
    Failed,
    Reply,
    Request,
    Submit,
)
from serving.errors import EngineBusyError, EngineFailedError, EngineUnavailableError
from serving.local_sockets import Connections, SilentError

T = TypeVar("T", Ack, EngineStatus, CrossAnswer)


class EngineClient:
    """Asks the engine over its socket; safe for threads, which share a few connections.

    Args:
        address: Path of the engine's socket.
        authkey: Secret that both sides know.
        timeout_s: How long an answer may take.
    """

    def __init__(self, address: str, authkey: bytes, timeout_s: float) -> None:
        self._connections = Connections(address, authkey)
        self._timeout_s = timeout_s

    def submit(self, batch: Batch) -> Ack:
        """Hand over a batch and return when the engine has it on disk.

        Raises:
            EngineBusyError: It has more to do than it takes on; nothing of it is kept.
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
        self._connections.close()

    def _ask(self, request: Request, wanted: type[T], timeout_s: float) -> T:
        try:
            answer = self._connections.ask(msgspec.msgpack.encode(request), timeout_s)
        except SilentError as error:
            raise EngineUnavailableError(f"the engine {error}") from error
        reply = msgspec.msgpack.decode(answer, type=Reply)
        if isinstance(reply, Busy):
            raise EngineBusyError(reply.retry_after_s)
        if isinstance(reply, Failed):
            raise EngineFailedError(reply.says)
        if not isinstance(reply, wanted):
            message = f"the engine's answer must be of kind {wanted.__name__}, was {type(reply).__name__}"
            raise EngineFailedError(message)
        return reply
