"""The account grain: one pass over what was seen, one row for every entity that acted in a fine bucket.

Figures are whole numbers, kept exactly over trailing windows (see `shares`): 5 minutes of fine buckets, and the market
scale's window.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import account_state as st
from features import counterparties as cp
from features import shares as sh
from features.account_catalogue import ACCOUNT_FEATURES
from features.account_events import note_order, note_trade
from features.account_row import account_row
from features.account_state import Accounts, new_accounts, room_left, with_room
from features.direct import Direct
from features.events import TRADE
from features.saved_state import Arrays, from_arrays, to_arrays
from features.seen import Seen

WINDOW_NS = 300_000_000_000
_NEVER = -(1 << 62)


class AccountOut(NamedTuple):
    """Rows as they are written, shape (capacity, …); `filled` says how many, shape (1,)."""

    values: NDArray[np.float64]
    end: NDArray[np.int64]
    entity: NDArray[np.int32]
    filled: NDArray[np.int64]


def _new_out(rows: int) -> AccountOut:
    values = np.empty((rows, len(ACCOUNT_FEATURES)))
    return AccountOut(values, np.empty(rows, np.int64), np.empty(rows, np.int32), np.zeros(1, np.int64))


@nb.njit(cache=True)
def _close_fine(s: Accounts, out: AccountOut) -> None:
    bucket, spans = s.marks[st.OPEN], s.spans
    touched = sh.n_touched(s.sums)
    sh.expire(s.hour, s.marks[st.OPEN_HOUR] - spans[st.HOUR_BUCKETS])
    sh.pour(s.sums, s.hour)
    cp.close(s.met, s.slots, bucket, spans[st.FINE_BUCKETS])
    sh.close(s.sums, bucket, spans[st.FINE_BUCKETS])
    for k in range(touched):
        slot = s.sums.touched[k]
        if slot > 0:
            at = out.filled[0]
            account_row(out.values[at], s, slot, bucket)
            out.end[at], out.entity[at] = (bucket + 1) * spans[st.FINE_NS], s.slots.keys[slot]
            out.filled[0] += 1
        s.peaks[slot, :] = 0.0
    s.marks[st.OPEN] = -1


@nb.njit(cache=True)
def _close_until(s: Accounts, until: int, out: AccountOut) -> None:
    marks, spans = s.marks, s.spans
    if marks[st.OPEN] >= 0 and (marks[st.OPEN] + 1) * spans[st.FINE_NS] <= until:
        _close_fine(s, out)
    if marks[st.OPEN_HOUR] >= 0 and (marks[st.OPEN_HOUR] + 1) * spans[st.HOUR_NS] <= until:
        sh.close(s.hour, marks[st.OPEN_HOUR], spans[st.HOUR_BUCKETS])
        marks[st.OPEN_HOUR] = -1


@nb.njit(cache=True)
def _open(s: Accounts, time: int) -> int:
    # Returns when the fine bucket ends; the coarse one never ends before it.
    marks, spans = s.marks, s.spans
    marks[st.OPEN], marks[st.OPEN_HOUR] = time // spans[st.FINE_NS], time // spans[st.HOUR_NS]
    if marks[st.FIRST] < 0:
        marks[st.FIRST] = marks[st.OPEN]
    return int((marks[st.OPEN] + 1) * spans[st.FINE_NS])


@nb.njit(cache=True)
def _fold(s: Accounts, begin: int, seen: Seen, out: AccountOut) -> int:
    closes, room = _NEVER, 0
    for i in range(begin, len(seen.time)):
        if seen.time[i] >= closes:
            _close_until(s, seen.time[i], out)
            closes = _open(s, seen.time[i])
        room = room - 1 if room > 0 else room_left(s) - 1
        if room < 0:
            return i
        if seen.kind[i] == TRADE:
            note_trade(s, i, seen)
        else:
            note_order(s, i, seen)
        s.latest[st.SIGMA] = seen.sigma[i]
        s.latest[st.BID_DEPTH], s.latest[st.ASK_DEPTH] = seen.bid_depth[i], seen.ask_depth[i]
    return len(seen.time)


_FOLD, _CLOSE_UNTIL = Direct(_fold), Direct(_close_until)


class AccountFold:
    """The entities of one market, from event to event.

    Args:
        fine_ns: Length of the fine buckets, ns.
        market_ns: Length of the market scale's buckets, ns.
        market_buckets: Length of its window, buckets.
    """

    def __init__(self, fine_ns: int, market_ns: int, market_buckets: int) -> None:
        self._state = new_accounts(fine_ns, max(1, WINDOW_NS // fine_ns), market_ns, market_buckets)

    def fold(self, seen: Seen) -> AccountOut:
        """Take the next events; return the rows of the buckets that they closed."""
        # An event closes the row of each entity before it at most once, and names two.
        out, done = _new_out(int(sh.n_touched(self._state.sums)) + 2 * len(seen.time)), 0
        while (done := _FOLD(self._state, done, seen, out)) < len(seen.time):
            self._state = with_room(self._state)
        return _trimmed(out)

    def advance(self, until_ns: int) -> AccountOut:
        """Close the buckets that end at or before a time, which no later event will precede."""
        out = _new_out(int(sh.n_touched(self._state.sums)))
        _CLOSE_UNTIL(self._state, until_ns, out)
        return _trimmed(out)

    def snapshot(self) -> Arrays:
        """Return the whole state as arrays by name."""
        return to_arrays(self._state)

    def restore(self, arrays: Arrays) -> None:
        """Continue from a snapshot."""
        self._state = from_arrays(self._state, arrays)


def _trimmed(out: AccountOut) -> AccountOut:
    n = int(out.filled[0])
    return AccountOut(out.values[:n].copy(), out.end[:n], out.entity[:n], out.filled)
