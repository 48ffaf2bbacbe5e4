"""The engine's socket."""

from __future__ import annotations

import msgspec

from features.errors import TapewatchError
from serving.engine.engine import Engine
from serving.engine.intake import Intake
from serving.engine.wire import AskCross, AskStatus, Busy, CrossAnswer, Failed, Reply, Request
from serving.errors import EngineBusyError
from serving.local_sockets import Answering


class EngineServer(Answering):
    """Answers requests for an engine until it is closed.

    Args:
        engine: Who tells how it is.
        intake: Who takes batches.
        address: Path of the socket.
        authkey: Secret that both sides know.
    """

    def __init__(self, engine: Engine, intake: Intake, address: str, authkey: bytes) -> None:
        self._engine = engine
        self._intake = intake
        super().__init__("engine", self._answered, address, authkey)

    def _answered(self, asked: bytes) -> bytes:
        return msgspec.msgpack.encode(self._reply(asked))

    def _reply(self, asked: bytes) -> Reply:
        try:
            request: Request = msgspec.msgpack.decode(asked, type=Request)
            if isinstance(request, AskCross):
                return CrossAnswer(self._engine.cross(request.symbol, request.window_ns))
            return self._engine.status() if isinstance(request, AskStatus) else self._intake.submit(request.batch)
        except EngineBusyError as error:
            return Busy(error.retry_after_s)
        except (TapewatchError, msgspec.MsgspecError) as error:
            return Failed(str(error))
