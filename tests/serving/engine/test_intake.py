from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.errors import StoreError
from serving.engine.engine import Answer
from serving.engine.intake import Intake
from serving.engine.wire import Ack, Batch
from serving.errors import EngineBusyError


class Slow:
    """An engine that works when it is let."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.begun = threading.Semaphore(0)
        self.may_go = threading.Semaphore(0)
        self.fails = False
        self.handed = 0

    def submit_all(self, batches: Sequence[Batch]) -> list[Answer]:
        self.groups.append(len(batches))
        self.begun.release()
        assert self.may_go.acquire(timeout=10)
        if self.fails:
            raise ZeroDivisionError
        return [StoreError("no") if batch.key == "bad" else Ack(len(batch.key or ""), 0, 0) for batch in batches]


def intake(engine: Slow, most_bytes: int = 100, most_batches: int = 3) -> Intake:
    return Intake(engine, most_bytes, most_batches)  # type: ignore[arg-type] # all that it asks of an engine


def waiting(queue: Intake, batches: int) -> None:
    with queue._changed:
        assert queue._changed.wait_for(lambda: len(queue._queue) == batches, timeout=10)


def test_intake_while_the_engine_works_gathers_what_comes_into_one_group() -> None:
    engine = Slow()
    queue = intake(engine)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(queue.submit, Batch(key="a"))
        assert engine.begun.acquire(timeout=10)
        rest = [pool.submit(queue.submit, Batch(key=key)) for key in ("bb", "bad", "dddd")]
        waiting(queue, 3)
        engine.may_go.release(2)
        assert first.result(10) == Ack(1, 0, 0)
        assert rest[0].result(10) == Ack(2, 0, 0)
        with pytest.raises(StoreError, match="no"):
            rest[1].result(10)
        assert rest[2].result(10) == Ack(4, 0, 0)
    assert engine.groups == [1, 3]
    queue.close()


@pytest.mark.parametrize(("most_bytes", "most_batches"), [(10, 100), (100, 1)])
def test_intake_that_is_full_says_when_to_come_back(most_bytes: int, most_batches: int) -> None:
    engine = Slow()
    queue = intake(engine, most_bytes, most_batches)
    with ThreadPoolExecutor(2) as pool:
        taken = [pool.submit(queue.submit, Batch(trades=b"x" * 8))]
        assert engine.begun.acquire(timeout=10)
        taken.append(pool.submit(queue.submit, Batch(trades=b"x" * 8)))
        waiting(queue, 1)
        with pytest.raises(EngineBusyError, match="send again in 1 s"):
            queue.submit(Batch(trades=b"x" * 8))
        engine.may_go.release(2)
        assert [one.result(10) for one in taken] == [Ack(0, 0, 0)] * 2
    queue.close()


def test_intake_takes_one_batch_that_is_larger_than_the_queue() -> None:
    engine = Slow()
    queue = intake(engine, most_bytes=1)
    engine.may_go.release()
    assert queue.submit(Batch(key="k", trades=b"x" * 8)) == Ack(1, 0, 0)
    queue.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_intake_of_an_engine_that_failed_answers_nobody_and_takes_nothing_more() -> None:
    engine = Slow()
    engine.fails = True
    queue = intake(engine)
    engine.may_go.release()
    with pytest.raises(RuntimeError, match="for its next process to know"):
        queue.submit(Batch(key="a"))
    with pytest.raises(EngineBusyError):
        queue.submit(Batch(key="a"))
    queue.close()


def test_intake_that_closes_takes_what_waits() -> None:
    engine = Slow()
    queue = intake(engine)
    with ThreadPoolExecutor(2) as pool:
        taken = [pool.submit(queue.submit, Batch(key="a"))]
        assert engine.begun.acquire(timeout=10)
        taken.append(pool.submit(queue.submit, Batch(key="bb")))
        waiting(queue, 1)
        engine.may_go.release(2)
        queue.close()
        assert [one.result(10) for one in taken] == [Ack(1, 0, 0), Ack(2, 0, 0)]
