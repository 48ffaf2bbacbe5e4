"""The intake: a bounded queue before the engine, emptied as a whole, so that those who wait share one write to disk.

No batch waits for others to come: what arrives while the engine is at work goes together into the next write.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from serving.engine.engine import Answer, Engine
from serving.engine.wire import Ack, Batch
from serving.errors import EngineBusyError

_LEAST_RETRY_S, _MOST_RETRY_S = 1.0, 60.0


@dataclass
class _Waiting:
    batch: Batch
    arrived: float
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    """None once done: the engine failed."""


class Intake:
    """Hands batches to the engine in order of arrival.

    Args:
        engine: Who takes them.
        most_bytes: Bytes of batches that may wait; one alone may be larger.
        most_batches: Batches that may wait.
        monotonic: Clock, s.
    """

    def __init__(
        self, engine: Engine, most_bytes: int, most_batches: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._most = (most_bytes, most_batches)
        self._monotonic = monotonic
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._rate = 0.0
        self._changed = threading.Condition()
        self._closing = False
        self._worker = threading.Thread(target=self._work, name="engine-intake", daemon=True)
        self._worker.start()

    def submit(self, batch: Batch) -> Ack:
        """Take a batch and return when it is on disk.

        Raises:
            EngineBusyError: Too much waits already; nothing of it is kept.
            RuntimeError: The engine failed in a way that its process must not survive.
            StoreError: It could not be written; nothing of it is kept.
            TapewatchError: It could not be taken; nothing of it is kept.
        """
        waiting = _Waiting(batch, self._monotonic())
        with self._changed:
            full = self._bytes + batch.size > self._most[0] or len(self._queue) >= self._most[1]
            if self._closing or (full and self._queue):
                raise EngineBusyError(self._retry_after_s())
            self._queue.append(waiting)
            self._bytes += batch.size
            self._changed.notify_all()
        waiting.done.wait()
        if isinstance(waiting.answer, Ack):
            return waiting.answer
        raise waiting.answer or RuntimeError(
            "the engine failed; whether it took the batch is for its next process to know"
        )

    def close(self) -> None:
        """Take what waits, then nothing more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._worker.join()

    def _retry_after_s(self) -> float:
        # How long what waits will take, as fast as it went lately.
        wait_s = self._bytes / self._rate if self._rate else _LEAST_RETRY_S
        return float(min(max(round(wait_s, 1), _LEAST_RETRY_S), _MOST_RETRY_S))

    def _work(self) -> None:
        while group := self._next_group():
            began, size = self._monotonic(), sum(waiting.batch.size for waiting in group)
            handed = self._engine.handed
            try:
                answers = self._engine.submit_all([waiting.batch for waiting in group])
            except BaseException:
                # The state may be half changed. Only a new process, from the journal, is surely right.
                self._let_go(group)
                raise
            now = self._monotonic()
            self._rate = size / max(now - began, 1e-3)
            for waiting, answer in zip(group, answers, strict=True):
                if self._engine.handed > handed:
                    self._engine.stored.note(now - waiting.arrived)
                waiting.answer = answer
                waiting.done.set()

    def _next_group(self) -> list[_Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            group = list(self._queue)
            self._queue.clear()
            self._bytes = 0
        return group

    def _let_go(self, group: list[_Waiting]) -> None:
        with self._changed:
            self._closing = True
            left = [*group, *self._queue]
            self._queue.clear()
        for waiting in left:
            waiting.done.set()
