"""Sweeps: what reads a market's events one by one and finds episodes of one kind."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.direct import Direct
from features.ledger import Ledger, room
from features.ledger import with_room as ledger_with_room
from features.saved_state import Arrays, from_arrays, to_arrays
from features.seen import Seen

MOST_MEMBERS = 8
_FIRST_ROOM = 32
_LEAST_KEYS = 8
"""Free keys of a ledger that a kernel may count on for one event."""


class Out(NamedTuple):
    """Where a kernel writes episodes, shape (capacity, …); `filled` says how many there are, shape (1,)."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    side: NDArray[np.int8]
    members: NDArray[np.int32]
    figures: NDArray[np.float64]
    filled: NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """Episodes as a sweep found them, shape (n,) each.

    Attributes:
        start: When each began, ns.
        end: When it was complete, ns.
        side: +1 buy, -1 sell, 0 neither.
        members: Entities it is about, the subject first, -1 where there are no more, shape (n, 8).
        figures: What was measured, columns as the sweep's `figures`, shape (n, n_figures).
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    side: NDArray[np.int8]
    members: NDArray[np.int32]
    figures: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.end)

    def take(self, which: NDArray[Any] | slice) -> Found:
        """Return the given ones."""
        return Found(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    def then(self, later: Found) -> Found:
        """Return these and later ones."""
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(later, f.name)]) for f in fields(self)}
        return Found(**both)


def new_out(n_figures: int, capacity: int = _FIRST_ROOM) -> Out:
    """Return room for episodes."""
    return Out(
        np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int8),
        np.full((capacity, MOST_MEMBERS), -1, np.int32), np.full((capacity, n_figures), np.nan), np.zeros(1, np.int64),
    )  # fmt: skip


@cache
def nothing_found(n_figures: int) -> Found:
    """Return no episodes, always the same ones."""
    return written(new_out(n_figures, 0))


def together(parts: Sequence[Found], n_figures: int) -> Found:
    """Return the episodes of all parts, in their order."""
    found = [part for part in parts if len(part)]
    if len(found) < 2:
        return found[0] if found else nothing_found(n_figures)
    return Found(**{f.name: np.concatenate([getattr(part, f.name) for part in found]) for f in fields(Found)})


def written(out: Out) -> Found:
    """Return what a kernel wrote."""
    n = int(out.filled[0])
    return Found(out.start[:n], out.end[:n], out.side[:n], out.members[:n], out.figures[:n])


class _Scratch(threading.local):
    """Room for episodes by number of figures, used again and again: most buckets hold none."""

    def __init__(self) -> None:
        self.outs: dict[int, Out] = {}


_SCRATCH = _Scratch()


def _scratch(n_figures: int) -> Out:
    if n_figures not in _SCRATCH.outs:
        _SCRATCH.outs[n_figures] = new_out(n_figures)
    if _SCRATCH.outs[n_figures].filled[0]:  # a kernel failed
        _emptied(_SCRATCH.outs[n_figures])
    return _SCRATCH.outs[n_figures]


def _emptied(out: Out) -> Found:
    """Return what a kernel wrote, and leave the room as it was before."""
    found = written(out)
    kept = found.take(np.arange(len(found)))
    found.members[:], found.figures[:] = -1, np.nan
    out.filled[0] = 0
    return kept


def _roomier(out: Out) -> Out:
    fresh, n = new_out(out.figures.shape[1], 2 * len(out.end)), int(out.filled[0])
    for name in ("start", "end", "side", "members", "figures"):
        getattr(fresh, name)[:n] = getattr(out, name)[:n]
    fresh.filled[0] = n
    return fresh


@nb.njit(cache=True)
def write(out: Out, start: int, end: int, side: int, entity: int) -> int:
    """Write an episode and return its row, in which figures and further members remain to be filled."""
    at = out.filled[0]
    out.start[at], out.end[at], out.side[at], out.members[at, 0] = start, end, side, entity
    out.filled[0] += 1
    return int(at)


@nb.njit(cache=True)
def has_room(ledger: Ledger, out: Out) -> bool:
    """Return whether an event with at most 8 new keys and 8 episodes is sure to fit."""
    return room(ledger) >= _LEAST_KEYS and len(out.end) - out.filled[0] >= _LEAST_KEYS


class Sweep(ABC):
    """Finds episodes of one kind in one market.

    What it finds never depends on how the events were cut into calls, and its state is bounded.

    Attributes:
        kind: Name of what it finds.
        figures: Names of what it measures.
        scale: Rows on which its episodes count, "fast", "market" or, its subject's own, "account".
        about_named: Whether events leave it as it is until the first that names somebody; until then it is not asked.
    """

    kind: ClassVar[str]
    figures: ClassVar[tuple[str, ...]]
    scale: ClassVar[str] = "fast"
    about_named: ClassVar[bool] = False

    @abstractmethod
    def fold(self, seen: Seen) -> Found:
        """Take the next events; return what they completed."""

    def advance(self, until_ns: int) -> Found:  # noqa: ARG002 -- for those that time alone completes
        """Let time pass, before which no further event will come; `2**62` says that the tape is over."""
        return nothing_found(len(self.figures))

    @abstractmethod
    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""

    @abstractmethod
    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""


class KernelSweep(Sweep):
    """A sweep whose state is a named tuple with a ledger, and whose work is a kernel.

    Attributes:
        horizon_ns: Quiet after which the kernel asks the ledger to forget a key, ns.
    """

    horizon_ns: ClassVar[int]

    _fold: ClassVar[Direct]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._fold = Direct(cls.kernel)

    def __init__(self) -> None:
        self._state = self.new_state()

    @abstractmethod
    def new_state(self) -> Any:  # noqa: ANN401 -- each has a named tuple of its own
        """Return the state of a market that nothing is known of; `ledger` is its ledger."""

    @staticmethod
    @abstractmethod
    def kernel(state: Any, begin: int, seen: Seen, out: Out) -> int:  # noqa: ANN401 -- as above
        """Fold events from number `begin`; return the number of the first that found no room (see `has_room`)."""

    def fold(self, seen: Seen) -> Found:
        """Take the next events; return what they completed."""
        out, done = _scratch(len(self.figures)), 0
        while (done := self._fold(self._state, done, seen, out)) < len(seen.time):
            if len(out.end) - out.filled[0] < _LEAST_KEYS:
                out = _SCRATCH.outs[len(self.figures)] = _roomier(out)
            if room(self._state.ledger) < _LEAST_KEYS:
                ledger = ledger_with_room(self._state.ledger, int(seen.time[done]), self.horizon_ns, _LEAST_KEYS)
                self._state = self._state._replace(ledger=ledger)
        return _emptied(out) if out.filled[0] else nothing_found(len(self.figures))

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        return to_arrays(self._state)

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        self._state = from_arrays(self._state, arrays)
