"""Replaying: a recorded tape in pieces of event time, sent at its own pace or at a multiple of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.cells import flat
from features.readers import Tape
from features.schema import TIME

PARTS = ("orders", "books", "trades")
_LONGEST_NAP_S = 0.25


@dataclass(frozen=True)
class Piece:
    """The events of a stretch of time.

    Attributes:
        end_ns: End of the stretch, ns UTC.
        tables: Canonical tables by part, only those with rows.
    """

    end_ns: int
    tables: dict[str, pa.Table]

    @property
    def rows(self) -> int:
        """Events in it."""
        return sum(table.num_rows for table in self.tables.values())


def in_time_order(tape: Tape) -> Tape:
    """Return a tape with its events in order of time, those of one time as they were."""
    return replace(tape, **{part: _sorted(table) for part in PARTS if (table := getattr(tape, part)) is not None})


def shifted(tape: Tape, by_ns: int) -> Tape:
    """Return a tape as if it had been recorded that much later."""

    def later(table: pa.Table) -> pa.Table:
        moved = pa.array(_times(table) + by_ns, TIME)
        return table.set_column(table.column_names.index("timestamp"), "timestamp", moved)

    timed = {f.name: getattr(tape, f.name) for f in fields(tape)}
    return replace(
        tape,
        **{name: later(table) for name, table in timed.items() if isinstance(table, pa.Table) and name != "accounts"},
    )


def span_of(tape: Tape) -> tuple[int, int]:
    """Return the times of the first and the last event, ns UTC; the tape is in time order and has one."""
    times = [_times(table) for part in PARTS if (table := getattr(tape, part)) is not None and table.num_rows]
    return min(int(mine[0]) for mine in times), max(int(mine[-1]) for mine in times)


def pieces(tape: Tape, span_ns: int) -> Iterator[Piece]:
    """Yield the events of a tape in time order by stretches of `span_ns`, without the empty ones.

    Args:
        tape: A tape in time order.
        span_ns: Length of a stretch. Where the parts of one are not taken together it must not exceed the allowed
            lateness, for the first of them lets time pass in the market.
    """
    times = {part: _times(table) for part in PARTS if (table := getattr(tape, part)) is not None}
    first, _ = span_of(tape)
    numbers = np.unique(np.concatenate([(mine - first) // span_ns for mine in times.values()]))
    done = dict.fromkeys(times, 0)
    for number in numbers.tolist():
        end, tables = first + (number + 1) * span_ns, {}
        for part, mine in times.items():
            stop = int(np.searchsorted(mine, end))
            if stop > done[part]:
                tables[part] = getattr(tape, part).slice(done[part], stop - done[part])
                done[part] = stop
        yield Piece(end, tables)


def paced(
    parts: Iterator[Piece], first_ns: int, speed: float, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[Piece]:
    """Yield pieces when they are due.

    Args:
        parts: The pieces.
        first_ns: When the tape begins, ns UTC.
        speed: Multiple of the tape's own pace, > 0; infinity waits for nothing.
        monotonic: Clock, s.
        sleep: Waits so many seconds.
    """
    began = monotonic()
    for piece in parts:
        due = began if math.isinf(speed) else began + (piece.end_ns - first_ns) / 1e9 / speed
        while (left_s := due - monotonic()) > 0:
            sleep(min(left_s, _LONGEST_NAP_S))
        yield piece


def markets_of(tape: Tape) -> list[tuple[str, str]]:
    """Return venue and symbol of every market on a tape, sorted."""
    found: set[tuple[str, str]] = set()
    for part in PARTS:
        table = getattr(tape, part)
        if table is not None:
            names = pa.table({name: flat(table[name]).cast(pa.string()) for name in ("venue", "symbol")})
            found |= {
                (row["venue"], row["symbol"]) for row in names.group_by(["venue", "symbol"]).aggregate([]).to_pylist()
            }
    return sorted(found)


def _sorted(table: pa.Table) -> pa.Table:
    times = _times(table)
    if (times[1:] >= times[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(times, kind="stable")))


def _times(table: pa.Table) -> NDArray[np.int64]:
    times: NDArray[np.int64] = flat(pc.cast(table["timestamp"], pa.int64())).to_numpy()
    return times
