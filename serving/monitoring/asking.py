"""How the feeds process is asked, and how it answers."""

from __future__ import annotations

import asyncio

import msgspec

from features.errors import TapewatchError
from serving.errors import CanaryWaitsError, FeedsUnavailableError, NotMonitoredError, RequestError
from serving.local_sockets import Answering, Connections, SilentError
from serving.monitoring.monitor import Monitor
from serving.monitoring.wire import Failed, NotMonitored, Refused, Reply, Request, Told, Waits


class MonitoringClient:
    """Asks the feeds process; safe for threads.

    Args:
        address: Path of its socket.
        authkey: Secret that both sides know.
        timeout_s: How long an answer may take.
    """

    def __init__(self, address: str, authkey: bytes, timeout_s: float) -> None:
        self._connections = Connections(address, authkey)
        self._timeout_s = timeout_s

    def ask(self, request: Request, wanted: type[Told]) -> Told:
        """Return the answer to a request.

        Raises:
            FeedsUnavailableError: The feeds process does not answer.
            RequestError: A field of the request must be otherwise.
            NotMonitoredError: The market is not monitored.
            CanaryWaitsError: A canary cannot be sent yet.
            TapewatchError: It could not be done.
        """
        try:
            answer = self._connections.ask(msgspec.msgpack.encode(request), self._timeout_s)
        except SilentError as error:
            raise FeedsUnavailableError(f"the feeds process {error}") from error
        reply = msgspec.msgpack.decode(answer, type=Reply)
        if isinstance(reply, wanted):
            return reply
        raise _refusal(reply)

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()


def _refusal(reply: Reply) -> TapewatchError:
    match reply:
        case Refused():
            return RequestError(reply.field, reply.must_be, reply.was)
        case NotMonitored():
            return NotMonitoredError(reply.says)
        case Waits():
            return CanaryWaitsError(reply.says)
        case Failed():
            return TapewatchError(reply.says)
        case _:
            return TapewatchError(f"the feeds process must answer what was asked, answered {type(reply).__name__}")


def answering(monitor: Monitor, loop: asyncio.AbstractEventLoop, address: str, authkey: bytes) -> Answering:
    """Return what answers for a monitor that runs on a loop; requests come in threads and are done on the loop."""

    def answer(asked: bytes) -> bytes:
        try:
            request = msgspec.msgpack.decode(asked, type=Request)
        except msgspec.MsgspecError as error:
            return msgspec.msgpack.encode(Failed(str(error)))
        reply = asyncio.run_coroutine_threadsafe(monitor.answer(request), loop).result()
        return msgspec.msgpack.encode(reply)

    return Answering("feeds", answer, address, authkey)
