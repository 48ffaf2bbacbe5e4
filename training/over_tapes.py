"""One job a tape, two at a time: what benchmarks do to datasets of many tapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pandas as pd
from joblib import Parallel, delayed

from features.readers import Dataset
from training.hits import with_nanoseconds
from training.markets import Progress

N_JOBS = 2
Result = TypeVar("Result")


def over_tapes(
    dataset: Dataset, job: Callable[[Path, pd.DataFrame], Result], progress: Progress | None = None
) -> Iterator[Result]:
    """Yield what a job makes of each tape, in their order, in two processes.

    Args:
        dataset: Tapes and labels.
        job: Takes the path of a tape and all labels with nanoseconds; it must be possible to pickle it.
        progress: Called with (tapes done, tapes in all).
    """
    labels = with_nanoseconds(dataset.labels)
    jobs = (delayed(job)(tape, labels) for tape in dataset.tapes)
    for done, result in enumerate(Parallel(n_jobs=N_JOBS, return_as="generator")(jobs), start=1):
        if progress:
            progress(done, len(dataset.tapes))
        yield result
