"""The call auction: orders gather without trading, then all trade at the one price at which most can.

Among prices of equal volume the one with the smallest surplus wins, then the one nearest to the last trade.
"""

from __future__ import annotations

from features.events import EXPIRE
from training.simulator.compiled import inner
from training.simulator.exchange.records import CALL, CLOSED, CONTINUOUS, NONE, USED
from training.simulator.exchange.venue import Exchange, cancel, settle_resting, trade


@inner
def change_phase(x: Exchange, now: int, market: int, phase: int) -> None:
    """Let a market enter a phase: leaving a call uncrosses it, closing lets every resting order expire."""
    book = x.books[market]
    if book.phase == CALL and phase != CALL:
        uncross(x, now, market)
    book.phase = phase
    if phase == CLOSED:
        for slot in range(1, x.pool.top[USED]):
            if x.pool.number[slot] != 0 and x.pool.market[slot] == market:
                cancel(x, now, slot, EXPIRE)


@inner
def clearing_price(x: Exchange, market: int) -> int:
    """Return the price at which most can trade, 0 where the book is not crossed."""
    book = x.books[market]
    if book.resting[0] == 0 or book.resting[1] == 0 or book.best[0] < book.best[1]:
        return 0
    low, high = book.best[1], book.best[0]
    supply, demand = 0, 0
    for price in range(low, high + 1):
        demand += _open_lots(x, market, 0, price)
    best, most, least = 0, 0, 0
    for price in range(low, high + 1):
        supply += _open_lots(x, market, 1, price)
        volume, surplus = min(supply, demand), abs(demand - supply)
        nearer = abs(price - book.last) < abs(best - book.last)
        if volume > most or (volume == most and (surplus < least or (surplus == least and nearer))):
            best, most, least = price, volume, surplus
        demand -= _open_lots(x, market, 0, price)
    return int(best)


@inner
def uncross(x: Exchange, now: int, market: int) -> None:
    """Trade everything that can trade at the clearing price, first by price, then by time; no side is aggressor."""
    price = clearing_price(x, market)
    if price == 0:
        return
    book, pool = x.books[market], x.pool
    book.phase = CONTINUOUS
    while book.resting[0] > 0 and book.resting[1] > 0 and book.best[0] >= price >= book.best[1]:
        buy, sell = book.head[0, book.best[0]], book.head[1, book.best[1]]
        lots = min(pool.shown[buy], pool.shown[sell])
        trade(x, now, buy, sell, price, lots, 0)
        settle_resting(x, now, buy, lots)
        settle_resting(x, now, sell, lots)


@inner
def _open_lots(x: Exchange, market: int, side: int, price: int) -> int:
    total, slot = 0, x.books[market].head[side, price]
    while slot != NONE:
        total += x.pool.leaves[slot]
        slot = x.pool.following[slot]
    return total
