"""Orders at the exchange: matched by price, then time; what rests, what expires, what is refused.

Modelled: limit orders; market orders as limits with a protection price; immediate-or-cancel, fill-or-kill, post-only;
icebergs whose next slice queues last; replaces (smaller at the same price keeps its place, anything else queues last
and may trade); self-match prevention per order (the resting order is cancelled); calls, halts and closed hours; maker's
and taker's fees.
Not modelled: stop orders, hidden midpoint orders, minimum quantities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, EXPIRE, FILL, NEW, REJECT, REPLACE, TRADE
from training.simulator.compiled import inner
from training.simulator.exchange.queues import dequeue, enqueue, record, release, show, take_slot
from training.simulator.exchange.records import (
    ACCOUNT,
    CALL,
    CONTINUOUS,
    COUNTER,
    COUNTER_ORDER,
    COUNTER_TAG,
    FILL_OR_KILL,
    HOOK,
    KIND,
    LEAVES,
    LOTS,
    MARKET,
    MEETS_ITSELF,
    N_PRICES,
    NONE,
    NUMBER,
    ORDER,
    POST_ONLY,
    PRICE,
    RESTS,
    SIDE,
    TAG,
    TIME,
    Book,
    Log,
    Pool,
)


class Exchange(NamedTuple):
    """All markets of a tape, and what everybody holds.

    Attributes:
        books: One `Book` a market.
        pool: Every order that rests.
        log: Messages not yet taken away.
        position: Lots held, shape (n_accounts, n_markets); sums to 0 over accounts.
        cash: Ticks times lots received less paid, shape (n_accounts, n_markets); sums to 0 over accounts.
        fees: Fees paid less rebates received, ticks times lots, shape (n_accounts, n_markets).
    """

    books: Any
    pool: Pool
    log: Log
    position: NDArray[np.int64]
    cash: NDArray[np.int64]
    fees: NDArray[np.float64]


@inner
def cancel(x: Exchange, now: int, slot: int, kind: int) -> None:
    """Take a resting order out of the book and say so, as a CANCEL or an EXPIRE."""
    book, pool = x.books[x.pool.market[slot]], x.pool
    lots = pool.leaves[slot]
    show(book, pool, x.log, now, slot, -pool.shown[slot])
    dequeue(book, pool, slot)
    pool.leaves[slot], pool.shown[slot] = 0, 0
    record(pool, x.log, now, kind, slot, pool.price[slot], lots)
    release(pool, slot)


@inner
def place(  # noqa: PLR0913, PLR0917 - an order has that many fields, and numba passes no keywords
    x: Exchange, now: int, market: int, account: int, side: int, price: int, lots: int, terms: int, display: int,
    tag: int, hook: int,
) -> int:  # fmt: skip
    """Send an order: match it, then rest what is left, or let it expire at once when it does not rest.

    Args:
        x: The exchange.
        now: Nanoseconds.
        market: Where.
        account: Who sends it.
        side: +1 buy, -1 sell.
        price: Limit in ticks; brought into the book's range.
        lots: Quantity, >= 1.
        terms: 0 (immediate-or-cancel), or a sum of RESTS, MEETS_ITSELF, POST_ONLY, FILL_OR_KILL.
        display: Lots an iceberg shows at a time, 0 to show all.
        tag: The episode it belongs to, -1 for none.
        hook: Who must hear of fills, -1 for nobody.

    Returns:
        The slot it rests in, 0 when nothing of it rests.
    """
    book, pool = x.books[market], x.pool
    if book.phase > CALL:
        return NONE
    slot = take_slot(pool)
    pool.number[slot] = pool.top[NUMBER]
    pool.top[NUMBER] += 1
    pool.market[slot], pool.account[slot], pool.side[slot] = market, account, side
    pool.price[slot], pool.leaves[slot] = min(max(price, 1), N_PRICES - 2), lots
    pool.display[slot], pool.terms[slot], pool.tag[slot], pool.hook[slot] = display, terms, tag, hook
    if _is_refused(book, pool, slot):
        pool.leaves[slot] = 0
        record(pool, x.log, now, REJECT, slot, pool.price[slot], lots)
        release(pool, slot)
        return NONE
    record(pool, x.log, now, NEW, slot, pool.price[slot], lots)
    if book.phase == CONTINUOUS and (not terms & FILL_OR_KILL or _can_fill(book, pool, slot)):
        _match(x, now, slot)
    return _rest(x, now, slot)


@inner
def replace(x: Exchange, now: int, slot: int, price: int, lots: int) -> int:
    """Change a resting order's price and open lots; return the slot it rests in, 0 when it traded away."""
    market = x.pool.market[slot]
    book, pool = x.books[market], x.pool
    price = min(max(price, 1), N_PRICES - 2)
    if book.phase > CALL or (pool.terms[slot] & POST_ONLY and _would_take(book, pool.side[slot], price)):
        return slot
    show(book, pool, x.log, now, slot, -pool.shown[slot])
    if price == pool.price[slot] and lots <= pool.leaves[slot]:
        pool.leaves[slot] = lots
        _slice(book, x, now, slot)
        record(pool, x.log, now, REPLACE, slot, price, lots)
        return slot
    dequeue(book, pool, slot)
    pool.price[slot], pool.leaves[slot] = price, lots
    record(pool, x.log, now, REPLACE, slot, price, lots)
    if book.phase == CONTINUOUS:
        _match(x, now, slot)
    return _rest(x, now, slot)


@inner
def trade(x: Exchange, now: int, taker: int, maker: int, price: int, lots: int, aggressor: int) -> None:
    """Let two orders trade: both fills, the trade, and what changes hands.

    Args:
        x: The exchange.
        now: Nanoseconds.
        taker: Slot of the order that came last.
        maker: Slot of the order that rested.
        price: Ticks.
        lots: Quantity.
        aggressor: Side of the taker, 0 in an auction.
    """
    pool, log = x.pool, x.log
    market = pool.market[taker]
    book = x.books[market]
    pool.leaves[taker] -= lots
    pool.leaves[maker] -= lots
    record(pool, log, now, FILL, maker, price, lots)
    record(pool, log, now, FILL, taker, price, lots)
    buy, sell = (taker, maker) if pool.side[taker] > 0 else (maker, taker)
    row = log.rows[log.count[0]]
    log.count[0] += 1
    row[TIME], row[KIND], row[MARKET], row[SIDE], row[PRICE], row[LOTS] = now, TRADE, market, aggressor, price, lots
    row[LEAVES], row[HOOK] = -1, -1
    buyer, seller = pool.account[buy], pool.account[sell]
    row[ACCOUNT], row[ORDER], row[TAG] = buyer, pool.number[buy], pool.tag[buy]
    row[COUNTER], row[COUNTER_ORDER], row[COUNTER_TAG] = seller, pool.number[sell], pool.tag[sell]
    book.last = price
    book.trades += 1
    value = price * lots
    x.position[buyer, market] += lots
    x.position[seller, market] -= lots
    x.cash[buyer, market] -= value
    x.cash[seller, market] += value
    x.fees[pool.account[taker], market] += (book.taker_fee if aggressor != 0 else book.maker_fee) * value
    x.fees[pool.account[maker], market] += book.maker_fee * value


@inner
def settle_resting(x: Exchange, now: int, slot: int, lots: int) -> None:
    """Show less of a resting order that has just traded; refill an iceberg at the end of the queue, or let it go."""
    book, pool = x.books[x.pool.market[slot]], x.pool
    show(book, pool, x.log, now, slot, -lots)
    pool.shown[slot] -= lots
    if pool.leaves[slot] == 0:
        dequeue(book, pool, slot)
        release(pool, slot)
    elif pool.shown[slot] == 0:
        dequeue(book, pool, slot)
        _slice(book, x, now, slot)
        enqueue(book, pool, slot)


@inner
def _slice(book: Book, x: Exchange, now: int, slot: int) -> None:
    pool = x.pool
    whole, display = pool.leaves[slot], pool.display[slot]
    pool.shown[slot] = min(whole, display) if display > 0 else whole
    show(book, pool, x.log, now, slot, pool.shown[slot])


@inner
def _rest(x: Exchange, now: int, slot: int) -> int:
    book, pool = x.books[x.pool.market[slot]], x.pool
    if pool.leaves[slot] > 0 and pool.terms[slot] & RESTS:
        _slice(book, x, now, slot)
        enqueue(book, pool, slot)
        return slot
    if pool.leaves[slot] > 0:
        lots = pool.leaves[slot]
        pool.leaves[slot] = 0
        record(pool, x.log, now, EXPIRE, slot, pool.price[slot], lots)
    release(pool, slot)
    return NONE


@inner
def _match(x: Exchange, now: int, taker: int) -> None:
    pool = x.pool
    book = x.books[pool.market[taker]]
    side, own = pool.side[taker], 0 if pool.side[taker] > 0 else 1
    while pool.leaves[taker] > 0 and book.resting[1 - own] > 0:
        price = book.best[1 - own]
        if (price - pool.price[taker]) * side > 0:
            return
        maker = book.head[1 - own, price]
        if pool.account[maker] == pool.account[taker] and not pool.terms[taker] & MEETS_ITSELF:
            cancel(x, now, maker, CANCEL)
            continue
        lots = min(pool.leaves[taker], pool.shown[maker])
        trade(x, now, taker, maker, price, lots, side)
        settle_resting(x, now, maker, lots)


@inner
def _would_take(book: Book, side: int, price: int) -> bool:
    if side > 0:
        return bool(book.resting[1] > 0 and price >= book.best[1])
    return bool(book.resting[0] > 0 and price <= book.best[0])


@inner
def _is_refused(book: Book, pool: Pool, slot: int) -> bool:
    terms = pool.terms[slot]
    if book.phase == CALL:
        return not terms & RESTS
    return bool(terms & POST_ONLY and _would_take(book, pool.side[slot], pool.price[slot]))


@inner
def _can_fill(book: Book, pool: Pool, slot: int) -> bool:
    """Whether everything an order wants is there for it, at its limit or better."""
    side, other = pool.side[slot], 1 if pool.side[slot] > 0 else 0
    wanted, price, left = pool.leaves[slot], book.best[other], book.resting[other]
    while left > 0 and (price - pool.price[slot]) * side <= 0:
        maker = book.head[other, price]
        while maker != NONE:
            left -= 1
            if pool.account[maker] != pool.account[slot] or pool.terms[slot] & MEETS_ITSELF:
                wanted -= pool.leaves[maker]
            maker = pool.following[maker]
        if wanted <= 0:
            return True
        price += side
    return False
