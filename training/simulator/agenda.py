"""What will happen next: a heap of (time, order of arrival, action, two arguments)."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from training.simulator.compiled import entry, inner
from training.simulator.venue import empty_record

WHEN, TICKET, ACTION, FIRST, SECOND = 0, 1, 2, 3, 4


class Agenda(Protocol):
    """A binary heap of rows; `state` holds its size, the next ticket and how many rows found no room."""

    rows: NDArray[np.int64]
    state: NDArray[np.int64]


_AGENDA = np.dtype([("rows", np.int64, (1 << 17, 5)), ("state", np.int64, (3,))])


def empty_agenda() -> Agenda:
    """Return an empty agenda."""
    return cast("Agenda", empty_record(_AGENDA))


@inner
def _earlier(rows: NDArray[np.int64], i: int, j: int) -> bool:
    if rows[i, WHEN] != rows[j, WHEN]:
        return bool(rows[i, WHEN] < rows[j, WHEN])
    return bool(rows[i, TICKET] < rows[j, TICKET])


@inner
def _swap(rows: NDArray[np.int64], i: int, j: int) -> None:
    for column in range(5):
        rows[i, column], rows[j, column] = rows[j, column], rows[i, column]


@entry
def push(agenda: Agenda, when: int, action: int, first: int, second: int) -> None:
    """Put an action on the agenda; equal times keep the order in which they were put."""
    rows, state = agenda.rows, agenda.state
    if state[0] >= len(rows):
        state[2] += 1
        return
    i = state[0]
    rows[i, WHEN], rows[i, TICKET], rows[i, ACTION], rows[i, FIRST], rows[i, SECOND] = (
        when,
        state[1],
        action,
        first,
        second,
    )
    state[0] += 1
    state[1] += 1
    while i > 0 and _earlier(rows, i, (i - 1) // 2):
        _swap(rows, i, (i - 1) // 2)
        i = (i - 1) // 2


@inner
def pop(agenda: Agenda) -> None:
    """Take the earliest row away (it is row 0; read it first)."""
    rows, state = agenda.rows, agenda.state
    state[0] -= 1
    size = state[0]
    for column in range(5):
        rows[0, column] = rows[size, column]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            return
        if child + 1 < size and _earlier(rows, child + 1, child):
            child += 1
        if not _earlier(rows, child, i):
            return
        _swap(rows, i, child)
        i = child
