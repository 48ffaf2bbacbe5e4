"""From the kernels' integer messages to the canonical tables of a tape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.events import ORDER_KINDS, TRADE
from training.simulator.market import Columns
from training.simulator.symbols import Market
from training.simulator.venue import LOG_COLUMNS

VENUE = "sim"
_TIMES = pa.timestamp("ns", tz="UTC")


@dataclass(frozen=True)
class Messages:
    """All messages of a tape in time order; a market's own messages keep their order.

    Attributes:
        columns: Columns as in `venue.LOG_COLUMNS`, plus `market`, shape (n_messages,) each.
        tape: Number of the tape in its dataset.
        markets: The markets that `market` counts.
    """

    columns: Columns
    tape: int
    markets: Sequence[Market]

    def order_ids(self, numbers: NDArray[np.integer], market: NDArray[np.integer] | int) -> pa.Array:
        """Return the public ids of orders from their numbers in their market."""
        return _ids("o", (self.tape * 1_000 + np.asarray(market, np.int64)) * 1_000_000_000 + numbers)

    def trade_ids(self) -> pa.Array:
        """Return the public ids of all trades, in order."""
        count = int(np.count_nonzero(self.columns["kind"] == TRADE))
        return _ids("t", self.tape * 1_000_000_000_000 + np.arange(1, count + 1, dtype=np.int64))


def merge(parts: Sequence[Sequence[Columns]], tape: int, markets: Sequence[Market]) -> Messages:
    """Return the messages of several markets, each in chunks, as one sequence; times in whole microseconds."""
    lengths = [sum(len(chunk["time"]) for chunk in chunks) for chunks in parts]
    market = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
    time = np.concatenate([chunk["time"] for chunks in parts for chunk in chunks]) // 1_000 * 1_000
    order = np.argsort(time, kind="stable")
    columns: Columns = {"time": time[order], "market": market[order]}
    for name in LOG_COLUMNS[1:]:
        columns[name] = np.concatenate([chunk.pop(name) for chunks in parts for chunk in chunks])[order]
    return Messages(columns, tape, markets)


def trade_table(messages: Messages, account_ids: Sequence[str]) -> pa.Table:
    """Return the canonical trades."""
    rows = np.flatnonzero(messages.columns["kind"] == TRADE)
    at = {name: column[rows] for name, column in messages.columns.items()}
    accounts = pa.array(account_ids, pa.string())
    shared = _shared(messages, at)
    return pa.table(
        {
            **shared,
            "trade_id": messages.trade_ids(),
            "price": _prices(messages, at),
            "quantity": _quantities(messages, at, "lots"),
            "buyer_id": accounts.take(pa.array(at["account"])),
            "seller_id": accounts.take(pa.array(at["counter"])),
            "aggressor": _sides(at["side"]),
            "buy_order_id": messages.order_ids(at["number"], at["market"]),
            "sell_order_id": messages.order_ids(at["counter_number"], at["market"]),
            "sequence": pa.array(rows + 1),
        }
    )


def order_table(messages: Messages, account_ids: Sequence[str]) -> pa.Table:
    """Return the canonical order messages."""
    rows = np.flatnonzero(messages.columns["kind"] != TRADE)
    at = {name: column[rows] for name, column in messages.columns.items()}
    kinds = pa.array(list(ORDER_KINDS), pa.string())
    return pa.table(
        {
            **_shared(messages, at),
            "order_id": messages.order_ids(at["number"], at["market"]),
            "account_id": pa.array(account_ids, pa.string()).take(pa.array(at["account"])),
            "event": kinds.take(pa.array(at["kind"])),
            "side": _sides(at["side"]),
            "price": _prices(messages, at),
            "quantity": _quantities(messages, at, "lots"),
            "leaves_quantity": _quantities(messages, at, "leaves"),
            "sequence": pa.array(rows + 1),
        }
    )


def _ids(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _shared(messages: Messages, at: Columns) -> dict[str, pa.Array]:
    symbols = pa.array([market.symbol for market in messages.markets], pa.string())
    return {
        "timestamp": pa.array(at["time"]).cast(_TIMES),
        "venue": pa.array([VENUE], pa.string()).take(pa.array(np.zeros(len(at["time"]), np.int64))),
        "symbol": symbols.take(pa.array(at["market"])),
    }


def _sides(side: NDArray[np.integer]) -> pa.Array:
    return pa.array(["sell", "buy"], pa.string()).take(pa.array((side > 0).astype(np.int64)))


def _prices(messages: Messages, at: Columns) -> NDArray[np.float64]:
    """Return ticks as prices; one division of whole numbers, so each is the nearest double to its decimal."""
    mantissa = np.array([market.tick[0] for market in messages.markets])[at["market"]]
    scale = np.array([10.0 ** market.tick[1] for market in messages.markets])[at["market"]]
    prices: NDArray[np.float64] = at["price"] * mantissa / scale
    return prices


def _quantities(messages: Messages, at: Columns, name: str) -> NDArray[np.float64]:
    scale = np.array([10.0**market.lot_decimals for market in messages.markets])[at["market"]]
    quantities: NDArray[np.float64] = at[name] / scale
    return quantities
