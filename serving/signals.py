"""Stop signals as something that can be waited for beside sockets and processes."""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOPS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Becomes readable when the process is told to stop; use it in the main thread.

    Args:
        ignore: Stop signals that are meant for somebody else: Ctrl-C reaches children too, whom their parent will tell.
    """

    def __init__(self, *, ignore: tuple[signal.Signals, ...] = ()) -> None:
        self._ignore = ignore

    def __enter__(self) -> Self:
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.getsignal(number) for number in STOPS}
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN if number in self._ignore else _noted)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._read.close()
        self._write.close()

    @property
    def waitable(self) -> socket.socket:
        """What to wait for: it can be read once a stop was asked for."""
        return self._read


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal's arrival has made the socket readable."""
