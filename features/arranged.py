"""Trades that look arranged: two orders of one size that arrive moments apart and meet each other.

Orders are remembered for moments only, in a table of fixed size in which a later order may take an earlier one's place:
what is forgotten counts as not arranged.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from features.events import NEW, REPLACE, TRADE
from features.seen import Seen

MOMENT_NS = 1_000_000_000
_PLACES = 1 << 12
_ORDER, _TIME, _LEFT = range(3)


class Arrivals(NamedTuple):
    """The orders of the last moments.

    Attributes:
        orders: Hash, time of the last message, open lots, shape (4096, 3).
        first: Time of the first order, ns, 0 before it, shape (1,); until then nothing is known of arrangements.
    """

    orders: NDArray[np.int64]
    first: NDArray[np.int64]


def new_arrivals() -> Arrivals:
    """Return the memory of a market that nothing is known of."""
    return Arrivals(np.zeros((_PLACES, 3), np.int64), np.zeros(1, np.int64))


@nb.njit(cache=True)
def _place(order: int) -> int:
    return (order ^ (order >> 24)) & (_PLACES - 1)


@nb.njit(cache=True)
def _meet(arrivals: Arrivals, one: int, other: int, time: int, lots: int) -> bool:
    a, b = arrivals.orders[_place(one)], arrivals.orders[_place(other)]
    known = one != 0 and other != 0 and a[_ORDER] == one and b[_ORDER] == other
    moments = known and time - min(a[_TIME], b[_TIME]) <= MOMENT_NS
    same = known and a[_LEFT] == b[_LEFT]
    for order, row in ((one, a), (other, b)):
        if row[_ORDER] == order:
            row[_LEFT] -= lots
    return bool(moments and same)


@nb.njit(cache=True)
def note_arrivals(arrivals: Arrivals, seen: Seen, arranged: NDArray[np.bool_]) -> None:
    """Take the next events.

    Args:
        arrivals: The memory, changed in place.
        seen: A market's next events.
        arranged: Output: whether each event is a trade that looks arranged, shape (n_events,).
    """
    for i in range(len(seen.time)):
        kind, order = seen.kind[i], seen.order[i]
        if kind == TRADE:
            arranged[i] = _meet(arrivals, order, seen.counter_order[i], seen.time[i], seen.lots[i])
        elif kind in (NEW, REPLACE) and order != 0:
            row = arrivals.orders[_place(order)]
            row[_ORDER], row[_TIME], row[_LEFT] = order, seen.time[i], seen.lots[i]
            if arrivals.first[0] == 0:
                arrivals.first[0] = seen.time[i]
