"""What will happen next: a heap of (time, order of arrival, action, three arguments)."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from training.simulator.compiled import inner
from training.simulator.exchange.records import empty_record

WHEN, TICKET, ACTION, FIRST, SECOND, THIRD = range(6)
SIZE, NEXT_TICKET = 0, 1
_WIDTH, _ROOM = 6, 1 << 18


class Agenda(Protocol):
    """A binary heap of rows; `state` holds its size and the next ticket."""

    rows: NDArray[np.int64]
    state: NDArray[np.int64]


_AGENDA = np.dtype([("rows", np.int64, (_ROOM, _WIDTH)), ("state", np.int64, (2,))])


def empty_agenda() -> Agenda:
    """Return an empty agenda."""
    return cast("Agenda", empty_record(_AGENDA))


@inner
def push(agenda: Agenda, when: int, action: int, first: int, second: int, third: int) -> None:
    """Put an action on the agenda; equal times keep the order in which they were put."""
    rows, state = agenda.rows, agenda.state
    if state[SIZE] >= len(rows):
        raise MemoryError("planned actions must fit the agenda of the simulator")
    i = state[SIZE]
    while i > 0 and when < rows[(i - 1) // 2, WHEN]:
        for column in range(_WIDTH):
            rows[i, column] = rows[(i - 1) // 2, column]
        i = (i - 1) // 2
    row = rows[i]
    row[WHEN], row[TICKET], row[ACTION], row[FIRST], row[SECOND], row[THIRD] = (
        when, state[NEXT_TICKET], action, first, second, third,
    )  # fmt: skip
    state[SIZE] += 1
    state[NEXT_TICKET] += 1


@inner
def pop(agenda: Agenda) -> None:
    """Take the earliest row away (it is row 0; read it first)."""
    rows, state = agenda.rows, agenda.state
    state[SIZE] -= 1
    size, i = state[SIZE], 0
    last = rows[size]
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and _earlier(rows[child + 1], rows[child]):
            child += 1
        if not _earlier(rows[child], last):
            break
        for column in range(_WIDTH):
            rows[i, column] = rows[child, column]
        i = child
    for column in range(_WIDTH):
        rows[i, column] = last[column]


@inner
def _earlier(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    if one[WHEN] != other[WHEN]:
        return bool(one[WHEN] < other[WHEN])
    return bool(one[TICKET] < other[TICKET])
