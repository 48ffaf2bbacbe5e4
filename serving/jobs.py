"""Long work for a request in a process of its own, so that neither the event loop nor other requests wait for it."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar, cast

from features.errors import ParameterError, TapeError, TapewatchError
from serving.errors import JobFailedError, JobRefusedError, JobUnavailableError, RequestError

ASKED_WRONGLY = (RequestError, ParameterError, TapeError)
"""What a request can be at fault for: the tapes and values it names. A damaged bundle or journal is none of these."""
_SPAWN = multiprocessing.get_context("spawn")
_STOP_S = 2.0
Result = TypeVar("Result")


class Jobs:
    """Runs one job at a time.

    Args:
        within_s: How long a job may take, its start included; also how long one waits for another.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._turn = threading.Lock()

    def run(self, work: Callable[[], Result]) -> Result:
        """Return what a function returns that a new process runs; it and its result are pickled.

        Raises:
            JobRefusedError: What it was asked for cannot be done; the text is the function's own.
            JobUnavailableError: Another job takes too long, or this one does, and was ended.
            JobFailedError: The process ended without a result, or what it needs of the server cannot be had.
        """
        if not self._turn.acquire(timeout=self._within_s):
            raise JobUnavailableError(f"a job must end within {self._within_s:g} s, was waiting for another one")
        try:
            return self._run(work)
        finally:
            self._turn.release()

    def _run(self, work: Callable[[], Result]) -> Result:
        told, tell = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(target=_work, args=(tell, work), name="job", daemon=True)
        process.start()
        tell.close()
        try:
            if not told.poll(self._within_s):
                raise JobUnavailableError(f"a job must end within {self._within_s:g} s, was not done by then")
            failed, result = told.recv()
        except EOFError as error:
            raise JobFailedError("a job must end with a result; its process ended without, see the log") from error
        finally:
            told.close()
            process.join(_STOP_S)
            if process.exitcode is None:
                process.kill()
                process.join()
            process.close()
        if failed is not None:
            raise failed
        return cast("Result", result)


def _work(tell: Connection, work: Callable[[], object]) -> None:
    try:
        tell.send((None, work()))
    except ASKED_WRONGLY as error:
        tell.send((JobRefusedError(str(error)), None))
    except TapewatchError as error:
        tell.send((JobFailedError(str(error)), None))
