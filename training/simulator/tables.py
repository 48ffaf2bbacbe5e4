"""From the kernels' integer messages to canonical tables, a chunk at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.events import ORDER_KINDS, TRADE
from training.simulator.exchange.records import LEVEL, LOG_COLUMNS
from training.simulator.people.markets import Market
from training.simulator.people.population import Population

Columns = dict[str, NDArray[np.int64]]
_TIMES = pa.timestamp("ns", tz="UTC")
_TAPE = 1_000_000_000_000


@dataclass
class TableMaker:
    """Turns messages of one tape into tables.

    Attributes:
        markets: All markets.
        population: Everybody.
        tape: Number of the tape in its dataset; ids are unique over tapes.
        trades: Trades so far.
        rows: Messages so far.
    """

    markets: Sequence[Market]
    population: Population
    tape: int
    trades: int = 0
    rows: int = 0

    def tables(self, columns: Columns) -> dict[str, pa.Table]:
        """Return `trades`, `orders` and `books` of the next messages, each in order.

        Args:
            columns: Columns of `LOG_COLUMNS`, shape (n_messages,) each; `trade` is added: the number of each trade.
        """
        kind = columns["kind"]
        columns["row"] = self.rows + 1 + np.arange(len(kind))
        columns["trade"] = np.where(kind == TRADE, self.trades + np.cumsum(kind == TRADE), -1)
        self.rows += len(kind)
        self.trades += int(np.count_nonzero(kind == TRADE))
        return {
            "trades": self._trade_table(_where(columns, kind == TRADE)),
            "orders": self._order_table(_where(columns, (kind != TRADE) & (kind != LEVEL))),
            "books": self._book_table(_where(columns, kind == LEVEL)),
        }

    def order_ids(self, numbers: NDArray[np.int64]) -> pa.Array:
        """Return the public ids of orders."""
        return _ids("o", self.tape * _TAPE + numbers)

    def trade_ids(self, numbers: NDArray[np.int64]) -> pa.Array:
        """Return the public ids of trades."""
        return _ids("t", self.tape * _TAPE + numbers)

    def account_table(self) -> pa.Table:
        """Return `account_id` and `owner_id` of everybody."""
        accounts = self.population.accounts
        return pa.table(
            {"account_id": [a.account_id for a in accounts], "owner_id": [a.owner_id for a in accounts]}
        )  # fmt: skip

    def transfer_table(self, transfers: Sequence[tuple[int, int, float]]) -> pa.Table:
        """Return deposits (positive) and withdrawals: `timestamp`, `account_id`, `usd`."""
        times, accounts, usd = zip(*sorted(transfers), strict=True) if transfers else ((), (), ())
        return pa.table(
            {
                "timestamp": pa.array(times, pa.int64()).cast(_TIMES),
                "account_id": self._accounts(np.array(accounts, np.int64)),
                "usd": pa.array(usd, pa.float64()),
            }
        )

    def _accounts(self, numbers: NDArray[np.int64]) -> pa.Array:
        return pa.array([a.account_id for a in self.population.accounts], pa.string()).take(pa.array(numbers))

    def _trade_table(self, at: Columns) -> pa.Table:
        aggressor = pa.array(["sell", "buy", None], pa.string()).take(
            pa.array(np.select([at["side"] > 0, at["side"] < 0], [1, 0], 2))
        )
        return pa.table(
            {
                **self._shared(at),
                "trade_id": self.trade_ids(at["trade"]),
                "price": self._prices(at),
                "quantity": self._quantities(at, "lots"),
                "buyer_id": self._accounts(at["account"]),
                "seller_id": self._accounts(at["counter"]),
                "aggressor": aggressor,
                "buy_order_id": self.order_ids(at["number"]),
                "sell_order_id": self.order_ids(at["counter_number"]),
                "sequence": pa.array(at["row"]),
            }
        )

    def _order_table(self, at: Columns) -> pa.Table:
        kinds = pa.array(list(ORDER_KINDS), pa.string())
        return pa.table(
            {
                **self._shared(at),
                "order_id": self.order_ids(at["number"]),
                "account_id": self._accounts(at["account"]),
                "event": kinds.take(pa.array(at["kind"])),
                "side": _sides(at["side"]),
                "price": self._prices(at),
                "quantity": self._quantities(at, "lots"),
                "leaves_quantity": self._quantities(at, "leaves"),
                "sequence": pa.array(at["row"]),
            }
        )

    def _book_table(self, at: Columns) -> pa.Table:
        return pa.table(
            {
                **self._shared(at),
                "side": _sides(at["side"]),
                "price": self._prices(at),
                "quantity": self._quantities(at, "lots"),
                "sequence": pa.array(at["row"]),
            }
        )

    def _shared(self, at: Columns) -> dict[str, pa.Array]:
        clock = np.array([market.venue.clock_us * 1_000 for market in self.markets])[at["market"]]
        venues = pa.array([market.venue.name for market in self.markets], pa.string())
        symbols = pa.array([market.symbol.name for market in self.markets], pa.string())
        where = pa.array(at["market"])
        return {
            "timestamp": pa.array(at["time"] // clock * clock).cast(_TIMES),
            "venue": venues.take(where),
            "symbol": symbols.take(where),
        }

    def _prices(self, at: Columns) -> NDArray[np.float64]:
        """Return ticks as prices; one division of whole numbers, so each is the nearest double to its decimal."""
        mantissa = np.array([market.symbol.tick[0] for market in self.markets])[at["market"]]
        scale = np.array([10.0 ** market.symbol.tick[1] for market in self.markets])[at["market"]]
        prices: NDArray[np.float64] = at["price"] * mantissa / scale
        return prices

    def _quantities(self, at: Columns, name: str) -> NDArray[np.float64]:
        scale = np.array([10.0**market.symbol.lot_decimals for market in self.markets])[at["market"]]
        quantities: NDArray[np.float64] = at[name] / scale
        return quantities


def columns_of(rows: NDArray[np.int64]) -> Columns:
    """Return log rows as columns."""
    return {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(LOG_COLUMNS)}


def _where(columns: Columns, chosen: NDArray[np.bool_]) -> Columns:
    rows = np.flatnonzero(chosen)
    return {name: column[rows] for name, column in columns.items()}


def _ids(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _sides(side: NDArray[np.int64]) -> pa.Array:
    return pa.array(["sell", "buy"], pa.string()).take(pa.array((side > 0).astype(np.int64)))
