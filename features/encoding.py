"""From canonical tables to the integer-coded columns that kernels read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.cells import flat
from features.events import IMAGE, LEVEL, ORDER_KINDS, SIDES, TRADE, UNKNOWN, Events, Vocabulary, concatenate
from features.readers import Tape
from features.schema import DEFAULT_VENUE
from features.validation import Mistake, RefusedRowsError

MOST_LOTS = 2**53
MOST_IN_ALL = 2**59


@dataclass(frozen=True)
class Lots:
    """The smallest quantity of each symbol, so that sums of quantities are exact integers.

    Attributes:
        default: Lot of symbols that declare none, in units of the base asset.
        by_symbol: Lots that were declared.
    """

    default: float = 1e-8
    by_symbol: Mapping[str, float] = field(default_factory=dict)

    def of(self, symbol: str) -> float:
        """Return the lot of a symbol."""
        return self.by_symbol.get(symbol, self.default)

    def fitted(self, tape: Tape) -> Lots:
        """Return these lots, with larger ones for symbols whose quantities would not fit whole numbers.

        A recorded tape is known as a whole, so nobody needs to declare the lots of coins that trade by the billion.

        Args:
            tape: Canonical tables.
        """
        found = dict(self.by_symbol)
        for table in (tape.orders, tape.trades, tape.books):
            if table is None or not table.num_rows:
                continue
            plain = pa.table({"symbol": table["symbol"].cast(pa.string()), "quantity": table["quantity"]})
            sums = plain.group_by("symbol").aggregate([("quantity", "max"), ("quantity", "sum")])
            columns = (sums[name].to_pylist() for name in ("symbol", "quantity_max", "quantity_sum"))
            for symbol, largest, total in zip(*columns, strict=True):
                # What stands at a level is told again and again; its sum is no quantity.
                moved = 0.0 if table is tape.books else total or 0.0
                needed = max((largest or 0.0) / MOST_LOTS, moved / MOST_IN_ALL)
                lot = found.get(symbol, self.default)
                while symbol not in self.by_symbol and lot < needed:
                    lot *= 10.0
                found[symbol] = lot
        return Lots(self.default, found)


def encode(tape: Tape, vocabulary: Vocabulary, lots: Lots, *, source: int = 0, first_row: int = 0) -> Events:
    """Return a tape's events as integer-coded columns: orders, trades, then book levels, each as in the file.

    Owners of accounts go into the vocabulary first, so that entities are known before their accounts are coded. Codes
    follow first appearance, hence depend on how a stream is cut into batches: results must not depend on codes.

    Args:
        tape: Canonical tables.
        vocabulary: Codes of markets and accounts; new ones are added.
        lots: Smallest quantities.
        source: Code of the source.
        first_row: Number of rows that came from this source before; each table's rows are numbered from there.

    Raises:
        RefusedRowsError: A quantity is less than half a lot, or more than 2^53 lots; the text names the lot to declare.
    """
    if tape.accounts is not None:
        owned = (tape.accounts[name].to_pylist() for name in ("account_id", "owner_id"))
        vocabulary.own(zip(*owned, strict=True))
    parts = []
    tables = (tape.orders, "orders", _order_columns), (tape.trades, "trades", _trade_columns)
    for table, name, columns in (*tables, (tape.books, "books", _book_columns)):
        if table is not None and table.num_rows:
            arrival = np.arange(first_row, first_row + table.num_rows, dtype=np.int64)
            common = _common_columns(table, vocabulary, lots, f"{tape.name}: {name}")
            sources = np.full(table.num_rows, source, dtype=np.int32)
            parts.append(Events(**common, **columns(table, vocabulary, lots), source=sources, row=arrival))
    return concatenate(parts)


def _common_columns(table: pa.Table, vocabulary: Vocabulary, lots: Lots, origin: str) -> dict[str, Any]:
    quantity = _floats(table, "quantity")
    lot = _lot_of_row(table, lots)
    whole = _in_lots(quantity, lot)
    wrong = np.flatnonzero(((whole == 0) & (quantity > 0)) | (whole > MOST_LOTS))
    if len(wrong):
        row = int(wrong[0])
        rule = _lot_rule(table["symbol"][row].as_py(), float(quantity[row]), float(lot[row]))
        mistake = Mistake(origin, row + 1, "quantity", repr(float(quantity[row])), rule)
        raise RefusedRowsError(origin, [mistake], len(wrong), table.num_rows)
    return {
        "time": table["timestamp"].combine_chunks().cast(pa.int64()).to_numpy(),
        "market": _market_codes(table, vocabulary, lots),
        "price": _floats(table, "price"),
        "lots": _exact(whole),
        "sequence": _sequence(table),
    }


def _order_columns(table: pa.Table, vocabulary: Vocabulary, lots: Lots) -> dict[str, Any]:
    n_rows = table.num_rows
    leaves = _in_lots(_floats(table, "leaves_quantity"), _lot_of_row(table, lots))
    return {
        "kind": _lookup(table, "event", ORDER_KINDS),
        "side": _lookup(table, "side", SIDES),
        "leaves": _exact(np.minimum(leaves, MOST_LOTS)),
        "account": _account_codes(table, "account_id", vocabulary),
        "counter": np.full(n_rows, UNKNOWN, dtype=np.int32),
        "order": _id_hashes(table, "order_id"),
        "counter_order": np.zeros(n_rows, dtype=np.int64),
        "ids": _ids(table, "order_id"),
    }


def _trade_columns(table: pa.Table, vocabulary: Vocabulary, _lots: Lots) -> dict[str, Any]:
    n_rows = table.num_rows
    return {
        "kind": np.full(n_rows, TRADE, dtype=np.int8),
        "side": _lookup(table, "aggressor", SIDES),
        "leaves": np.full(n_rows, UNKNOWN, dtype=np.int64),
        "account": _account_codes(table, "buyer_id", vocabulary),
        "counter": _account_codes(table, "seller_id", vocabulary),
        "order": _id_hashes(table, "buy_order_id"),
        "counter_order": _id_hashes(table, "sell_order_id"),
        "ids": _ids(table, "trade_id"),
    }


def _book_columns(table: pa.Table, _vocabulary: Vocabulary, _lots: Lots) -> dict[str, Any]:
    n_rows = table.num_rows
    image = pc.fill_null(flat(table["snapshot"]), fill_value=False) if "snapshot" in table.column_names else None
    nobody, nothing = np.full(n_rows, UNKNOWN, dtype=np.int32), np.zeros(n_rows, dtype=np.int64)
    flags = np.zeros(n_rows, dtype=np.bool_) if image is None else image.to_numpy(zero_copy_only=False)
    return {
        "kind": np.where(flags, IMAGE, LEVEL).astype(np.int8),
        "side": _lookup(table, "side", SIDES),
        "leaves": np.full(n_rows, UNKNOWN, dtype=np.int64),
        "account": nobody,
        "counter": nobody,
        "order": nothing,
        "counter_order": nothing,
        "ids": pa.nulls(n_rows, pa.string()),
    }


def order_hash(order_id: str) -> int:
    """Return the code under which an order id stands in `Events.order`."""
    return int(_hashes(pa.array([order_id]))[0])


def _hashes(names: pa.Array) -> NDArray[np.int64]:
    """Return 64-bit hashes of text, never 0, the same in every process."""
    words = np.asarray(names.to_numpy(zero_copy_only=False), dtype=object)
    hashes = pd.util.hash_array(words, categorize=False).view(np.int64)
    return np.where(hashes == 0, 1, hashes)


def _dictionary(table: pa.Table, name: str) -> tuple[NDArray[np.int64], pa.Array]:
    """Return a text column as codes (-1 where empty) and their names."""
    cells = flat(table[name])
    coded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    codes = coded.indices.cast(pa.int64())
    return pc.fill_null(codes, -1).to_numpy(), coded.dictionary


def _lookup(table: pa.Table, name: str, meaning: Mapping[str, int]) -> NDArray[np.int8]:
    """Return what each word stands for, 0 where the table has none."""
    if name not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.int8)
    codes, words = _dictionary(table, name)
    values = [meaning.get(word, 0) for word in words.to_pylist()]
    return np.array([*values, 0], dtype=np.int8)[codes]


def _market_codes(table: pa.Table, vocabulary: Vocabulary, lots: Lots) -> NDArray[np.int32]:
    symbols, symbol_names = _dictionary(table, "symbol")
    venues, venue_names = _dictionary(table, "venue") if "venue" in table.column_names else (0, [DEFAULT_VENUE])
    local, pairs = pd.factorize(venues * len(symbol_names) + symbols)
    names = [divmod(int(pair), len(symbol_names)) for pair in pairs]
    codes = [vocabulary.market(str(venue_names[venue]), str(symbol_names[symbol])) for venue, symbol in names]
    vocabulary.lot_of.update((code, lots.of(vocabulary.markets[code][1])) for code in codes)
    return np.array(codes, dtype=np.int32)[local]


def _account_codes(table: pa.Table, name: str, vocabulary: Vocabulary) -> NDArray[np.int32]:
    if name not in table.column_names:
        return np.full(table.num_rows, UNKNOWN, dtype=np.int32)
    codes, names = _dictionary(table, name)
    # A dictionary may hold names of rows that were filtered out; those are no accounts of this tape.
    used = np.zeros(len(names) + 1, dtype=np.bool_)
    used[codes] = True
    known = [vocabulary.account(account) if used[i] else UNKNOWN for i, account in enumerate(names.to_pylist())]
    return np.array([*known, UNKNOWN], dtype=np.int32)[codes]


def _id_hashes(table: pa.Table, name: str) -> NDArray[np.int64]:
    if name not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.int64)
    codes, names = _dictionary(table, name)
    return np.append(_hashes(names), np.int64(0))[codes]


def _ids(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return flat(table[name]).cast(pa.string())


def _sequence(table: pa.Table) -> NDArray[np.int64]:
    if "sequence" not in table.column_names:
        return np.zeros(table.num_rows, dtype=np.int64)
    return np.asarray(pc.fill_null(flat(table["sequence"]), 0).cast(pa.int64()).to_numpy())


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column of numbers, NaN where it is empty or missing."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(flat(table[name]).cast(pa.float64()).to_numpy(zero_copy_only=False))


def _lot_of_row(table: pa.Table, lots: Lots) -> NDArray[np.float64]:
    codes, symbols = _dictionary(table, "symbol")
    return np.array([lots.of(symbol) for symbol in symbols.to_pylist()])[codes]


def _in_lots(quantity: NDArray[np.float64], lot: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.rint(quantity / lot)


def _exact(whole: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isnan(whole), UNKNOWN, whole).astype(np.int64)


def _lot_rule(symbol: str, quantity: float, lot: float) -> str:
    fitting = quantity if quantity < lot else quantity / MOST_LOTS
    power = math.floor(math.log10(fitting)) if quantity < lot else math.ceil(math.log10(fitting))
    bound = "at least half a lot" if quantity < lot else "at most 2^53 lots"
    return f"must be {bound} of {symbol} ({lot:g}); declare a lot of 1e{power:+03d} for {symbol} in [events] lots"
