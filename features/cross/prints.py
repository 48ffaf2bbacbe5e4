"""Prints: the trades of a group of markets in one order, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.events import Events, Vocabulary, concatenate


class Prints(NamedTuple):
    """Trades of a group's markets, by time, then by the market's name, then as in the market, shape (n,) each.

    Attributes:
        time: ns UTC.
        slot: Number of the market within the group.
        price: Quote units.
        quantity: Base units.
        side: Aggressor's side, 0 where unknown.
        buyer: Entity, -1 where unknown.
        seller: Entity, -1 where unknown.
        used: Whether the trade is the leg of a wash round already.
    """

    time: NDArray[np.int64]
    slot: NDArray[np.int64]
    price: NDArray[np.float64]
    quantity: NDArray[np.float64]
    side: NDArray[np.int8]
    buyer: NDArray[np.int32]
    seller: NDArray[np.int32]
    used: NDArray[np.bool_]


class Takes(NamedTuple):
    """What one order took at one moment on one market, in the order of prints, shape (n,) each.

    Attributes:
        time: ns UTC.
        slot: Number of the market.
        side: 1 bought, -1 sold.
        entity: Who took.
        quantity: Base units.
        value: Quote units.
        used: Whether it is the leg of a pair already.
    """

    time: NDArray[np.int64]
    slot: NDArray[np.int64]
    side: NDArray[np.int8]
    entity: NDArray[np.int32]
    quantity: NDArray[np.float64]
    value: NDArray[np.float64]
    used: NDArray[np.bool_]


def no_prints() -> Prints:
    """Return no trades."""
    whole, real, entity = np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32)
    return Prints(whole, whole, real, real, np.empty(0, np.int8), entity, entity, np.empty(0, np.bool_))


def no_takes() -> Takes:
    """Return no takes."""
    whole, real = np.empty(0, np.int64), np.empty(0)
    return Takes(whole, whole, np.empty(0, np.int8), np.empty(0, np.int32), real, real, np.empty(0, np.bool_))


def joined(*tables: Any) -> Any:  # noqa: ANN401 -- any of the tables here
    """Return the rows of tables of a kind."""
    return type(tables[0])(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))


def picked(table: Any, rows: NDArray[Any] | slice) -> Any:  # noqa: ANN401 -- as above
    """Return rows of a table; of a slice, a view."""
    return type(table)(*(np.ascontiguousarray(column[rows]) for column in table))


def merged(parts: Sequence[Events], rank: Sequence[int]) -> Events:
    """Return the events of several markets, each in its order, by time, then by the rank of the market.

    Args:
        parts: Events of one market each.
        rank: Place of each market.
    """
    whole = concatenate(parts)
    place = np.repeat(np.asarray(rank, np.int64), [len(part) for part in parts])
    return whole.take(np.lexsort((place, whole.time)))


def prints_of(trades: Events, names: Vocabulary, slot_of: Mapping[int, int]) -> Prints:
    """Return trades as prints, in the same order.

    Args:
        trades: Trades of a group's markets, merged.
        names: Codes of accounts and lots of markets.
        slot_of: Number of each market in the group, by its code.
    """
    codes = np.array(list(slot_of), np.int64)
    at = np.argsort(codes)
    place = at[np.searchsorted(codes[at], trades.market)]
    lots = np.array([names.lot_of[code] for code in slot_of])
    return Prints(
        trades.time, np.array(list(slot_of.values()), np.int64)[place], trades.price, trades.lots * lots[place],
        trades.side, names.entities(trades.account), names.entities(trades.counter), np.zeros(len(trades), np.bool_),
    )  # fmt: skip


def takes_of(prints: Prints) -> Takes:
    """Return the takes behind trades whose aggressor is known by name: trades of one order and moment are one."""
    taker = np.where(prints.side > 0, prints.buyer, prints.seller)
    known = np.flatnonzero((prints.side != 0) & (taker >= 0))
    if not len(known):
        return no_takes()
    time, slot, side, entity = prints.time[known], prints.slot[known], prints.side[known], taker[known]
    new = np.ones(len(known), np.bool_)
    new[1:] = (np.diff(time) != 0) | (np.diff(slot) != 0) | (np.diff(side) != 0) | (np.diff(entity) != 0)
    first = np.flatnonzero(new)
    quantity = np.add.reduceat(prints.quantity[known], first)
    value = np.add.reduceat(prints.quantity[known] * prints.price[known], first)
    unused = np.zeros(len(first), np.bool_)
    return Takes(time[first], slot[first], side[first], entity[first], quantity, value, unused)
