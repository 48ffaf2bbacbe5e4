"""LOBSTER message files (lobsterdata.com): NASDAQ's order messages of one symbol and day, without a header.

Symbol and date stand in the file name, times are seconds after midnight in New York, prices dollars times 10,000.

| type | LOBSTER | order message | trade |
|---|---|---|---|
| 1 | new limit order | `new` | |
| 2 | part of an order deleted | `cancel`, quantity = the part, leaves what remains | |
| 3 | order deleted | `cancel`, leaves 0 | |
| 4 | visible order executed | `fill` | yes |
| 5 | hidden order executed | | yes |
| 6 | cross trade (auction) | | yes, no aggressor |
| 7 | trading halt | left out, and said | |

`direction` is the resting order's side (1 buy), so the aggressor is the opposite one. What an order leaves is tracked
from its `new`; of orders older than the file it stays unknown, except that a deleted order leaves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import TapeError
from features.schema import TIME, Column, Layout, RowRule

VENUE = "nasdaq"
_NAME = re.compile(r"^(?P<symbol>.+)_(?P<date>\d{4}-\d{2}-\d{2})_\d+_\d+_message_\d+\.csv(\.gz)?$", re.IGNORECASE)
_NEW, _REDUCED, _DELETED, _VISIBLE, _HIDDEN, _CROSS, _HALT = range(1, 8)
_PRICE_UNIT = 10_000.0


def _not_a_halt(cells: Mapping[str, pa.Array], broken: pa.Array) -> pa.Array:
    return pc.and_(pc.not_equal(cells["type"], _HALT), broken)


def _lobster_price(cells: Mapping[str, pa.Array]) -> pa.Array:
    return _not_a_halt(cells, pc.less_equal(cells["price"], 0.0))


def _lobster_size(cells: Mapping[str, pa.Array]) -> pa.Array:
    return _not_a_halt(cells, pc.less_equal(cells["size"], 0.0))


def _lobster_direction(cells: Mapping[str, pa.Array]) -> pa.Array:
    return _not_a_halt(cells, pc.equal(cells["direction"], 0))


LOBSTER = Layout(
    "LOBSTER messages",
    (
        Column("time", "number", least=0.0, most=172_800.0),
        Column("type", "whole", least=1, most=7),
        Column("order_id", "id"),
        Column("size", "number"),
        Column("price", "number"),
        Column("direction", "whole", least=-1, most=1),
    ),
    (
        RowRule("size", "must be > 0, except of a halt", _lobster_size),
        RowRule("price", "must be > 0, except of a halt", _lobster_price),
        RowRule("direction", "must be 1 or -1, except of a halt", _lobster_direction),
    ),
)


@dataclass(frozen=True)
class LobsterFile:
    """What a LOBSTER file's name says.

    Attributes:
        symbol: Ticker.
        midnight: Start of the day in New York, ns UTC.
    """

    symbol: str
    midnight: int


def lobster_file(path: Path) -> LobsterFile | None:
    """Return what the name of a LOBSTER message file says, None if it is not one's name.

    Raises:
        TapeError: The date in the name is no date.
    """
    parts = _NAME.match(path.name)
    if parts is None:
        return None
    try:
        day = datetime.fromisoformat(parts["date"]).replace(tzinfo=ZoneInfo("America/New_York"))
    except ValueError as error:
        raise TapeError(f"{path}: date in the file name must be a calendar day, was {parts['date']!r}") from error
    return LobsterFile(parts["symbol"], int(day.timestamp()) * 10**9)


def tables_of_lobster(messages: pa.Table, file: LobsterFile) -> tuple[pa.Table, pa.Table, tuple[str, ...]]:
    """Return trades, orders and notes of a LOBSTER message file.

    Args:
        messages: Checked table with `time`, `type`, `order_id`, `size`, `price`, `direction`.
        file: What the file's name says.

    Returns:
        Canonical trades, canonical orders, and what was left out. `sequence` is the message's row among those kept,
        from 1, so that an execution's fill and its trade can be told to be one.
    """
    frame = pd.DataFrame({name: messages[name].to_numpy() for name in messages.column_names})
    kind = frame["type"].to_numpy()
    leaves = _leaves(frame)
    # Seconds with nine decimals within a day fit a double with room to spare, so rounding restores them exactly.
    time = file.midnight + np.rint(frame["time"].to_numpy() * 1e9).astype(np.int64)
    common = {
        "timestamp": pa.array(time).cast(TIME),
        "venue": _constant(VENUE, len(frame)),
        "symbol": _constant(file.symbol, len(frame)),
        "price": pa.array(frame["price"].to_numpy() / _PRICE_UNIT),
        "quantity": messages["size"],
        "sequence": pa.array(np.arange(1, len(frame) + 1)),
    }
    trades = pa.table(common | _trade_columns(frame)).filter(pa.array(np.isin(kind, [_VISIBLE, _HIDDEN, _CROSS])))
    orders = pa.table(common | _order_columns(frame, leaves)).filter(pa.array(kind <= _VISIBLE))
    halts = int((kind == _HALT).sum())
    notes = (f"{halts} trading-halt messages are left out",) if halts else ()
    return trades.combine_chunks(), orders.combine_chunks(), notes


def _leaves(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each message leaves of its order, NaN where the order's placing was not seen."""
    kind, size = frame["type"].to_numpy(), frame["size"].to_numpy()
    change = np.where(kind == _NEW, size, np.where((kind == _REDUCED) | (kind == _VISIBLE), -size, 0.0))
    order = frame["order_id"].to_numpy()
    moved = pd.DataFrame({"order": order, "change": change, "placed": kind == _NEW}).groupby("order", sort=False)
    left = moved["change"].cumsum().to_numpy().astype(np.float64)
    known = moved["placed"].cummax().to_numpy(dtype=np.bool_) & (left >= 0)
    return np.where(kind == _DELETED, 0.0, np.where(known, left, np.nan))


def _order_columns(frame: pd.DataFrame, leaves: NDArray[np.float64]) -> dict[str, pa.Array]:
    resting_buy = frame["direction"].to_numpy() == 1
    events = np.array([None, "new", "cancel", "cancel", "fill", None, None, None], dtype=object)
    return {
        "order_id": pa.array(frame["order_id"], pa.string()),
        "event": pa.array(events[frame["type"].to_numpy()], pa.string()).dictionary_encode(),
        "side": pa.array(np.where(resting_buy, "buy", "sell"), pa.string()).dictionary_encode(),
        "leaves_quantity": pa.array(leaves, from_pandas=True),
    }


def _trade_columns(frame: pd.DataFrame) -> dict[str, pa.Array]:
    kind, resting_buy = frame["type"].to_numpy(), frame["direction"].to_numpy() == 1
    visible, order = kind == _VISIBLE, frame["order_id"].to_numpy(dtype=object)
    aggressor = pa.array(np.where(resting_buy, "sell", "buy"), pa.string(), mask=kind == _CROSS)
    return {
        "aggressor": aggressor.dictionary_encode(),
        "buy_order_id": pa.array(order, pa.string(), mask=~(visible & resting_buy)),
        "sell_order_id": pa.array(order, pa.string(), mask=~(visible & ~resting_buy)),
    }


def _constant(word: str, n_rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int32)), pa.array([word]))
