"""What an exchange remembers: books, resting orders and the message log, as records that kernels take by reference.

Prices are whole ticks and quantities whole lots, so nothing is ever lost to rounding. Everything starts as zeros:
memory that no order touches is never taken.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

N_PRICES, N_SLOTS, LOG_CAPACITY = 1 << 16, 1 << 18, 1 << 17
NO_BID, NO_ASK = 0, N_PRICES - 1
NONE = 0  # the slot that is no order
BUY_ROW, SELL_ROW = 0, 1
CONTINUOUS, CALL, HALTED, CLOSED = 0, 1, 2, 3
RESTS, MEETS_ITSELF, POST_ONLY, FILL_OR_KILL = 1, 2, 4, 8  # terms of an order, to be added
LEVEL = 20  # kind of a log row that tells what is shown at a price
NOBODY = -1
LOG_COLUMNS = (
    "time", "kind", "market", "side", "price", "lots", "leaves",
    "account", "number", "tag", "counter", "counter_number", "counter_tag", "hook",
)  # fmt: skip
(
    TIME, KIND, MARKET, SIDE, PRICE, LOTS, LEAVES,
    ACCOUNT, ORDER, TAG, COUNTER, COUNTER_ORDER, COUNTER_TAG, HOOK,
) = range(14)  # fmt: skip


class Book(Protocol):
    """One market: queues per side (0 buy, 1 sell) and price, shape (2, n_prices) each.

    Attributes:
        head: First slot in the queue, NONE where empty.
        tail: Last slot in the queue.
        depth: Lots shown at the price.
        best: Best bid and best ask, NO_BID and NO_ASK where that side is empty.
        resting: Orders on each side.
        last: Price of the last trade, ticks; the opening price before the first.
        trades: Trades so far.
        phase: CONTINUOUS, CALL, HALTED or CLOSED.
        shows_levels: 1 where every change of a level is logged.
        maker_fee: Fee on value for whoever rested; negative is a rebate.
        taker_fee: Fee on value for whoever took.
    """

    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    depth: NDArray[np.int64]
    best: NDArray[np.int64]
    resting: NDArray[np.int64]
    last: int
    trades: int
    phase: int
    shows_levels: int
    maker_fee: float
    taker_fee: float


class Pool(Protocol):
    """Orders of all markets in numbered slots, shape (n_slots,) each; slot 0 is no order.

    Attributes:
        number: The order's number; 0 where the slot is free.
        market: Where it rests.
        account: Who sent it.
        side: +1 buy, -1 sell.
        price: Ticks.
        leaves: Lots still open.
        shown: Lots of them that the book shows.
        display: Lots that an iceberg shows at a time, 0 where all is shown.
        terms: RESTS, MEETS_ITSELF, POST_ONLY, FILL_OR_KILL, added.
        tag: The episode it belongs to, NOBODY's for the background.
        hook: Who must hear of its fills, -1 for nobody.
        following: Next slot in its queue, NONE at the end.
        preceding: Previous slot in its queue, NONE at the head.
        free: Stack of slots given back.
        top: Slots on that stack, slots ever used, next order number.
    """

    number: NDArray[np.int64]
    market: NDArray[np.int64]
    account: NDArray[np.int64]
    side: NDArray[np.int64]
    price: NDArray[np.int64]
    leaves: NDArray[np.int64]
    shown: NDArray[np.int64]
    display: NDArray[np.int64]
    terms: NDArray[np.int64]
    tag: NDArray[np.int64]
    hook: NDArray[np.int64]
    following: NDArray[np.int64]
    preceding: NDArray[np.int64]
    free: NDArray[np.int64]
    top: NDArray[np.int64]


class Log(Protocol):
    """Messages not yet taken away: rows of `LOG_COLUMNS`, and how many there are."""

    rows: NDArray[np.int64]
    count: NDArray[np.int64]


GIVEN_BACK, USED, NUMBER = 0, 1, 2
_BOOK = np.dtype(
    [(name, np.int64, (2, N_PRICES)) for name in ("head", "tail", "depth")]
    + [(name, np.int64, (2,)) for name in ("best", "resting")]
    + [(name, np.int64) for name in ("last", "trades", "phase", "shows_levels")]
    + [(name, np.float64) for name in ("maker_fee", "taker_fee")]
)
_SLOTS = (
    "number", "market", "account", "side", "price", "leaves", "shown", "display",
    "terms", "tag", "hook", "following", "preceding", "free",
)  # fmt: skip
_POOL = np.dtype([(name, np.int64, (N_SLOTS,)) for name in _SLOTS] + [("top", np.int64, (3,))])
_LOG = np.dtype([("rows", np.int64, (LOG_CAPACITY, len(LOG_COLUMNS))), ("count", np.int64, (1,))])


def empty_record(dtype: np.dtype[np.void]) -> np.record:
    """Return one zeroed record; kernels take records by reference and compile far faster than with many arrays."""
    record: np.record = np.zeros(1, dtype).view(np.recarray)[0]
    return record


def empty_books(opening: list[int], fees: list[tuple[float, float]], *, shows_levels: bool) -> NDArray[np.void]:
    """Return books without orders, shape (n_markets,).

    Args:
        opening: Opening price of each market, ticks.
        fees: Maker's and taker's fee of each market, shares of value.
        shows_levels: Whether changes of levels are logged.
    """
    books = np.zeros(len(opening), _BOOK)
    books["best"] = (NO_BID, NO_ASK)
    books["last"], books["shows_levels"] = opening, int(shows_levels)
    books["maker_fee"], books["taker_fee"] = zip(*fees, strict=True)
    return books


def empty_pool() -> Pool:
    """Return room for orders; numbers begin with 1."""
    pool = cast("Pool", empty_record(_POOL))
    pool.top[USED], pool.top[NUMBER] = 1, 1
    return pool


def empty_log() -> Log:
    """Return a log without messages."""
    return cast("Log", empty_record(_LOG))
