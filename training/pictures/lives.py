"""Order lives: each order as pieces of constant price and size, from one message to the next.

A piece is a rectangle in time and price. All of a market's pieces together are its book at any time, and those of
some accounts are what these accounts did, so both pictures are drawn from one table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, LEVEL, NEW, REJECT, REPLACE, UNKNOWN, Events

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Lives:
    """Pieces of order lives as parallel columns, shape (n_pieces,) each, by order and then by time.

    Attributes:
        start: Time of the message that began the piece, ns.
        end: Time of the order's next message, ns, >= start; the end of the tape where there is none.
        price: Limit price; NaN for orders without one, which never rest.
        lots: Quantity that rested, in lots, > 0.
        side: +1 buy, -1 sell.
        account: Account code, -1 where unknown.
        order: Hash of the order id.
        opened: Kind of the message that began it.
        closed: Kind of the message that ended it, -1 where the tape ended first.
        row: Index in the events of the message that began it.
    """

    start: IntArray
    end: IntArray
    price: FloatArray
    lots: IntArray
    side: NDArray[np.int8]
    account: NDArray[np.int32]
    order: IntArray
    opened: NDArray[np.int8]
    closed: NDArray[np.int8]
    row: IntArray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: NDArray[np.bool_] | IntArray) -> Lives:
        """Return the chosen pieces."""
        return Lives(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def between(self, start: int, end: int) -> Lives:
        """Return the pieces that touch a span of time, ns."""
        return self.take((self.end >= start) & (self.start <= end))

    @property
    def rests(self) -> NDArray[np.bool_]:
        """Whether a piece was ever in the book: it has a price, and lasted."""
        return np.isfinite(self.price) & (self.end > self.start)


def order_lives(events: Events) -> Lives:
    """Return the pieces of every order of one market.

    What an order leaves is taken from its messages, and counted on from the last known where they do not say.

    Args:
        events: One market's events in total order; all but order messages are left aside.
    """
    rows = np.flatnonzero(events.kind < LEVEL)
    rows = rows[np.argsort(events.order[rows], kind="stable")]
    order, kind, time = events.order[rows], events.kind[rows], events.time[rows]
    places, removes = np.isin(kind, (NEW, REPLACE)), np.isin(kind, (CANCEL, EXPIRE, REJECT))
    last = np.append(order[1:] != order[:-1], True)[: len(rows)]
    price, left = _states(order, places, removes, events.price[rows], events.lots[rows], events.leaves[rows])
    horizon = int(events.time[-1]) if len(events) else 0
    pieces = Lives(
        start=time,
        end=np.where(last, horizon, np.roll(time, -1)),
        price=price,
        lots=left,
        side=events.side[rows],
        account=events.account[rows],
        order=order,
        opened=kind,
        closed=np.where(last, np.int8(UNKNOWN), np.roll(kind, -1)),
        row=rows,
    )
    return pieces.take(left > 0)


@njit(cache=True)
def _states(
    order: IntArray,
    places: NDArray[np.bool_],
    removes: NDArray[np.bool_],
    price: FloatArray,
    lots: IntArray,
    leaves: IntArray,
) -> tuple[FloatArray, IntArray]:
    """Return price and lots of each order after each of its messages; messages stand by order, then by time."""
    price_after = np.full(len(order), np.nan)
    left_after = np.zeros(len(order), np.int64)
    limit, left = np.nan, np.int64(0)
    for i in range(len(order)):
        if i == 0 or order[i] != order[i - 1]:
            # Of an order older than the tape the first message is the first price that is known.
            limit, left = price[i], np.int64(0)
        if places[i]:
            limit, left = (price[i] if not np.isnan(price[i]) else limit), max(lots[i], np.int64(0))
        elif removes[i]:
            left = np.int64(0)
        else:
            left = max(left - max(lots[i], np.int64(0)), np.int64(0))
        if leaves[i] >= 0:
            left = leaves[i]
        price_after[i], left_after[i] = limit, left
    return price_after, left_after
