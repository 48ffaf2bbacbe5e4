"""What the fold carries from event to event of one market, and how it makes room and is saved."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.buckets import Buckets, new_buckets
from features.day import Day, new_day
from features.shares import Shares, busy, free_entries, moved_shares, n_touched, new_shares, with_more_entries
from features.slots import Slots, free, new_slots, rebuilt

_FIRST_ROOM = 64


class State(NamedTuple):
    """All that is carried from event to event of one market.

    Attributes:
        fast: Buckets of the fine scale.
        coarse: Buckets of the market scale.
        day: The day behind the market.
        last: Time of the last trade; millisecond of the last taker buy and taker buys in it; then of sells, shape (5,).
        last_paid: Lowest and highest price of the taker buys of that millisecond, shape (2,).
        accounts: Slots of entities.
        fast_shares: Entities' figures, fine scale.
        shares: Entities' figures, market scale.
        pairs: Slots of pairs of entities.
        fast_common: Pairs' figures, fine scale.
        common: Pairs' figures, market scale.
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


def new_state(fast_ns: int, fast_buckets: int, market_ns: int, market_buckets: int) -> State:
    """Return the state of a market that nothing is known of."""
    room = _FIRST_ROOM
    return State(
        fast=new_buckets(fast_ns, fast_buckets),
        coarse=new_buckets(market_ns, market_buckets),
        day=new_day(market_ns),
        last=np.array([0, -1, 0, -1, 0], np.int64),
        last_paid=np.zeros(2),
        accounts=new_slots(room),
        fast_shares=new_shares(room),
        shares=new_shares(room),
        pairs=new_slots(room),
        fast_common=new_shares(room),
        common=new_shares(room),
    )


def _room_for(live: int, needed: int) -> int:
    # Three quarters are free after a rebuild, which so costs little per key.
    room = _FIRST_ROOM
    while room < 4 * live + needed:
        room *= 2
    return room


def _roomier_accounts(state: State) -> State:
    used = int(state.accounts.used[0])
    live = busy(state.fast_shares, used) | busy(state.shares, used)
    room = _room_for(int(live.sum()), 2)
    accounts, moved = rebuilt(state.accounts, live, room)
    return state._replace(
        accounts=accounts,
        fast_shares=moved_shares(state.fast_shares, moved, room),
        shares=moved_shares(state.shares, moved, room),
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

    An event brings at most two accounts and a pair; what a fine bucket holds also goes into the coarse one.
    """
    slots = min(free(state.accounts) // 2, free(state.pairs))
    fine = min(free_entries(state.fast_shares) // 2, free_entries(state.fast_common))
    shares = free_entries(state.shares) - n_touched(state.fast_shares)
    common = free_entries(state.common) - n_touched(state.fast_common)
    return max(0, min(slots, fine, shares // 2, common))


def with_room(state: State) -> State:
    """Return the state with room for any next event: dead keys dropped, tables doubled where that is not enough."""
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
