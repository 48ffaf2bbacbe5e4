"""One market's order book with price-time priority matching, and the log of every message it sends.

Modelled: limit orders, immediate-or-cancel orders, cancels, expiries, replaces (smaller at the same price keeps its
place, anything else goes to the back), self-match prevention per order (the resting order is cancelled). Prices are
whole ticks and quantities whole lots, so nothing is ever lost to rounding.
Not modelled: fill-or-kill, icebergs, auctions, fees, halts.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, NEW, REPLACE, TRADE
from training.simulator.compiled import inner

BEST_BID, BEST_ASK, FREE, NUMBER, LAST_PRICE, TRADES = 0, 1, 2, 3, 4, 5
N_PRICES, N_SLOTS, LOG_CAPACITY = 1 << 17, 1 << 16, 1 << 18
RESTS, MEETS_ITSELF = 1, 2  # terms of an order, to be added
LOG_COLUMNS = (
    "time", "kind", "side", "price", "lots", "leaves",
    "account", "number", "tag", "counter", "counter_number", "counter_tag", "hook",
)  # fmt: skip
TIME, KIND, SIDE, PRICE, LOTS, LEAVES, ACCOUNT, ORDER, TAG, COUNTER, COUNTER_ORDER, COUNTER_TAG, HOOK = range(13)


class Book(Protocol):
    """The resting orders: a queue per price, and orders in numbered slots.

    Attributes:
        head: First slot in the queue of each price, -1 where empty, shape (n_prices,).
        tail: Last slot in the queue of each price, shape (n_prices,).
        depth: Lots resting at each price, shape (n_prices,).
        following: Next slot in the same queue, -1 at its end, shape (n_slots,), as all below.
        preceding: Previous slot in the same queue, -1 at its head.
        number: The order's number; -1 where the slot is free.
        account: Who sent it.
        side: +1 buy, -1 sell.
        price: Ticks.
        leaves: Lots still open, > 0 while it rests.
        tag: The planted episode it belongs to, -1 for honest orders.
        hook: Who must hear of its fills (see `market`), -1 for nobody.
        free: Stack of free slots.
        top: Best bid (0 for none), best ask (n_prices - 1 for none), free slots, next order number, last trade price,
            number of trades.
    """

    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    depth: NDArray[np.int64]
    following: NDArray[np.int64]
    preceding: NDArray[np.int64]
    number: NDArray[np.int64]
    account: NDArray[np.int64]
    side: NDArray[np.int64]
    price: NDArray[np.int64]
    leaves: NDArray[np.int64]
    tag: NDArray[np.int64]
    hook: NDArray[np.int64]
    free: NDArray[np.int64]
    top: NDArray[np.int64]


class Log(Protocol):
    """Messages not yet taken away: rows of `LOG_COLUMNS`, and how many there are."""

    rows: NDArray[np.int64]
    count: NDArray[np.int64]


_BOOK = np.dtype(
    [(name, np.int64, (N_PRICES,)) for name in ("head", "tail", "depth")]
    + [
        (name, np.int64, (N_SLOTS,))
        for name in ("following", "preceding", "number", "account", "side", "price", "leaves", "tag", "hook", "free")
    ]
    + [("top", np.int64, (6,))]
)
_LOG = np.dtype([("rows", np.int64, (LOG_CAPACITY, len(LOG_COLUMNS))), ("count", np.int64, (1,))])


def empty_record(dtype: np.dtype[np.void]) -> np.record:
    """Return one zeroed record; kernels take records by reference and compile far faster than with many arrays."""
    record: np.record = np.zeros(1, dtype).view(np.recarray)[0]
    return record


def empty_book(opening_price: int) -> Book:
    """Return a book without orders that last traded at the opening price, in ticks."""
    book = cast("Book", empty_record(_BOOK))
    book.head[:], book.tail[:], book.number[:] = -1, -1, -1
    book.free[:] = np.arange(N_SLOTS)[::-1]
    book.top[:] = (0, N_PRICES - 1, N_SLOTS, 0, opening_price, 0)
    return book


def empty_log() -> Log:
    """Return a log without messages."""
    return cast("Log", empty_record(_LOG))


@inner
def _record(book: Book, log: Log, now: int, kind: int, slot: int, price: int, lots: int) -> None:
    row = log.rows[log.count[0]]
    log.count[0] += 1
    row[TIME], row[KIND], row[PRICE], row[LOTS] = now, kind, price, lots
    row[SIDE], row[LEAVES], row[ACCOUNT] = book.side[slot], book.leaves[slot], book.account[slot]
    row[ORDER], row[TAG], row[HOOK] = book.number[slot], book.tag[slot], book.hook[slot]
    row[COUNTER], row[COUNTER_ORDER], row[COUNTER_TAG] = -1, -1, -1


@inner
def _record_trade(book: Book, log: Log, now: int, taker: int, maker: int, lots: int) -> None:
    row = log.rows[log.count[0]]
    log.count[0] += 1
    buyer, seller = (taker, maker) if book.side[taker] > 0 else (maker, taker)
    row[TIME], row[KIND], row[SIDE], row[PRICE], row[LOTS] = now, TRADE, book.side[taker], book.price[maker], lots
    row[LEAVES], row[HOOK] = -1, -1
    row[ACCOUNT], row[ORDER], row[TAG] = book.account[buyer], book.number[buyer], book.tag[buyer]
    row[COUNTER], row[COUNTER_ORDER], row[COUNTER_TAG] = book.account[seller], book.number[seller], book.tag[seller]
    book.top[LAST_PRICE] = book.price[maker]
    book.top[TRADES] += 1


@inner
def _enqueue(book: Book, slot: int) -> None:
    price, side = book.price[slot], book.side[slot]
    last = book.tail[price]
    book.preceding[slot], book.following[slot] = last, -1
    if last >= 0:
        book.following[last] = slot
    else:
        book.head[price] = slot
    book.tail[price] = slot
    book.depth[price] += book.leaves[slot]
    if side > 0 and price > book.top[BEST_BID]:
        book.top[BEST_BID] = price
    elif side < 0 and price < book.top[BEST_ASK]:
        book.top[BEST_ASK] = price


@inner
def _dequeue(book: Book, slot: int) -> None:
    """Take a slot out of its queue; the caller has already taken its lots out of the depth."""
    price, before, after = book.price[slot], book.preceding[slot], book.following[slot]
    if before >= 0:
        book.following[before] = after
    else:
        book.head[price] = after
    if after >= 0:
        book.preceding[after] = before
    else:
        book.tail[price] = before
    if book.head[price] >= 0:
        return
    if book.top[BEST_BID] == price and book.side[slot] > 0:
        while price > 0 and book.head[price] < 0:
            price -= 1
        book.top[BEST_BID] = price
    elif book.top[BEST_ASK] == price and book.side[slot] < 0:
        while price < len(book.head) - 1 and book.head[price] < 0:
            price += 1
        book.top[BEST_ASK] = price


@inner
def _release(book: Book, slot: int) -> None:
    book.number[slot] = -1
    book.free[book.top[FREE]] = slot
    book.top[FREE] += 1


@inner
def cancel(book: Book, log: Log, now: int, slot: int, kind: int) -> None:
    """Take a resting order out of the book and say so, as a CANCEL or an EXPIRE."""
    lots = book.leaves[slot]
    book.depth[book.price[slot]] -= lots
    book.leaves[slot] = 0
    _dequeue(book, slot)
    _record(book, log, now, kind, slot, book.price[slot], lots)
    _release(book, slot)


@inner
def _match(book: Book, log: Log, now: int, taker: int, terms: int) -> None:
    side, account = book.side[taker], book.account[taker]
    while book.leaves[taker] > 0:
        price = book.top[BEST_ASK] if side > 0 else book.top[BEST_BID]
        if (price - book.price[taker]) * side > 0:
            return
        maker = book.head[price]
        if book.account[maker] == account and not terms & MEETS_ITSELF:
            cancel(book, log, now, maker, CANCEL)
            continue
        lots = min(book.leaves[taker], book.leaves[maker])
        book.leaves[taker] -= lots
        book.leaves[maker] -= lots
        book.depth[price] -= lots
        _record(book, log, now, FILL, maker, price, lots)
        _record(book, log, now, FILL, taker, price, lots)
        _record_trade(book, log, now, taker, maker, lots)
        if book.leaves[maker] == 0:
            _dequeue(book, maker)
            _release(book, maker)


@inner
def place(  # noqa: PLR0913, PLR0917 - an order has that many fields, and numba passes no keywords
    book: Book, log: Log, now: int, account: int, side: int, price: int, lots: int, terms: int, tag: int, hook: int
) -> int:  # fmt: skip
    """Send an order: match it, then rest what is left, or let it expire at once when it does not rest.

    Args:
        book: The market.
        log: Receives the messages.
        now: Nanoseconds.
        account: Who sends it.
        side: +1 buy, -1 sell.
        price: Limit in ticks; brought into the book's range.
        lots: Quantity, >= 1.
        terms: 0, or RESTS (else immediate-or-cancel), plus MEETS_ITSELF where the account may trade with itself.
        tag: Planted episode, -1 for none.
        hook: Who must hear of fills, -1 for nobody.

    Returns:
        The slot it rests in, -1 when nothing of it rests.
    """
    book.top[FREE] -= 1
    slot = book.free[book.top[FREE]]
    book.number[slot] = book.top[NUMBER]
    book.top[NUMBER] += 1
    book.account[slot], book.side[slot], book.leaves[slot] = account, side, lots
    book.price[slot] = min(max(price, 1), len(book.head) - 2)
    book.tag[slot], book.hook[slot] = tag, hook
    _record(book, log, now, NEW, slot, book.price[slot], lots)
    _match(book, log, now, slot, terms)
    if book.leaves[slot] > 0 and terms & RESTS:
        _enqueue(book, slot)
        return int(slot)
    if book.leaves[slot] > 0:
        lots = book.leaves[slot]
        book.leaves[slot] = 0
        _record(book, log, now, EXPIRE, slot, book.price[slot], lots)
    _release(book, slot)
    return -1


@inner
def replace(book: Book, log: Log, now: int, slot: int, price: int, lots: int) -> None:
    """Change a resting order to a price that does not cross and to that many open lots."""
    keeps_place = price == book.price[slot] and lots <= book.leaves[slot]
    book.depth[book.price[slot]] -= book.leaves[slot]
    if keeps_place:
        book.leaves[slot] = lots
        book.depth[price] += lots
    else:
        _dequeue(book, slot)
        book.price[slot], book.leaves[slot] = price, lots
        _enqueue(book, slot)
    _record(book, log, now, REPLACE, slot, price, lots)
