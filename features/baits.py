"""Bait: the sweep over order lives that finds what was pulled right after a fill on the other side.

The pattern of spoofing is not a fast cancel (half of all honest orders end that way) but a sequence: orders rest on
one side, an order of the same entity fills on the other, and what rested is pulled within seconds. It is measured
against all that the entity had on the filled side, so a market maker who pulls one side of a symmetric ladder
scores about 1. Orders that were open before the tape began are unknown and ignored.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE
from features.slots import Slots, find_slot, give_slot

PULL_NS = 8_000_000_000
LEAST_RATIO = 2.0
FORGET_NS = 3_600_000_000_000
MOST_CANCELLED = 1 << 60

# Whole figures of an order. LEFT of one that has ended is minus the time it ended.
OWNER, SIDE, LEFT, SIZE, FILLED, PLACED = range(6)
# Whole figures of an entity and side: what rests there; how many runs of fills were followed by bait so far, the last
# such run and its time; lots the entity cancelled, in all and right after a fill on the other side (these six over both
# sides, at side 0); then the run of fills on it and the bait pulled after them.
(RESTING, BAITS, BAIT_RUN, BAIT_TIME, CANCELLED, AFTER_FILL, FILL_TIME, RUN_START, RUN_ORDER, GENUINE, GENUINE_FILLED,
 GENUINE_SIZE, PULLED, PULLED_ORDERS, PULLED_FILLED, FIRST_PLACED) = range(16)  # fmt: skip
N_RUN = 16
# Whole figures of the market's orders.
ORDERS, ORDERED, FILLS = range(3)
# Columns of an episode.
EPISODE = ("time", "entity", "side", "start", "bait_lots", "bait_orders", "bait_filled_lots", "genuine_lots",
           "genuine_filled", "genuine_size", "fill_time", "mean_lots", "repeats", "cancelled_lots",
           "after_fill_lots")  # fmt: skip
BAIT_LOTS, MEAN_LOTS, REPEATS = (EPISODE.index(name) for name in ("bait_lots", "mean_lots", "repeats"))


class Baits(NamedTuple):
    """Open orders of one market and what each entity has resting and filling on each side.

    Attributes:
        orders: Slots of open orders, by the hash of their id.
        order: Figures of each order, shape (capacity, 6).
        runs: Figures of each entity and side (0 sell, 1 buy), shape (entities, 2, N_RUN).
        habit: Number and summed lots of new orders, halved together before they overflow; fill messages, shape (3,).
    """

    orders: Slots
    order: NDArray[np.int64]
    runs: NDArray[np.int64]
    habit: NDArray[np.int64]


@nb.njit(cache=True)
def _note_fill(run: NDArray[np.int64], time: int, key: int, size: int, filled: int, rest: int) -> None:
    if key != run[RUN_ORDER] or time - run[FILL_TIME] > PULL_NS:
        run[FILL_TIME:] = 0
        run[RUN_START], run[RUN_ORDER] = time, key
    run[FILL_TIME] = time
    run[GENUINE] = max(run[GENUINE], size + rest)
    run[GENUINE_FILLED], run[GENUINE_SIZE] = filled, size


@nb.njit(cache=True)
def _fill(baits: Baits, order: NDArray[np.int64], key: int, time: int, lots: int, leaves: int) -> None:
    run = baits.runs[order[OWNER], order[SIDE]]
    left = leaves if leaves >= 0 else max(order[LEFT] - lots, 0)
    run[RESTING] -= order[LEFT]
    order[FILLED] += lots
    _note_fill(run, time, key, order[SIZE], order[FILLED], run[RESTING])
    run[RESTING] += left
    order[LEFT] = left if left > 0 else -time


@nb.njit(cache=True)
def owner_of(baits: Baits, key: int) -> int:
    """Return the slot of the entity that placed an order, -1 where that is not known."""
    o = find_slot(baits.orders, key) if key != 0 else -1
    return int(baits.order[o, OWNER]) if o >= 0 else -1


@nb.njit(cache=True)
def note_trade(baits: Baits, slot: int, side: int, key: int, time: int, lots: int) -> None:
    """Take a trade as a fill of the entity in `slot`.

    On a venue that sends fill messages they have told the order's state already, and they come first. Until one is
    seen, the trades themselves fill the orders.

    Args:
        baits: State of the market.
        slot: Slot of the entity.
        side: 0 it sold, 1 it bought.
        key: Hash of its order's id, 0 where unknown; trades of one moment are then one order.
        time: Time of the trade, ns.
        lots: Lots traded.
    """
    run = baits.runs[slot, side]
    o = find_slot(baits.orders, key) if key != 0 else -1
    # An order that ended a while ago may have been dropped: it is as unknown as one that was.
    if o >= 0 and (baits.order[o, LEFT] >= 0 or time + baits.order[o, LEFT] <= PULL_NS):
        order = baits.order[o]
        if baits.habit[FILLS] == 0 and order[LEFT] >= 0:
            _fill(baits, order, key, time, lots, -1)
            return
        _note_fill(run, time, key, order[SIZE], max(order[FILLED], lots), run[RESTING] - max(order[LEFT], 0))
        return
    moment = key if key != 0 else time
    goes_on = moment == run[RUN_ORDER] and time - run[FILL_TIME] <= PULL_NS
    filled = lots + (run[GENUINE_FILLED] if goes_on else 0)
    _note_fill(run, time, moment, filled, filled, run[RESTING])


@nb.njit(cache=True)
def _pull(baits: Baits, o: int, time: int, leaves: int) -> float:
    order = baits.order[o]
    left = max(leaves, 0)
    pulled = order[LEFT] - left
    baits.runs[order[OWNER], order[SIDE], RESTING] -= pulled
    order[LEFT] = left if left > 0 else -time
    run, habit = baits.runs[order[OWNER], 1 - order[SIDE]], baits.runs[order[OWNER], 0]
    if habit[CANCELLED] > MOST_CANCELLED:
        # What is long ago fades: a spoofer may have been honest in the morning.
        habit[CANCELLED], habit[AFTER_FILL] = habit[CANCELLED] // 2, habit[AFTER_FILL] // 2
    habit[CANCELLED] += pulled
    if run[FILL_TIME] == 0 or time - run[FILL_TIME] > PULL_NS or order[PLACED] > run[RUN_START] or pulled <= 0:
        return 0.0
    run[FIRST_PLACED] = order[PLACED] if run[FIRST_PLACED] == 0 else min(run[FIRST_PLACED], order[PLACED])
    habit[AFTER_FILL] += pulled
    run[PULLED] += pulled
    run[PULLED_ORDERS] += 1
    run[PULLED_FILLED] += order[FILLED]
    return float(run[PULLED] / max(run[GENUINE], 1))


@nb.njit(cache=True)
def _place(baits: Baits, slot: int, side: int, key: int, time: int, lots: int) -> None:
    o = give_slot(baits.orders, key)
    order = baits.order[o]
    order[OWNER], order[SIDE], order[LEFT], order[SIZE], order[FILLED], order[PLACED] = slot, side, lots, lots, 0, time
    baits.runs[slot, side, RESTING] += lots
    if baits.habit[ORDERED] > 1 << 60:
        baits.habit[ORDERS] //= 2
        baits.habit[ORDERED] //= 2
    baits.habit[ORDERS] += 1
    baits.habit[ORDERED] += lots


@nb.njit(cache=True)
def note_order(baits: Baits, kind: int, slot: int, side: int, key: int, time: int, lots: int, leaves: int) -> float:
    """Follow one order message; return pulled bait over genuine order where it pulled bait, else 0.

    Args:
        baits: State of the market.
        kind: NEW … REJECT.
        slot: Slot of the entity that placed the order.
        side: 0 sell, 1 buy.
        key: Hash of the order id.
        time: Time of the message, ns.
        lots: The message's own quantity, -1 where it has none.
        leaves: Quantity left after the message, -1 where unknown.
    """
    o = find_slot(baits.orders, key)
    is_open = o >= 0 and baits.order[o, LEFT] >= 0
    if kind == NEW:
        if not is_open and lots > 0:
            _place(baits, slot, side, key, time, lots)
        return 0.0
    if not is_open:
        return 0.0
    order = baits.order[o]
    run = baits.runs[order[OWNER], order[SIDE]]
    if kind == FILL:
        baits.habit[FILLS] += 1
        _fill(baits, order, key, time, lots, leaves)
    elif kind == REPLACE:
        left = leaves if leaves >= 0 else lots
        if left >= 0:
            run[RESTING] += left - order[LEFT]
            order[LEFT] = left
            order[SIZE] = left + order[FILLED]
    elif kind == CANCEL:
        return _pull(baits, o, time, leaves)
    elif kind in (EXPIRE, REJECT):
        run[RESTING] -= order[LEFT]
        order[LEFT] = -time
    return 0.0


@nb.njit(cache=True)
def _repeats(baits: Baits, owner: int, run: NDArray[np.int64], time: int) -> int:
    # Counted over both sides: a spoofer flips.
    habit = baits.runs[owner, 0]
    if time - habit[BAIT_TIME] > FORGET_NS:
        habit[BAITS] = 0
        habit[BAIT_RUN] = 0
    if habit[BAIT_RUN] != run[RUN_START]:
        habit[BAITS] += 1
        habit[BAIT_RUN] = run[RUN_START]
    habit[BAIT_TIME] = time
    return int(habit[BAITS] - 1)


@nb.njit(cache=True)
def write_episode(baits: Baits, key: int, entity: int, time: int, out: NDArray[np.int64]) -> None:
    """Write the episode that the cancel of order `key` completed, columns as in EPISODE."""
    order = baits.order[find_slot(baits.orders, key)]
    run = baits.runs[order[OWNER], 1 - order[SIDE]]
    out[0], out[1], out[2], out[3] = time, entity, 1 if order[SIDE] == 1 else -1, run[FIRST_PLACED]
    out[4], out[5], out[6], out[7] = run[PULLED], run[PULLED_ORDERS], run[PULLED_FILLED], run[GENUINE]
    out[8], out[9], out[10] = run[GENUINE_FILLED], run[GENUINE_SIZE], run[FILL_TIME]
    out[11] = baits.habit[ORDERED] // max(baits.habit[ORDERS], 1)
    out[12] = _repeats(baits, order[OWNER], run, time)
    habit = baits.runs[order[OWNER], 0]
    out[13], out[14] = habit[CANCELLED], habit[AFTER_FILL]
