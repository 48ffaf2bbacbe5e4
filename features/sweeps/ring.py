"""Rings: one entity, a pair, or a few, that trade mostly among themselves and end where they began.

The second stage over a market's trades: closed minutes are summed into flows between entities, and after every minute
the rings among those that met lately are looked for in the last 10, 20 and 60 minutes; after every hour in the last
day and week. Short windows see what hides among hours of honest trading, long ones what happens once an hour.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.arranged import Arrivals, new_arrivals, note_arrivals
from features.chance import binomial_digits, both_digits, choice_digits, poisson_digits
from features.direct import Direct
from features.events import TRADE
from features.flows import NOBODY, Flows, flows_of_trades, joined, no_flows, summed, taken
from features.rings import Demands, Rings, Searched, find_rings
from features.saved_state import Arrays, from_arrays, to_arrays
from features.seen import Seen
from features.sweeps.base import Found, Sweep, nothing_found, together
from features.time_units import MINUTE_NS

MINUTES, HOUR, DAY = (10, 20, 60), 60, 1_440
LATELY = 2
"""Minutes in which a ring must have met to be looked at (again)."""
OFTEN = 8
"""Meetings within an hour, or a day, by which it can be judged without a longer window."""
MOST_PAIRS = 1 << 16
"""Pairs that are remembered of an hour, and of a day."""
ASKED = Demands(share=0.4, open_share=0.2, legs=2.0, wander=1.0, meets=3)
FIGURES = (
    "window_min", "size", "share", "open_ratio", "meetings", "expected", "surprise", "arranged", "usual_arranged",
    "volume_share", "outsiders",
)  # fmt: skip


_NOTE_ARRIVALS = Direct(note_arrivals)


class RingSweep(Sweep):
    """Sums trades into flows, and looks for rings among them whenever a minute or an hour has closed."""

    kind: ClassVar[str] = "ring"
    scale: ClassVar[str] = "market"
    figures: ClassVar[tuple[str, ...]] = FIGURES

    def __init__(self) -> None:
        self._arrivals: Arrivals = new_arrivals()
        self._open = np.empty((0, 5), np.int64)
        self._latest = 0
        self._parts: dict[int, list[tuple[int, Flows]]] = {1: [], HOUR: [], DAY: []}

    def fold(self, seen: Seen) -> Found:
        """Take the next events; return the rings of the minutes and hours that they closed."""
        arranged = np.zeros(len(seen.time), np.bool_)
        _NOTE_ARRIVALS(self._arrivals, seen, arranged)
        traded = seen.kind == TRADE
        if not self._latest and not len(self._open):
            # Before anybody is named there is nothing to look for, and public tapes name nobody.
            named = traded & ((seen.counter >= 0) | (seen.entity >= 0))
            if not named.any():
                return nothing_found(len(FIGURES))
            traded[: np.argmax(named)] = False
        rows = np.flatnonzero(traded)
        columns = (seen.time, seen.counter, seen.entity, seen.lots, arranged)
        trades = np.stack([column[rows].astype(np.int64) for column in columns], axis=1)
        found = []
        minutes = trades[:, 0] // MINUTE_NS
        for part in np.split(trades, np.flatnonzero(np.diff(minutes)) + 1):
            if len(part):
                found.append(self.advance(int(part[0, 0]) // MINUTE_NS * MINUTE_NS))
                self._open = np.concatenate([self._open, part])
        if len(seen.time):
            found.append(self.advance(int(seen.time[-1]) // MINUTE_NS * MINUTE_NS))
        return together(found, len(FIGURES))

    def advance(self, until_ns: int) -> Found:
        """Close the open minute, hour and day if they end by then."""
        found = []
        until = until_ns // MINUTE_NS
        if len(self._open):
            minute = int(self._open[0, 0]) // MINUTE_NS
            if minute < until:
                found.append(self._close_minute(minute))
        if self._parts[1] and self._parts[1][-1][0] // HOUR < until // HOUR:
            found.append(self._close_hour(self._parts[1][-1][0] // HOUR))
        return together(found, len(FIGURES))

    def _close_minute(self, minute: int) -> Found:
        time, seller, buyer, lots, arranged = self._open.T
        self._latest = int(time[-1])
        minutes = self._parts[1]
        minutes.append((minute, flows_of_trades(time, seller, buyer, lots, arranged)))
        self._open = self._open[:0]
        while minutes[0][0] <= minute - HOUR:
            minutes.pop(0)
        # A window in which the shorter one holds all has nothing to add.
        spans = [
            span for span, shorter in zip(MINUTES, (0, *MINUTES), strict=False) if minutes[0][0] <= minute - shorter
        ]
        return together([self._look(minutes, minute, span, minute - LATELY) for span in spans], len(FIGURES))

    def _close_hour(self, hour: int) -> Found:
        hours, days = self._parts[HOUR], self._parts[DAY]
        if hours and hours[-1][0] == hour:
            return nothing_found(len(FIGURES))
        first = hour * HOUR
        now = summed(joined([part for minute, part in self._parts[1] if minute >= first]))
        hours.append((hour, thinned(now, MOST_PAIRS)))
        while hours[0][0] <= hour - 24:
            hours.pop(0)
        found = [self._look(hours, hour, 24, hour - 1, HOUR)]
        self._close_day(hour)
        week = [*days, *((h, part) for h, part in hours if not days or h > days[-1][0])]
        if days:
            found.append(self._look(week, hour, 168, hour - 1, HOUR))
        return together(found, len(FIGURES))

    def _close_day(self, hour: int) -> None:
        # A day is remembered by its last hour; hours come in order.
        hours, days = self._parts[HOUR], self._parts[DAY]
        last = days[-1][0] if days else -1
        whole = [(h, part) for h, part in hours if last < h <= (hour // 24) * 24 - 1]
        for day in sorted({h // 24 for h, _ in whole}):
            parts = [part for h, part in whole if h // 24 == day]
            days.append((day * 24 + 23, thinned(summed(joined(parts)), MOST_PAIRS)))
        while days and days[0][0] <= hour - 168:
            days.pop(0)

    def _look(self, parts: list[tuple[int, Flows]], now: int, span: int, late: int, unit: int = 1) -> Found:
        """Return the rings of the last `span` parts, of those that met after part `late`."""
        held = [(number, part) for number, part in parts if number > now - span]
        flows = joined(
            [part if number > late else part._replace(recent=np.zeros_like(part.recent)) for number, part in held]
        )
        searched = find_rings(summed(flows), ASKED)
        at = np.repeat([number for number, _ in held], [len(part.first) for _, part in held])
        if unit == HOUR:
            searched = searched._replace(rings=_slow(searched.rings, flows, at))
        start = [_first_meeting(flows, at, members) for members in searched.rings.members]
        return self._told(searched, np.array(start, np.int64) * unit * MINUTE_NS, span * unit)

    def _told(self, searched: Searched, start: NDArray[np.int64], window_min: int) -> Found:
        found = searched.rings
        n = len(found.inside)
        size = (found.members >= 0).sum(axis=1)
        # Others may wash at the same time: what is usual is told by those that are in no ring.
        rest = searched.meets - int(found.meets.sum())
        usual = (searched.quick - int(found.quick.sum()) + 1.0) / (max(rest, 0) + 20.0)
        surprise = np.zeros(n)
        _fill_surprise(found, size, searched.entities, min(usual, 0.5), surprise)
        # What was read ahead of the last trade of the minute must not tell.
        known = np.full(n, 1.0 if 0 < self._arrivals.first[0] <= self._latest else np.nan)
        figures: dict[str, NDArray[Any]] = {
            "window_min": np.full(n, window_min),
            "size": size,
            "share": 2.0 * found.inside / np.maximum(found.volume, 1),
            "open_ratio": found.still_open / np.maximum(found.inside, 1),
            "meetings": found.meets,
            "expected": found.expected,
            "surprise": surprise,
            "arranged": found.quick * known,
            "usual_arranged": usual * known,
            "volume_share": found.inside / max(searched.lots, 1),
            "outsiders": searched.entities - size,
        }
        columns = np.array([figures[name] for name in FIGURES], np.float64).reshape(len(FIGURES), n).T
        at, neither = np.full(n, self._latest), np.zeros(n, np.int8)
        return Found(start, at, neither, found.members.astype(np.int32), np.ascontiguousarray(columns))

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        arrays: Arrays = {"open": self._open.copy(), "latest": np.array([self._latest])}
        arrays |= to_arrays(self._arrivals, "arrivals.")
        for unit, parts in self._parts.items():
            arrays[f"{unit}.number"] = np.array([number for number, _ in parts], np.int64)
            arrays[f"{unit}.length"] = np.array([len(part.first) for _, part in parts], np.int64)
            arrays |= to_arrays(joined([part for _, part in parts]), f"{unit}.")
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        self._open, self._latest = np.asarray(arrays["open"], np.int64), int(arrays["latest"][0])
        self._arrivals = from_arrays(new_arrivals(), arrays, "arrivals.")
        for unit in self._parts:
            rows = from_arrays(no_flows(), arrays, f"{unit}.")
            length = arrays[f"{unit}.length"].astype(np.int64)
            ends = np.cumsum(length)
            begins = ends - length
            numbers = arrays[f"{unit}.number"].tolist()
            cuts = [slice(int(a), int(b)) for a, b in zip(begins, ends, strict=True)]
            self._parts[unit] = [(int(n), taken(rows, cut)) for n, cut in zip(numbers, cuts, strict=True)]


@nb.njit(cache=True)
def _fill_surprise(
    found: Rings, size: NDArray[np.int64], entities: int, usual: float, surprise: NDArray[np.float64]
) -> None:
    for i in range(len(size)):
        often = poisson_digits(found.meets[i], found.expected[i])
        arranged = binomial_digits(found.quick[i], found.meets[i], usual)
        surprise[i] = max(0.0, both_digits(often, arranged) - choice_digits(size[i], entities))


def _slow(rings: Rings, flows: Flows, at: NDArray[np.int64]) -> Rings:
    # What met often enough within one part to be judged by that is left to the shorter windows.
    kept = np.zeros(len(rings.meets), np.bool_)
    for number, members in enumerate(rings.members):
        together = _among(flows, members)
        kept[number] = np.bincount(at[together] - at[0], flows.meets[together]).max() < OFTEN
    return Rings._make(column[kept] for column in rings)


def _among(flows: Flows, members: NDArray[np.int64]) -> NDArray[np.bool_]:
    known = members[members >= 0]
    return np.isin(flows.first, known) & np.isin(flows.second, known)


def _first_meeting(flows: Flows, at: NDArray[np.int64], members: NDArray[np.int64]) -> int:
    return int(at[np.argmax(_among(flows, members))])


def thinned(flows: Flows, most: int) -> Flows:
    """Return flows of at most about `most` pairs; the least of the others count as trades with nobody known.

    Args:
        flows: One row a pair.
        most: Pairs to keep, those that met most often first, and of equals those that traded most.
    """
    if len(flows.first) <= most:
        return flows
    keep = np.zeros(len(flows.first), np.bool_)
    keep[np.lexsort((-flows.lots, -flows.meets))[:most]] = True
    rest = taken(flows, ~keep)
    nobody = np.full(len(rest.first), NOBODY)
    halves = [rest._replace(second=nobody), rest._replace(first=nobody)]
    return joined([taken(flows, keep), summed(joined(halves))])
