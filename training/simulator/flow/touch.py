"""Reading a book: mid price, touch and imbalance."""

from __future__ import annotations

from training.simulator.compiled import entry, inner
from training.simulator.exchange.records import CALL, N_PRICES
from training.simulator.flow.world import World


@entry
def middle(w: World, market: int) -> float:
    """Return the mid price in ticks; the last price in a call or where a side is empty."""
    book = w.exchange.books[market]
    if book.resting[0] == 0 or book.resting[1] == 0 or book.phase == CALL:
        return float(book.last)
    return 0.5 * float(book.best[0] + book.best[1])


@inner
def own_touch(w: World, market: int, side: int, away: int) -> int:
    """Return the best price on one's own side; where nobody is there, that many ticks from the mid price."""
    book = w.exchange.books[market]
    row = 0 if side > 0 else 1
    if book.resting[row] == 0 or book.phase == CALL:
        return int(middle(w, market)) - side * away
    return int(book.best[row])


@entry
def imbalance(w: World, market: int, reach: int) -> float:
    """Return (bid - ask) / (bid + ask) of the lots within `reach` ticks of the touch, 0 where a side is empty."""
    book = w.exchange.books[market]
    if book.resting[0] == 0 or book.resting[1] == 0 or book.phase == CALL:
        return 0.0
    below = book.depth[0, max(book.best[0] - reach + 1, 1) : book.best[0] + 1].sum()
    above = book.depth[1, book.best[1] : min(book.best[1] + reach, N_PRICES - 1)].sum()
    return float(below - above) / float(below + above)
