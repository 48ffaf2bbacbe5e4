"""What an event adds to the figures of the entities that it names."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import account_state as st
from features import counterparties as cp
from features import shares as sh
from features.account_state import Accounts
from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE
from features.seen import Seen
from features.slots import give_slot
from features.time_units import SECOND_NS

QUICK_NS = 1_000_000_000
IMMEDIATE_NS = 10_000_000
LONGEST_NS = 3_600_000_000_000
TINY = 0.2


@nb.njit(cache=True)
def _millionths(ratio: float) -> int:
    return int(np.rint(1e6 * np.log(ratio)))


@nb.njit(cache=True)
def _note_message(carried: NDArray[np.int64], peaks: NDArray[np.float64], time: int) -> None:
    second = time // SECOND_NS
    if carried[st.SECOND] != second:
        carried[st.SECOND], carried[st.IN_SECOND] = second, 0
    carried[st.IN_SECOND] += 1
    peaks[st.BURST] = max(peaks[st.BURST], carried[st.IN_SECOND])


@nb.njit(cache=True)
def _note_price(mine: NDArray[np.int64], side: int, price: float, bid: float, ask: float) -> None:
    own, other = (bid, ask) if side > 0 else (ask, bid)
    if np.isnan(price) or np.isnan(own):
        return
    mine[st.QUOTED] += 1
    mine[st.BEHIND] += side * _millionths(own / price)
    if np.isnan(other):
        return
    mine[st.INSIDE] += 1
    if side * (price - other) >= 0.0:
        mine[st.CROSSED] += 1
    elif side * (price - own) > 0.0:
        mine[st.BETTERED] += 1


@nb.njit(cache=True)
def _note_new(mine: NDArray[np.int64], peaks: NDArray[np.float64], lots: int, usual: float) -> None:
    mine[st.NEWS] += 1
    mine[st.PLACED] += max(lots, 0)
    if lots > 0 and not np.isnan(usual):
        size = lots / usual
        mine[st.SIZED] += 1
        mine[st.SIZE] += _millionths(size)
        mine[st.TINY] += size <= TINY
        peaks[st.LARGEST] = max(peaks[st.LARGEST], size)


@nb.njit(cache=True)
def _note_end(mine: NDArray[np.int64], time: int, placed: int) -> None:
    if placed == 0:
        return
    life = time - placed
    mine[st.ENDED] += 1
    mine[st.LIFE_US] += min(life, LONGEST_NS) // 1000
    mine[st.QUICK] += life <= QUICK_NS
    mine[st.IMMEDIATE] += life <= IMMEDIATE_NS


@nb.njit(cache=True)
def _note_fill(carried: NDArray[np.int64], peaks: NDArray[np.float64], side: int, time: int, lots: int) -> None:
    other = 1 - side
    if time - carried[st.FILL_TIME + side] > st.ROUND_NS:
        carried[st.ROUND + side] = carried[st.GONE + side] = 0
    carried[st.FILL_TIME + side] = time
    carried[st.ROUND + side] += lots
    carried[st.BASE + side] = carried[st.RESTING + side]
    genuine = carried[st.ROUND + side] + carried[st.BASE + side]
    if genuine > 0:
        peaks[st.REST] = max(peaks[st.REST], carried[st.RESTING + other] / genuine)


@nb.njit(cache=True)
def _note_pull(
    mine: NDArray[np.int64], carried: NDArray[np.int64], peaks: NDArray[np.float64], side: int, time: int, lots: int
) -> None:
    mine[st.PULLED] += lots
    filled = 1 - side
    after = time - carried[st.FILL_TIME + filled]
    if lots == 0 or after > st.ROUND_NS:
        return
    mine[st.AFTER_FILL] += lots
    mine[st.FOLLOWED] += 1
    mine[st.PULL_US] += after // 1000
    mine[st.ROUNDS] += carried[st.GONE + filled] == 0
    carried[st.GONE + filled] += lots
    genuine = carried[st.ROUND + filled] + carried[st.BASE + filled]
    if genuine > 0:
        peaks[st.BAIT] = max(peaks[st.BAIT], carried[st.GONE + filled] / genuine)


@nb.njit(cache=True)
def _note_resting(carried: NDArray[np.int64], peaks: NDArray[np.float64], side: int, left: int, after: int) -> None:
    peaks[st.LAYERS] = max(peaks[st.LAYERS], carried[st.ORDERS + side])
    carried[st.RESTING + side] = max(0, carried[st.RESTING + side] + after - left)
    carried[st.ORDERS + side] = max(0, carried[st.ORDERS + side] + int(after > 0) - int(left > 0))
    peaks[st.LAYERS] = max(peaks[st.LAYERS], carried[st.ORDERS + side])


@nb.njit(cache=True)
def note_order(s: Accounts, i: int, seen: Seen) -> None:
    """Add order message `i`."""
    kind, time, lots = seen.kind[i], seen.time[i], max(seen.lots[i], 0)
    is_message = kind in (NEW, REPLACE, CANCEL)
    market = sh.touch(s.sums, 0)
    market[st.MESSAGES] += is_message
    s.marks[st.FILLS] += kind == FILL
    if seen.entity[i] < 0:
        return
    slot, side = give_slot(s.slots, seen.entity[i]), 1 if seen.side[i] > 0 else 0
    mine, carried, peaks = sh.touch(s.sums, slot), s.carried[slot], s.peaks[slot]
    mine[st.MESSAGES] += is_message
    if is_message:
        _note_message(carried, peaks, time)
    if kind == NEW:
        _note_new(mine, peaks, seen.lots[i], seen.usual[i])
    if kind in (NEW, REPLACE):
        _note_price(mine, seen.side[i], seen.price[i], seen.bid[i], seen.ask[i])
    mine[st.REPLACES] += kind == REPLACE
    mine[st.CANCELS] += kind == CANCEL
    if kind in (CANCEL, EXPIRE):
        _note_end(mine, time, seen.placed[i])
    if kind == CANCEL:
        _note_pull(mine, carried, peaks, side, time, max(seen.left[i] - seen.after[i], 0))
    if seen.order[i] != 0:
        _note_resting(carried, peaks, side, seen.left[i], seen.after[i])
    if kind == FILL:
        mine[st.FILLED] += lots
        _note_fill(carried, peaks, side, time, lots)


@nb.njit(cache=True)
def _note_party(s: Accounts, i: int, seen: Seen, side: int, entity: int, key: int, change: int) -> None:
    slot, lots, taker = give_slot(s.slots, entity), max(seen.lots[i], 0), seen.side[i]
    mine, carried = sh.touch(s.sums, slot), s.carried[slot]
    mine[st.BOUGHT if side > 0 else st.SOLD] += lots
    if seen.entity[i] != seen.counter[i] or side > 0:
        mine[st.TRADES] += 1
        mine[st.EITHER] += lots
        mine[st.SELF] += lots if seen.entity[i] == seen.counter[i] else 0
    if taker != 0:
        mine[st.KNOWN] += lots
    if taker == side:
        mine[st.TAKEN] += lots
        mine[st.DRIFT] += change
        mine[st.PUSH] += side * change
    if s.marks[st.FILLS] > 0:
        return
    # Where no fill messages come, trades fill orders.
    at = 1 if side > 0 else 0
    mine[st.FILLED] += lots
    if key != 0:
        carried[st.RESTING + at] = max(0, carried[st.RESTING + at] - lots)
    _note_fill(carried, s.peaks[slot], at, seen.time[i], lots)


@nb.njit(cache=True)
def note_trade(s: Accounts, i: int, seen: Seen) -> None:
    """Add trade `i`."""
    lots, taker, last = max(seen.lots[i], 0), seen.side[i], seen.last[i]
    market = sh.touch(s.sums, 0)
    market[st.TRADES] += 1
    market[st.EITHER] += lots
    market[st.TAKEN] += lots if taker != 0 else 0
    s.marks[st.NAMED] += seen.order[i] != 0 or seen.counter_order[i] != 0
    change = _millionths(seen.price[i] / last) if taker != 0 and not np.isnan(last) else 0
    buyer, seller = seen.entity[i], seen.counter[i]
    if buyer >= 0:
        _note_party(s, i, seen, 1, buyer, seen.order[i], change)
    if seller >= 0:
        _note_party(s, i, seen, -1, seller, seen.counter_order[i], change)
    if buyer >= 0 and seller >= 0:
        cp.meet(s.met, buyer, seller)
