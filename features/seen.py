"""Seen: a market's events with what was known when each came: its order's life, the touch, the market's habit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Seen(NamedTuple):
    """One chunk of a market's events in total order, shape (n_events,) each.

    Prices before a moment are those after all events of earlier timestamps: equal timestamps are simultaneous.

    Attributes:
        time: Nanoseconds since 1970, UTC.
        kind: NEW … REJECT for order messages, TRADE for trades.
        side: Side of the order, +1 buy, -1 sell; of a trade the taker's, told by the touch where the source does not
            say, 0 where nothing tells.
        price: Price of the trade, or of the order after the message; NaN unknown.
        lots: The message's own quantity, -1 unknown.
        entity: Who owns the order, or buys; -1 unknown.
        counter: Who sells; -1 otherwise.
        order: Hash of the order id, or of the buyer's; 0 unknown.
        counter_order: Hash of the seller's order id; 0 otherwise.
        size: Filled and open lots of the order before the message, of a new one its lots; 0 where it is not known.
        left: Open lots before the message; 0 of a new one.
        after: Open lots after the message.
        filled: Filled lots before the message.
        placed: Time the order was placed, ns; 0 where it is not known.
        was: Price of the order before the message; NaN unknown.
        changes: Replacements of the order so far.
        bid: Best bid before the moment, NaN unknown; so the ask.
        ask: Best ask.
        bid_lots: Lots at the best bid; so at the ask.
        ask_lots: Lots at the best ask.
        bid_depth: Lots on the five best bids; so of the asks.
        ask_depth: Lots on the five best asks.
        last: Price of the last trade before the event, NaN before the first.
        usual: Geometric mean size of a new order (of a trade where there are no orders), lots; NaN until known.
        sigma: Typical absolute log price change over a minute; NaN until known.
        pace: Usual trades a minute; NaN until known.
        flow: Usual lots traded a minute; NaN until known.
    """

    time: NDArray[np.int64]
    kind: NDArray[np.int8]
    side: NDArray[np.int8]
    price: NDArray[np.float64]
    lots: NDArray[np.int64]
    entity: NDArray[np.int32]
    counter: NDArray[np.int32]
    order: NDArray[np.int64]
    counter_order: NDArray[np.int64]
    size: NDArray[np.int64]
    left: NDArray[np.int64]
    after: NDArray[np.int64]
    filled: NDArray[np.int64]
    placed: NDArray[np.int64]
    was: NDArray[np.float64]
    changes: NDArray[np.int32]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_lots: NDArray[np.int64]
    ask_lots: NDArray[np.int64]
    bid_depth: NDArray[np.int64]
    ask_depth: NDArray[np.int64]
    last: NDArray[np.float64]
    usual: NDArray[np.float64]
    sigma: NDArray[np.float64]
    pace: NDArray[np.float64]
    flow: NDArray[np.float64]


_WHOLE = ("size", "left", "after", "filled", "placed", "bid_lots", "ask_lots", "bid_depth", "ask_depth")
_REAL = ("was", "bid", "ask", "last", "usual", "sigma", "pace", "flow")


def blank_seen(given: dict[str, NDArray[Any]]) -> Seen:
    """Return the given columns with the rest unknown.

    Args:
        given: Columns `time`, `kind`, `side`, `price`, `lots`, `entity`, `counter`, `order` and `counter_order`.
    """
    n = len(given["time"])
    whole, real = np.zeros((len(_WHOLE), n), np.int64), np.empty((len(_REAL), n))
    real.fill(np.nan)
    columns = {**given, **dict(zip(_WHOLE, whole, strict=True)), **dict(zip(_REAL, real, strict=True))}
    return Seen(**columns, changes=np.zeros(n, np.int32))
