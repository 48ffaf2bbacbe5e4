from __future__ import annotations

import os
import time
from functools import partial

import pytest

from features.errors import BundleError, ParameterError, RegistryError, TapeError, TapewatchError
from serving.errors import JobFailedError, JobRefusedError, JobUnavailableError, JournalDamagedError
from serving.jobs import Jobs


def fail(kind: type[TapewatchError]) -> None:
    message = "the tape must be readable, was not"
    raise kind(message)


@pytest.mark.slow
def test_job_runs_in_a_process_of_its_own_and_returns_its_result() -> None:
    assert Jobs(60.0).run(os.getpid) != os.getpid()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raised", "told"),
    [(TapeError, JobRefusedError), (ParameterError, JobRefusedError), (BundleError, JobFailedError),
     (JournalDamagedError, JobFailedError), (RegistryError, JobFailedError)],
)  # fmt: skip
def test_job_that_cannot_be_done_says_why_and_whose_fault_it_is(
    raised: type[TapewatchError], told: type[TapewatchError]
) -> None:
    with pytest.raises(told, match="the tape must be readable, was not"):
        Jobs(60.0).run(partial(fail, raised))


@pytest.mark.slow
def test_job_that_dies_is_a_failure_and_the_next_one_runs() -> None:
    jobs = Jobs(60.0)
    with pytest.raises(JobFailedError):
        jobs.run(partial(os._exit, 3))
    assert jobs.run(partial(sum, (1, 2))) == 3


def test_job_that_takes_too_long_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(JobUnavailableError, match=r"within 0\.2 s"):
        Jobs(0.2).run(partial(time.sleep, 60))
    assert time.monotonic() - begin < 30
