"""Events as integer-coded columns: what every kernel reads.

One row is one message of a market. Trades, order messages and book levels share the columns, so that a market's events
are one sequence with one total order (see `features.order`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NEW, REPLACE, CANCEL, FILL, EXPIRE, REJECT = 0, 1, 2, 3, 4, 5
LEVEL, IMAGE = 6, 7
TRADE = 10
UNKNOWN = -1
_FIRST_ROOM = 1024
ORDER_KINDS = {"new": NEW, "replace": REPLACE, "cancel": CANCEL, "fill": FILL, "expire": EXPIRE, "reject": REJECT}
SIDES = {"buy": 1, "sell": -1}


@dataclass(frozen=True)
class Events:
    """Order messages, book levels and trades as parallel columns, shape (n_events,) each.

    Attributes:
        time: Nanoseconds since 1970, UTC.
        kind: NEW … REJECT for order messages, LEVEL for a level that is set, IMAGE for one of a full image of the book
            (rows of one market in succession with one time are one image), TRADE for trades.
        market: Code of (venue, symbol) in the vocabulary.
        side: +1 buy, -1 sell (of a level bid and ask); of a trade the aggressor's side, 0 where unknown.
        price: Quote currency per unit, > 0; NaN where an order message has none.
        lots: The message's own quantity in whole lots of the market, >= 0; -1 where it has none. Of a level all that
            stands there now.
        leaves: Quantity left after the message in lots; -1 where unknown.
        account: Account code of the order, or of the trade's buyer; -1 where unknown.
        counter: Account code of the trade's seller; -1 otherwise.
        order: 64-bit hash of the order id, or of the trade's buy order; 0 where unknown.
        counter_order: 64-bit hash of the trade's sell order; 0 otherwise.
        source: Code of the source that sent it.
        sequence: The source's own sequence number; 0 where it has none.
        row: Arrival number of the row within its source.
        ids: order_id of an order message, trade_id of a trade (may be null): for citations only.
    """

    time: NDArray[np.int64]
    kind: NDArray[np.int8]
    market: NDArray[np.int32]
    side: NDArray[np.int8]
    price: NDArray[np.float64]
    lots: NDArray[np.int64]
    leaves: NDArray[np.int64]
    account: NDArray[np.int32]
    counter: NDArray[np.int32]
    order: NDArray[np.int64]
    counter_order: NDArray[np.int64]
    source: NDArray[np.int32]
    sequence: NDArray[np.int64]
    row: NDArray[np.int64]
    ids: pa.Array

    def __len__(self) -> int:
        return len(self.time)

    @cached_property
    def is_book(self) -> NDArray[np.bool_]:
        """Which rows are book levels, shape (n_events,)."""
        books: NDArray[np.bool_] = (self.kind == LEVEL) | (self.kind == IMAGE)
        return books

    def without_books(self) -> Events:
        """Return these events without book levels; themselves where there are none."""
        return self.where(~self.is_book)

    def where(self, wanted: NDArray[np.bool_]) -> Events:
        """Return the rows that are wanted, shape (n_events,), in their order; these events where all are."""
        return self if wanted.all() else self.take(np.flatnonzero(wanted))

    def take(self, rows: NDArray[np.int64] | slice) -> Events:
        """Return the given rows, in the given order; a slice is a view."""
        ids = self.ids[rows] if isinstance(rows, slice) else self.ids.take(pa.array(rows))
        return Events(**{name: getattr(self, name)[rows] for name in _DTYPES}, ids=ids)


_DTYPES = {
    "time": np.int64, "kind": np.int8, "market": np.int32, "side": np.int8, "price": np.float64, "lots": np.int64,
    "leaves": np.int64, "account": np.int32, "counter": np.int32, "order": np.int64, "counter_order": np.int64,
    "source": np.int32, "sequence": np.int64, "row": np.int64,
}  # fmt: skip


@cache
def no_events() -> Events:
    """Return events with no rows, always the same ones."""
    return Events(**{name: np.empty(0, dtype) for name, dtype in _DTYPES.items()}, ids=pa.array([], pa.string()))


def concatenate(parts: Sequence[Events]) -> Events:
    """Return the rows of all parts, one after the other (not sorted)."""
    if not parts:
        return no_events()
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _DTYPES}
    return Events(**columns, ids=pa.concat_arrays([part.ids for part in parts]))


class Vocabulary:
    """Codes for the names that kernels must not see: markets (and their lots), accounts and their owners.

    Codes are given in order of first appearance and never change. An account without a known owner is an entity
    of its own; accounts of one owner are one entity.
    """

    def __init__(self) -> None:
        self.markets: list[tuple[str, str]] = []
        self.accounts: list[str] = []
        self._entities = np.full(_FIRST_ROOM, UNKNOWN, np.int32)
        self.lot_of: dict[int, float] = {}
        self._market_code: dict[tuple[str, str], int] = {}
        self._account_code: dict[str, int] = {}
        self._entity_of_owner: dict[str, int] = {}

    def market(self, venue: str, symbol: str) -> int:
        """Return the code of a market, new or known."""
        key = (venue, symbol)
        code = self._market_code.get(key)
        if code is None:
            code = self._market_code[key] = len(self.markets)
            self.markets.append(key)
        return code

    def known(self, market: tuple[str, str]) -> int:
        """Return the code of a market (venue, symbol), -1 where it was never seen."""
        return self._market_code.get((market[0], market[1]), UNKNOWN)

    def account(self, name: str) -> int:
        """Return the code of an account, new or known."""
        code = self._account_code.get(name)
        if code is None:
            code = self._account_code[name] = len(self.accounts)
            self.accounts.append(name)
            if code + 1 >= len(self._entities):
                self._entities = np.concatenate([self._entities, np.full(len(self._entities), UNKNOWN, np.int32)])
            self._entities[code] = code
        return code

    def own(self, accounts: Iterable[tuple[str, str]]) -> None:
        """Record (account_id, owner_id) pairs; the first account of an owner gives the entity its code."""
        for account, owner in accounts:
            code = self.account(account)
            self._entities[code] = self._entity_of_owner.setdefault(owner, code)

    def entities(self, accounts: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the entity code of each account code; -1 stays -1."""
        # Behind the last account there is always an unknown one, which is what code -1 reads.
        return self._entities[accounts]

    @property
    def entity_of(self) -> list[int]:
        """Entity code of each account."""
        codes: list[int] = self._entities[: len(self.accounts)].tolist()
        return codes

    def to_dict(self) -> dict[str, list[object]]:
        """Return all that is needed to build the same codes again (JSON types)."""
        owners: list[object] = [[owner, code] for owner, code in self._entity_of_owner.items()]
        return {
            "markets": [list(market) for market in self.markets],
            "accounts": list(self.accounts),
            "entity_of": list(self.entity_of),
            "owners": owners,
            "lots": [[code, lot] for code, lot in self.lot_of.items()],
        }

    @classmethod
    def from_dict(cls, state: dict[str, list]) -> Vocabulary:  # type: ignore[type-arg]
        """Return the vocabulary that `to_dict` described."""
        vocabulary = cls()
        for venue, symbol in state["markets"]:
            vocabulary.market(venue, symbol)
        for name in state["accounts"]:
            vocabulary.account(name)
        vocabulary._entities[: len(vocabulary.accounts)] = state["entity_of"]
        vocabulary._entity_of_owner = {owner: int(code) for owner, code in state["owners"]}
        vocabulary.lot_of = {int(code): float(lot) for code, lot in state.get("lots", [])}
        return vocabulary
