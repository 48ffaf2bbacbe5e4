"""One supervised process: started, watched, restarted with back-off, ended."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
STEADY_S = 30.0
_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Child:
    """A process and how it has been doing.

    Attributes:
        name: Name for people.
        target: What it runs; gets `args`, a connection to report readiness on, and one that ends with the parent.
        args: Arguments.
        process: The process, None while there is none.
        ready: Where its report of readiness arrives; None before the start and after the report.
        restart_at: Monotonic time at which to start it, None while it runs.
        after: A process without which it has nothing to do: it is started once that one is ready.
    """

    name: str
    target: Callable[..., None]
    args: tuple[Any, ...]
    process: SpawnProcess | None = None
    ready: Connection | None = None
    restart_at: float | None = 0.0
    after: Child | None = None
    _failures: int = 0
    _started: float = 0.0
    _lifeline: Connection | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Number of the process, None while there is none."""
        return None if self.process is None else self.process.pid

    @property
    def is_ready(self) -> bool:
        """Whether it runs and has reported that it is ready."""
        return self.process is not None and self.ready is None

    @property
    def start_at(self) -> float | None:
        """Monotonic time at which to start it; None while it runs, or what it needs is not ready."""
        return None if self.after is not None and not self.after.is_ready else self.restart_at

    def start(self, now: float) -> None:
        """Start the process."""
        self.ready, report = _SPAWN.Pipe(duplex=False)
        parent, self._lifeline = _SPAWN.Pipe(duplex=False)
        self.process = _SPAWN.Process(target=self.target, args=(*self.args, report, parent), name=self.name)
        self.process.start()
        report.close()
        parent.close()
        self._started, self.restart_at = now, None

    def ended(self, now: float) -> int:
        """Note that the process has ended and when to start it again; return its exit code.

        The delay doubles from 0.2 s to 10 s; half a minute without an end counts as steady and starts it over.
        """
        assert self.process is not None  # noqa: S101 - the caller waited for this process
        self.process.join()  # its pipe ends a moment before the process does
        code = self.process.exitcode
        self._failures = 1 if now - self._started >= STEADY_S else self._failures + 1
        self.restart_at = now + min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (self._failures - 1))
        self._release()
        return -1 if code is None else code

    def told_ready(self) -> bool:
        """Take the report of readiness; False where the process ended instead of reporting."""
        assert self.ready is not None  # noqa: S101 - the caller waited for it
        try:
            self.ready.recv_bytes()
        except EOFError:
            return False
        else:
            return True
        finally:
            self.ready.close()
            self.ready = None

    def ask_to_end(self) -> None:
        """Ask the process to end; `stop` waits for it."""
        if self.process is not None:
            self.process.terminate()

    def stop(self, within_s: float) -> None:
        """End the process: ask, and after a while insist."""
        if self.process is None:
            return
        self.process.terminate()
        self.process.join(within_s)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self._release()

    def _release(self) -> None:
        for end in (self.ready, self._lifeline):
            if end is not None:
                end.close()
        if self.process is not None:
            self.process.close()
        self.process = self.ready = self._lifeline = None
