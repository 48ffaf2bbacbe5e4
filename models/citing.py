"""Citations: the order and trade ids, and the accounts, that an alert rests on.

Looked up only for rows that raise or grow an alert, among the market's events of that row's bucket (for bait: of the
episode's last minute). At most `MOST` ids a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.events import CANCEL, FILL, TRADE, Events

MOST = 50
LOOK_BACK_NS = 60_000_000_000


@dataclass(frozen=True)
class Citation:
    """Ids and account codes that one row rests on."""

    order_ids: tuple[str, ...] = ()
    trade_ids: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Recent:
    """A market's latest events in total order, with the entities of their accounts, shape (n,) each."""

    events: Events
    entity: NDArray[np.int32]
    counter: NDArray[np.int32]

    def between(self, start: int, end: int) -> Recent:
        """Return those with start <= time < end."""
        first, last = np.searchsorted(self.events.time, [start, end])
        span = slice(int(first), int(last))
        return Recent(self.events.take(span), self.entity[span], self.counter[span])


def _ids(events: Events, rows: NDArray[np.intp]) -> tuple[str, ...]:
    found = events.ids.take(rows[:MOST]).to_pylist()
    return tuple(dict.fromkeys(identity for identity in found if identity is not None))


def _accounts(*codes: NDArray[np.int32]) -> tuple[int, ...]:
    seen = np.unique(np.concatenate(codes))
    return tuple(int(code) for code in seen if code >= 0)


def _within(recent: Recent, subject: list[int]) -> Citation:
    mine, theirs = np.isin(recent.entity, subject), np.isin(recent.counter, subject)
    rows = np.flatnonzero((recent.events.kind == TRADE) & mine & theirs)
    accounts = _accounts(recent.events.account[rows], recent.events.counter[rows])
    return Citation(trade_ids=_ids(recent.events, rows), accounts=accounts)


def _touching(recent: Recent, subject: list[int]) -> Citation:
    is_trade = recent.events.kind == TRADE
    bought, sold = is_trade & np.isin(recent.entity, subject), is_trade & np.isin(recent.counter, subject)
    accounts = _accounts(recent.events.account[bought], recent.events.counter[sold])
    return Citation(trade_ids=_ids(recent.events, np.flatnonzero(bought | sold)), accounts=accounts)


def _pulled(recent: Recent, subject: list[int]) -> Citation:
    kind = recent.events.kind
    mine, sold = np.isin(recent.entity, subject), np.isin(recent.counter, subject)
    rows = np.flatnonzero(((kind == CANCEL) | (kind == FILL)) & mine)
    # Where no fill messages come, whose order filled stands in the trades alone.
    bought, sold = mine & (kind == TRADE), sold & (kind == TRADE)
    accounts = _accounts(recent.events.account[rows], recent.events.account[bought], recent.events.counter[sold])
    return Citation(order_ids=_ids(recent.events, rows[::-1]), accounts=accounts)


def _largest_buys(recent: Recent, _subject: list[int]) -> Citation:
    return _largest(recent, 1)


def _largest_sells(recent: Recent, _subject: list[int]) -> Citation:
    return _largest(recent, -1)


def _largest(recent: Recent, side: int) -> Citation:
    # Where the taker is unknown the trade may be of either side.
    rows = np.flatnonzero((recent.events.kind == TRADE) & (recent.events.side * side >= 0))
    largest = rows[np.argsort(-recent.events.lots[rows], kind="stable")]
    return Citation(trade_ids=_ids(recent.events, largest))


def _own(recent: Recent, subject: list[int]) -> Citation:
    """Return the latest orders and trades of the subject."""
    bought, sold = np.isin(recent.entity, subject), np.isin(recent.counter, subject)
    is_trade = recent.events.kind == TRADE
    orders, trades = np.flatnonzero(bought & ~is_trade), np.flatnonzero((bought | sold) & is_trade)
    accounts = _accounts(recent.events.account[bought], recent.events.counter[sold])
    return Citation(_ids(recent.events, orders[::-1]), _ids(recent.events, trades[::-1]), accounts)


def _traded(recent: Recent, _subject: list[int]) -> Citation:
    return Citation(trade_ids=_ids(recent.events, np.flatnonzero(recent.events.kind == TRADE)))


CITED: dict[str, Callable[[Recent, list[int]], Citation]] = {
    "wash_trading": _within,
    "concentrated_trading": _touching,
    "spoofing": _pulled,
    "pump_and_dump": _largest_buys,
    "dump_and_pump": _largest_sells,
    "price_discrepancy": _traded,
    "cross_market_wash": _within,
}


def cite(typology: str, recent: Recent, start: int, end: int, subject: list[int]) -> Citation:
    """Return what an alert's row rests on.

    Args:
        typology: What was found; typologies without an entry in `CITED` cite what the subject did, if there is one.
        recent: The market's events, at least those from `start` to `end`.
        start: First moment to look at, ns.
        end: First moment not to look at, ns.
        subject: Entities that the finding is about; empty for the market.
    """
    how = CITED.get(typology, _own if subject else None) if len(recent.events) else None
    return how(recent.between(start, end), subject) if how else Citation()
