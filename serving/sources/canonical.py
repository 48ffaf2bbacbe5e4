"""What ccxt gives as canonical tables: times in ns UTC, the aggressor, levels of a book that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from features.schema import BOOKS, TIME, TRADES
from features.time_units import MS_NS
from serving.sources.dialects.dialect import Dialect
from serving.sources.feed import Market

_SIDES = ("buy", "sell")
_DIGITS = 18


class Change(NamedTuple):
    """A level of a book that changed.

    Attributes:
        time_ns: When, ns UTC, the exchange's time.
        side: 0 the bids, 1 the asks.
        price: Price of the level.
        quantity: Its new quantity; 0 removes it.
        snapshot: It belongs to a full image.
        sequence: Number of the change, growing.
    """

    time_ns: int
    side: int
    price: float
    quantity: float
    snapshot: bool
    sequence: int


def _all(word: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))


def _words(codes: Sequence[int | None]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(_SIDES))


def _table(layout: Mapping[str, pa.DataType], columns: Mapping[str, pa.Array]) -> pa.Table:
    known = {name: columns[name] for name in layout if name in columns}
    return pa.table(
        {name: cells if cells.type == layout[name] else cells.cast(layout[name]) for name, cells in known.items()}
    )


_TRADE_TYPES = {column.name: column.type for column in TRADES.columns}
_BOOK_TYPES = {column.name: column.type for column in BOOKS.columns}


def trades_table(market: Market, trades: Sequence[Mapping[str, Any]], dialect: Dialect) -> pa.Table:
    """Return trades as a canonical table.

    Args:
        market: Their market.
        trades: ccxt's trades, each with a time, a price and an amount.
        dialect: Tells a trade's aggressor and orders.

    Returns:
        One row a trade, in the order given. `trade_id` is the exchange's id (null without one), `sequence` the same as
        a number where it is one, `event_id` the id with venue and symbol before it, for exchanges count each market
        from one; `aggressor` is the taker's side (null where it is not told).
    """
    rows = len(trades)
    ids = [None if trade["id"] is None else str(trade["id"]) for trade in trades]
    orders = [dialect.orders_of(trade) for trade in trades]
    sides = [dialect.aggressor_of(trade) for trade in trades]
    numbers = [int(one) if one is not None and one.isdecimal() and len(one) <= _DIGITS else None for one in ids]
    columns = {
        "timestamp": pa.array([int(trade["timestamp"]) * MS_NS for trade in trades], TIME),
        "venue": _all(market.venue, rows),
        "symbol": _all(market.symbol, rows),
        "trade_id": pa.array(ids, pa.string()),
        "price": pa.array([float(trade["price"]) for trade in trades], pa.float64()),
        "quantity": pa.array([float(trade["amount"]) for trade in trades], pa.float64()),
        "aggressor": _words([None if side is None else _SIDES.index(side) for side in sides]),
        "buy_order_id": pa.array([buy for buy, _ in orders], pa.string()),
        "sell_order_id": pa.array([sell for _, sell in orders], pa.string()),
        "event_id": pa.array([None if one is None else f"{market.venue}:{market.symbol}:{one}" for one in ids]),
        "sequence": pa.array(numbers, pa.int64()),
    }
    return _table(_TRADE_TYPES, columns)


def books_table(market: Market, changes: Sequence[Change]) -> pa.Table:
    """Return changes of a book as a canonical table, one row a level, in the order given."""
    rows = len(changes)
    columns = {
        "timestamp": pa.array([change.time_ns for change in changes], TIME),
        "venue": _all(market.venue, rows),
        "symbol": _all(market.symbol, rows),
        "side": _words([change.side for change in changes]),
        "price": pa.array([change.price for change in changes], pa.float64()),
        "quantity": pa.array([change.quantity for change in changes], pa.float64()),
        "snapshot": pa.array([change.snapshot for change in changes], pa.bool_()),
        "sequence": pa.array([change.sequence for change in changes], pa.int64()),
    }
    return _table(_BOOK_TYPES, columns)


EMPTY = {
    "trades": pa.schema(list(_TRADE_TYPES.items())).empty_table(),
    "books": pa.schema(list(_BOOK_TYPES.items())).empty_table(),
}
