"""Order lives: every order followed from its first message to its last, and the book that they make.

The book is rebuilt from the messages where they suffice: orders that were open before the tape began are unknown until
they are named, and a book that crosses is believed again once a trade says which side was wrong. Memory holds open
orders, and ended ones for the seconds in which their trades may still come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.direct import Direct
from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE, TRADE, Events
from features.habit import ORDER_SIZE, TRADE_SIZE, Habit, new_habit, note_size, note_trade, pass_minutes
from features.habit import known as known_habit
from features.levels import NEAR, Levels, best, change, depth, drop_beyond, is_full, new_levels, roomier
from features.seen import Seen, blank_seen
from features.slots import Slots, find_slot, free, give_slot, new_slots, rebuilt

KEPT_NS = 8_000_000_000
_FIRST_ROOM = 512
_OWNER, _SIDE, _LEFT, _FILLED, _PLACED, _CHANGES, _ENDED = range(7)
_N_ORDER = 7
_BID, _ASK = 0, 1
_BID_LOTS, _ASK_LOTS, _BID_DEPTH, _ASK_DEPTH, _MOMENT, _CROSSED, _FILLS = range(7)


class Lives(NamedTuple):
    """Open orders of a market and its book.

    Attributes:
        orders: Slots of orders, by the hash of their id.
        order: Whole figures of each order, shape (capacity, 7).
        price: Price of each order, NaN unknown, shape (capacity,).
        levels: The book.
        touch: Best bid and ask before the moment, and the last trade's price, shape (3,).
        moment: Lots at the touch and near it, the moment's time, whether the book crosses, fill messages, shape (7,).
        habit: What is usual in this market.
    """

    orders: Slots
    order: NDArray[np.int64]
    price: NDArray[np.float64]
    levels: Levels
    touch: NDArray[np.float64]
    moment: NDArray[np.int64]
    habit: Habit


def new_lives() -> Lives:
    """Return the state of a market that nothing is known of."""
    room = _FIRST_ROOM
    return Lives(
        new_slots(room), np.zeros((room, _N_ORDER), np.int64), np.full(room, np.nan), new_levels(),
        np.full(3, np.nan), np.zeros(7, np.int64), new_habit(),
    )  # fmt: skip


def with_room(lives: Lives, now: int) -> Lives:
    """Return the state with room for any next event.

    Args:
        lives: The state.
        now: A time that no event to come precedes, ns.
    """
    if is_full(lives.levels):
        lives = lives._replace(levels=roomier(lives.levels))
    if free(lives.orders) > 0:
        return lives
    used = int(lives.orders.used[0])
    ended = lives.order[:used, _ENDED]
    live = (ended == 0) | (now - ended <= KEPT_NS)
    room = _FIRST_ROOM
    while room < 4 * int(live.sum()):
        room *= 2
    orders, moved = rebuilt(lives.orders, live, room)
    order, price = np.zeros((room, _N_ORDER), np.int64), np.full(room, np.nan)
    order[moved[live]], price[moved[live]] = lives.order[:used][live], lives.price[:used][live]
    return lives._replace(orders=orders, order=order, price=price)


@nb.njit(cache=True)
def _new_moment(lives: Lives, time: int) -> None:
    moment, touch, levels = lives.moment, lives.touch, lives.levels
    if time == moment[_MOMENT]:
        return
    moment[_MOMENT] = time
    touch[_BID], touch[_ASK] = best(levels, 1), best(levels, 0)
    moment[_CROSSED] = touch[_BID] >= touch[_ASK]
    if moment[_CROSSED]:
        touch[_BID] = touch[_ASK] = np.nan
    moment[_BID_LOTS], moment[_ASK_LOTS] = depth(levels, 1, 1), depth(levels, 0, 1)
    moment[_BID_DEPTH], moment[_ASK_DEPTH] = depth(levels, 1, NEAR), depth(levels, 0, NEAR)


@nb.njit(cache=True)
def _write_market(lives: Lives, i: int, seen: Seen) -> None:
    touch, moment = lives.touch, lives.moment
    seen.bid[i], seen.ask[i], seen.last[i] = touch[_BID], touch[_ASK], touch[2]
    seen.bid_lots[i], seen.ask_lots[i] = moment[_BID_LOTS], moment[_ASK_LOTS]
    seen.bid_depth[i], seen.ask_depth[i] = moment[_BID_DEPTH], moment[_ASK_DEPTH]
    seen.usual[i], seen.sigma[i], seen.pace[i], seen.flow[i] = known_habit(lives.habit)


@nb.njit(cache=True)
def _set_left(lives: Lives, slot: int, time: int, left: int) -> None:
    order = lives.order[slot]
    change(lives.levels, order[_SIDE], lives.price[slot], left - order[_LEFT])
    order[_LEFT] = left
    order[_ENDED] = 0 if left > 0 else time


@nb.njit(cache=True)
def _fill(lives: Lives, slot: int, time: int, lots: int, leaves: int) -> None:
    order = lives.order[slot]
    left = leaves if leaves >= 0 else max(order[_LEFT] - max(lots, 0), 0)
    order[_FILLED] += max(lots, 0)
    _set_left(lives, slot, time, left)


@nb.njit(cache=True)
def _place(lives: Lives, i: int, seen: Seen) -> None:
    slot, lots = give_slot(lives.orders, seen.order[i]), max(seen.lots[i], 0)
    order = lives.order[slot]
    order[_OWNER], order[_SIDE], order[_LEFT], order[_FILLED] = seen.entity[i], 1 if seen.side[i] > 0 else 0, 0, 0
    order[_PLACED], order[_CHANGES] = seen.time[i], 0
    lives.price[slot] = seen.price[i]
    _set_left(lives, slot, seen.time[i], lots)


@nb.njit(cache=True)
def _replace(lives: Lives, slot: int, i: int, seen: Seen, leaves: int) -> None:
    order = lives.order[slot]
    left = leaves if leaves >= 0 else seen.lots[i]
    left = left if left >= 0 else order[_LEFT]
    if not np.isnan(seen.price[i]) and seen.price[i] != lives.price[slot]:
        change(lives.levels, order[_SIDE], lives.price[slot], -order[_LEFT])
        lives.price[slot] = seen.price[i]
        order[_LEFT] = 0
    _set_left(lives, slot, seen.time[i], left)
    order[_CHANGES] += 1


@nb.njit(cache=True)
def _known(lives: Lives, key: int, time: int) -> int:
    # An order that ended a while ago may have been dropped: it is as unknown as one that was.
    slot = find_slot(lives.orders, key) if key != 0 else -1
    if slot >= 0 and lives.order[slot, _ENDED] > 0 and time - lives.order[slot, _ENDED] > KEPT_NS:
        return -1
    return slot


@nb.njit(cache=True)
def _see_order(lives: Lives, i: int, seen: Seen, leaves: int) -> None:
    slot, kind = _known(lives, seen.order[i], seen.time[i]), seen.kind[i]
    is_open = slot >= 0 and lives.order[slot, _ENDED] == 0
    if kind == NEW:
        seen.size[i] = seen.after[i] = max(seen.lots[i], 0)
        seen.placed[i], seen.was[i] = seen.time[i], seen.price[i]
        note_size(lives.habit, ORDER_SIZE, seen.lots[i])
        if seen.order[i] != 0 and not is_open:
            _place(lives, i, seen)
        return
    if not is_open:
        return
    order = lives.order[slot]
    seen.left[i], seen.filled[i], seen.size[i] = order[_LEFT], order[_FILLED], order[_FILLED] + order[_LEFT]
    seen.placed[i], seen.was[i], seen.changes[i] = order[_PLACED], lives.price[slot], order[_CHANGES]
    seen.side[i] = 1 if order[_SIDE] == 1 else -1
    if seen.entity[i] < 0:
        seen.entity[i] = order[_OWNER]
    if kind == FILL:
        lives.moment[_FILLS] += 1
        _fill(lives, slot, seen.time[i], seen.lots[i], leaves)
    elif kind == REPLACE:
        _replace(lives, slot, i, seen, leaves)
    elif kind == CANCEL:
        _set_left(lives, slot, seen.time[i], max(leaves, 0))
    elif kind in (EXPIRE, REJECT):
        _set_left(lives, slot, seen.time[i], 0)
    seen.price[i], seen.after[i] = lives.price[slot], order[_LEFT]


@nb.njit(cache=True)
def _taker(bid: float, ask: float, last: float, price: float) -> int:
    # The touch tells (Lee and Ready 1991), then the tick.
    if price >= ask:
        return 1
    if price <= bid:
        return -1
    return int(np.sign(price - last)) if not np.isnan(last) else 0


@nb.njit(cache=True)
def _party(lives: Lives, entity: int, key: int, time: int, lots: int) -> int:
    # A trade that names no account may name an order; and where no fill messages come, trades fill orders.
    slot = _known(lives, key, time)
    if slot < 0:
        return entity
    if lives.moment[_FILLS] == 0 and lives.order[slot, _ENDED] == 0:
        _fill(lives, slot, time, lots, -1)
    return entity if entity >= 0 else int(lives.order[slot, _OWNER])


@nb.njit(cache=True)
def _see_trade(lives: Lives, i: int, seen: Seen) -> None:
    time, price, lots, touch = seen.time[i], seen.price[i], seen.lots[i], lives.touch
    if seen.side[i] == 0:
        seen.side[i] = _taker(touch[_BID], touch[_ASK], touch[2], price)
    seen.entity[i] = _party(lives, seen.entity[i], seen.order[i], time, lots)
    seen.counter[i] = _party(lives, seen.counter[i], seen.counter_order[i], time, lots)
    if lives.moment[_CROSSED]:
        drop_beyond(lives.levels, price)
    note_size(lives.habit, TRADE_SIZE, lots)
    note_trade(lives.habit, price, lots)
    touch[2] = price


@nb.njit(cache=True)
def _follow(lives: Lives, begin: int, leaves: NDArray[np.int64], seen: Seen) -> int:
    for i in range(begin, len(seen.time)):
        if free(lives.orders) < 1 or is_full(lives.levels):
            return i
        _new_moment(lives, seen.time[i])
        pass_minutes(lives.habit, seen.time[i])
        _write_market(lives, i, seen)
        if seen.kind[i] == TRADE:
            _see_trade(lives, i, seen)
        else:
            _see_order(lives, i, seen, leaves[i])
    return len(seen.time)


_FOLLOW = Direct(_follow)


def follow(lives: Lives, events: Events, entity: NDArray[np.int32], counter: NDArray[np.int32]) -> tuple[Lives, Seen]:
    """Follow a market's next events, in total order; return the state after them and what was seen.

    Args:
        lives: The state, changed in place.
        events: Events of one market.
        entity: Entity of each event's account, -1 where unknown.
        counter: Entity of each trade's seller, -1 where unknown.
    """
    given: dict[str, NDArray[Any]] = {
        "time": events.time, "kind": events.kind, "side": events.side.copy(), "price": events.price.copy(),
        "lots": events.lots, "entity": entity.astype(np.int32), "counter": counter.astype(np.int32),
        "order": events.order, "counter_order": events.counter_order,
    }  # fmt: skip
    seen, done = blank_seen({name: np.ascontiguousarray(column) for name, column in given.items()}), 0
    leaves = np.ascontiguousarray(events.leaves)
    while (done := _FOLLOW(lives, done, leaves, seen)) < len(events):
        lives = with_room(lives, int(events.time[done]))
    return lives, seen
