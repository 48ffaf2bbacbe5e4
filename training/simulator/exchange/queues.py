"""Queues of a book: joining, leaving, and what is shown at each price."""

from __future__ import annotations

from training.simulator.compiled import inner
from training.simulator.exchange.records import (
    ACCOUNT,
    COUNTER,
    COUNTER_ORDER,
    COUNTER_TAG,
    GIVEN_BACK,
    HOOK,
    KIND,
    LEAVES,
    LEVEL,
    LOTS,
    MARKET,
    NO_ASK,
    NO_BID,
    NONE,
    ORDER,
    PRICE,
    SIDE,
    TAG,
    TIME,
    USED,
    Book,
    Log,
    Pool,
)


@inner
def record(pool: Pool, log: Log, now: int, kind: int, slot: int, price: int, lots: int) -> None:
    """Log a message about an order."""
    row = log.rows[log.count[0]]
    log.count[0] += 1
    row[TIME], row[KIND], row[MARKET], row[PRICE], row[LOTS] = now, kind, pool.market[slot], price, lots
    row[SIDE], row[LEAVES], row[ACCOUNT] = pool.side[slot], pool.leaves[slot], pool.account[slot]
    row[ORDER], row[TAG], row[HOOK] = pool.number[slot], pool.tag[slot], pool.hook[slot]
    row[COUNTER], row[COUNTER_ORDER], row[COUNTER_TAG] = -1, -1, -1


@inner
def show(book: Book, pool: Pool, log: Log, now: int, slot: int, change: int) -> None:
    """Change what is shown at an order's price, and log the level where that is wanted."""
    side = 0 if pool.side[slot] > 0 else 1
    price = pool.price[slot]
    book.depth[side, price] += change
    if book.shows_levels:
        record(pool, log, now, LEVEL, slot, price, book.depth[side, price])


@inner
def enqueue(book: Book, pool: Pool, slot: int) -> None:
    """Put an order at the end of the queue of its price; the caller shows it."""
    side = 0 if pool.side[slot] > 0 else 1
    price = pool.price[slot]
    last = book.tail[side, price]
    if book.head[side, price] == NONE:
        last = NONE
    pool.preceding[slot], pool.following[slot] = last, NONE
    if last != NONE:
        pool.following[last] = slot
    else:
        book.head[side, price] = slot
    book.tail[side, price] = slot
    book.resting[side] += 1
    if side == 0:
        book.best[0] = max(book.best[0], price)
    else:
        book.best[1] = min(book.best[1], price)


@inner
def dequeue(book: Book, pool: Pool, slot: int) -> None:
    """Take an order out of its queue; the caller has already taken it out of what is shown."""
    side = 0 if pool.side[slot] > 0 else 1
    price, before, after = pool.price[slot], pool.preceding[slot], pool.following[slot]
    if before != NONE:
        pool.following[before] = after
    else:
        book.head[side, price] = after
    if after != NONE:
        pool.preceding[after] = before
    else:
        book.tail[side, price] = before
    book.resting[side] -= 1
    if book.head[side, price] == NONE and book.best[side] == price:
        _find_best(book, side, price)


@inner
def _find_best(book: Book, side: int, price: int) -> None:
    if book.resting[side] == 0:
        book.best[side] = NO_BID if side == 0 else NO_ASK
        return
    step = -1 if side == 0 else 1
    while book.head[side, price] == NONE:
        price += step
    book.best[side] = price


@inner
def take_slot(pool: Pool) -> int:
    """Return a free slot."""
    if pool.top[GIVEN_BACK] > 0:
        pool.top[GIVEN_BACK] -= 1
        return int(pool.free[pool.top[GIVEN_BACK]])
    if pool.top[USED] >= len(pool.number):
        raise MemoryError("resting orders must fit the pool of the simulator")
    pool.top[USED] += 1
    return int(pool.top[USED] - 1)


@inner
def release(pool: Pool, slot: int) -> None:
    """Give a slot back."""
    pool.number[slot] = 0
    pool.free[pool.top[GIVEN_BACK]] = slot
    pool.top[GIVEN_BACK] += 1
