"""What the fold carries from event to event of one market, and how it makes room and is saved."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features import baits as bait
from features.baits import Baits
from features.buckets import LAST, Buckets, new_buckets
from features.day import Day, new_day
from features.shares import Shares, busy, free_entries, moved_shares, n_touched, new_shares, with_more_entries
from features.slots import Slots, free, new_slots, rebuilt

_FIRST_ROOM = 64
_ORDER_ROOM = 512


class State(NamedTuple):
    """All that is carried from event to event of one market.

    Attributes:
        fast: Buckets of the fine scale.
        coarse: Buckets of the market scale.
        day: The day behind the market.
        last: Time of the last trade, millisecond of the last taker buy, taker buys in that millisecond, shape (3,).
        last_paid: Lowest and highest price of the taker buys of that millisecond, shape (2,).
        accounts: Slots of entities.
        fast_shares: Entities' figures, fine scale.
        shares: Entities' figures, market scale.
        pairs: Slots of pairs of entities.
        fast_common: Pairs' figures, fine scale.
        common: Pairs' figures, market scale.
        baits: Open orders and bait.
    """

    fast: Buckets
    coarse: Buckets
    day: Day
    last: NDArray[np.int64]
    last_paid: NDArray[np.float64]
    accounts: Slots
    fast_shares: Shares
    shares: Shares
    pairs: Slots
    fast_common: Shares
    common: Shares
    baits: Baits


def new_state(fast_ns: int, fast_buckets: int, market_ns: int, market_buckets: int) -> State:
    """Return the state of a market that nothing is known of."""
    room = _FIRST_ROOM
    runs = np.zeros((room, 2, bait.N_RUN), np.int64)
    return State(
        fast=new_buckets(fast_ns, fast_buckets),
        coarse=new_buckets(market_ns, market_buckets),
        day=new_day(market_ns),
        last=np.array([0, -1, 0], np.int64),
        last_paid=np.zeros(2),
        accounts=new_slots(room),
        fast_shares=new_shares(room),
        shares=new_shares(room),
        pairs=new_slots(room),
        fast_common=new_shares(room),
        common=new_shares(room),
        baits=Baits(new_slots(room), np.full((room, 6), -1, np.int64), runs, np.zeros(3, np.int64)),
    )


def _room_for(live: int, needed: int) -> int:
    # Three quarters are free after a rebuild, which so costs little per key.
    room = _FIRST_ROOM
    while room < 4 * live + needed:
        room *= 2
    return room


def _now(state: State) -> int:
    # The start of the last closed bucket: no event to come lies before it.
    return int(state.fast.marks[LAST]) * int(state.fast.span_ns[0])


def _roomier_orders(state: State) -> State:
    baits = state.baits
    used = int(baits.orders.used[0])
    left = baits.order[:used, bait.LEFT]
    live = (left >= 0) | (-left > _now(state) - bait.PULL_NS)
    room = _room_for(int(live.sum()), _ORDER_ROOM)
    orders, moved = rebuilt(baits.orders, live, room)
    order = np.full((room, baits.order.shape[1]), -1, np.int64)
    order[moved[live]] = baits.order[:used][live]
    return state._replace(baits=baits._replace(orders=orders, order=order))


def _roomier_accounts(state: State) -> State:
    baits = state.baits
    used = int(state.accounts.used[0])
    live = busy(state.fast_shares, used) | busy(state.shares, used)
    live |= (baits.runs[:used, :, bait.FILL_TIME] > _now(state) - bait.PULL_NS).any(axis=1)
    live |= baits.runs[:used, 0, bait.BAIT_TIME] > _now(state) - bait.FORGET_NS
    n_orders = int(baits.orders.used[0])
    is_open = baits.order[:n_orders, bait.LEFT] >= 0
    live[baits.order[:n_orders][is_open, bait.OWNER]] = True
    room = _room_for(int(live.sum()), 2)
    accounts, moved = rebuilt(state.accounts, live, room)
    runs = np.zeros((room, *baits.runs.shape[1:]), np.int64)
    runs[moved[live]] = baits.runs[:used][live]
    order = baits.order.copy()
    order[:n_orders][is_open, bait.OWNER] = moved[order[:n_orders][is_open, bait.OWNER]]
    return state._replace(
        accounts=accounts,
        fast_shares=moved_shares(state.fast_shares, moved, room),
        shares=moved_shares(state.shares, moved, room),
        baits=baits._replace(order=order, runs=runs),
    )


def _roomier_pairs(state: State) -> State:
    used = int(state.pairs.used[0])
    live = busy(state.fast_common, used) | busy(state.common, used)
    room = _room_for(int(live.sum()), 1)
    pairs, moved = rebuilt(state.pairs, live, room)
    fast_common = moved_shares(state.fast_common, moved, room)
    return state._replace(pairs=pairs, fast_common=fast_common, common=moved_shares(state.common, moved, room))


@nb.njit(cache=True)
def room_left(state: State) -> int:
    """Return how many events more are sure to fit, whatever they are.

    An event brings at most two accounts, a pair and an order; what a fine bucket holds also goes into the coarse one.
    """
    slots = min(free(state.accounts) // 2, free(state.pairs), free(state.baits.orders))
    fine = min(free_entries(state.fast_shares) // 2, free_entries(state.fast_common))
    shares = free_entries(state.shares) - n_touched(state.fast_shares)
    common = free_entries(state.common) - n_touched(state.fast_common)
    return max(0, min(slots, fine, shares // 2, common))


def with_room(state: State) -> State:
    """Return the state with room for any next event: dead keys dropped, tables doubled where that is not enough."""
    if free(state.baits.orders) < 1:
        state = _roomier_orders(state)
    if free(state.accounts) < 2:
        state = _roomier_accounts(state)
    if free(state.pairs) < 1:
        state = _roomier_pairs(state)
    for fine, coarse, keys in (("fast_shares", "shares", 2), ("fast_common", "common", 1)):
        touched = int(n_touched(getattr(state, fine)))
        for name, needed in ((fine, keys), (coarse, keys + touched)):
            shares = getattr(state, name)
            while free_entries(shares) < needed:
                shares = with_more_entries(shares)
            state = state._replace(**{name: shares})
    return state


def to_arrays(state: State, prefix: str = "") -> dict[str, NDArray[np.generic]]:
    """Return every array of the state by its dotted name."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, value in state._asdict().items():
        if isinstance(value, np.ndarray):
            arrays[prefix + name] = value.copy()
        else:
            arrays.update(to_arrays(value, f"{prefix}{name}."))
    return arrays


def from_arrays(like: State, arrays: dict[str, NDArray[np.generic]]) -> State:
    """Return the state that `to_arrays` described; `like` is any state of the same shape of names."""
    return State(**_parts(like._asdict(), arrays, ""))


def _parts(like: dict[str, Any], arrays: dict[str, NDArray[np.generic]], prefix: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in like.items():
        if isinstance(value, np.ndarray):
            out[name] = np.ascontiguousarray(arrays[prefix + name]).copy()
        else:
            out[name] = type(value)(**_parts(value._asdict(), arrays, f"{prefix}{name}."))
    return out
