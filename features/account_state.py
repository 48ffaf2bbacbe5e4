"""What is carried of every entity of a market: whole figures over windows, peaks of the open bucket, orders."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import counterparties as cp
from features import shares as sh
from features.counterparties import Counterparties
from features.shares import Shares
from features.slots import Slots, free, give_slot, new_slots, rebuilt

MARKET = -1
"""Key of the market as a whole, which has figures like an entity's; always in slot 0."""
_FIRST_ROOM = 64
ROUND_NS = 4_000_000_000
"""Quiet that ends a round of fills, and time within which a cancel follows one."""

(COUNT, MESSAGES, NEWS, REPLACES, CANCELS, PLACED, PULLED, FILLED, ENDED, LIFE_US, QUICK, IMMEDIATE, SIZED, SIZE, TINY,
 QUOTED, BEHIND, INSIDE, BETTERED, CROSSED, TRADES, EITHER, BOUGHT, SOLD, SELF, KNOWN, TAKEN, DRIFT, PUSH, AFTER_FILL,
 FOLLOWED, PULL_US, ROUNDS) = range(33)  # fmt: skip
"""Figures: counts, lots, microseconds, and logs in millionths.

Own messages and their kinds; lots placed, cancelled and filled; ended orders, their lives, those of at most 1 s and of
10 ms; new orders with a known usual size, the sum of their log sizes against it, the tiny ones; prices with a known
touch, the sum of their log distances behind it, those with both sides known, that bettered it, that crossed; trades,
lots on either side, bought, sold, with itself, with known taker, taken, price changes made by own takes, the same in
the direction of the take; lots and messages cancelled after a fill on the other side, time in between, rounds so ended.
"""
N_FIGURES = 33
BURST, LARGEST, LAYERS, BAIT, REST = range(5)
"""Peaks: messages in a second, size over usual, open orders of a side, bait and rest over genuine lots."""
SECOND, IN_SECOND, ORDERS, RESTING, FILL_TIME, ROUND, BASE, GONE = 0, 1, 2, 4, 6, 8, 10, 12
"""Carried, those from ORDERS on by side (0 sell, 1 buy): second of the last message and messages in it, open orders,
lots resting, time of the last fill, lots of its round, lots that rested with it, lots cancelled on the other side."""
N_CARRIED = 14
OPEN, OPEN_HOUR, FIRST, FILLS, NAMED = range(5)
SIGMA, BID_DEPTH, ASK_DEPTH = range(3)
FINE_NS, FINE_BUCKETS, HOUR_NS, HOUR_BUCKETS = range(4)


class Accounts(NamedTuple):
    """The entities of a market.

    Attributes:
        slots: Slots of entities; the first is the market's.
        sums: Figures over the window.
        hour: Figures over the market scale's window.
        peaks: Peaks of the open bucket, shape (capacity, 5).
        carried: What an entity's next message is held against, shape (capacity, 14).
        met: Who traded with whom.
        marks: Open buckets of both scales (-1 for none), the first bucket, fill messages so far, trades that named
            orders, shape (5,).
        latest: Usual price change of a minute, lots near the best bid and ask, at the last event, shape (3,).
        spans: Length of the buckets, ns, and of the windows, buckets, of both scales, shape (4,).
    """

    slots: Slots
    sums: Shares
    hour: Shares
    peaks: NDArray[np.float64]
    carried: NDArray[np.int64]
    met: Counterparties
    marks: NDArray[np.int64]
    latest: NDArray[np.float64]
    spans: NDArray[np.int64]


def new_accounts(fine_ns: int, fine_buckets: int, hour_ns: int, hour_buckets: int) -> Accounts:
    """Return the state of a market that nothing is known of."""
    room, slots = _FIRST_ROOM, new_slots(_FIRST_ROOM)
    give_slot(slots, MARKET)
    return Accounts(
        slots=slots,
        sums=sh.new_shares(room, figures=N_FIGURES),
        hour=sh.new_shares(room, figures=N_FIGURES),
        peaks=np.zeros((room, 5)),
        carried=np.zeros((room, N_CARRIED), np.int64),
        met=cp.new_counterparties(room),
        marks=np.array([-1, -1, -1, 0, 0], np.int64),
        latest=np.full(3, np.nan),
        spans=np.array([fine_ns, fine_buckets, hour_ns, hour_buckets], np.int64),
    )


@nb.njit(cache=True)
def room_left(s: Accounts) -> int:
    """Return how many events more are sure to fit; an event names at most two entities, and the market."""
    fine = min(free(s.slots) // 2, sh.free_entries(s.sums) // 3)
    hour = (sh.free_entries(s.hour) - sh.n_touched(s.sums)) // 3
    return max(0, min(fine, hour, cp.room(s.met)))


def with_room(s: Accounts) -> Accounts:
    """Return the state with room for any next event: the dead dropped, tables doubled where that is not enough."""
    if free(s.slots) < 2:
        s = _roomier_slots(s)
    s = s._replace(met=cp.with_room(s.met))
    for name in ("sums", "hour"):
        shares, needed = getattr(s, name), 3 + (int(sh.n_touched(s.sums)) if name == "hour" else 0)
        while sh.free_entries(shares) < needed:
            shares = sh.with_more_entries(shares)
        s = s._replace(**{name: shares})
    return s


def _roomier_slots(s: Accounts) -> Accounts:
    used = int(s.slots.used[0])
    carried, now = s.carried[:used], int(s.marks[OPEN]) * int(s.spans[FINE_NS])
    live = sh.busy(s.sums, used) | sh.busy(s.hour, used)
    live |= (carried[:, ORDERS:FILL_TIME] > 0).any(axis=1)
    live |= (carried[:, FILL_TIME:ROUND] >= now - ROUND_NS).any(axis=1)
    live[0] = True
    capacity = _FIRST_ROOM
    while capacity < 4 * int(live.sum()) + 2:
        capacity *= 2
    slots, moved = rebuilt(s.slots, live, capacity)
    peaks, kept = np.zeros((capacity, s.peaks.shape[1])), np.zeros((capacity, N_CARRIED), np.int64)
    peaks[moved[live]], kept[moved[live]] = s.peaks[:used][live], carried[live]
    return s._replace(
        slots=slots, sums=sh.moved_shares(s.sums, moved, capacity), hour=sh.moved_shares(s.hour, moved, capacity),
        peaks=peaks, carried=kept, met=cp.moved_counterparties(s.met, moved, capacity),
    )  # fmt: skip
