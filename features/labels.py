"""Labels: what is known to have happened on the tapes of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from features.schema import LABELS
from features.tables import read_table
from features.validation import check

_LISTS = ("accounts", "order_ids", "trade_ids")


def read_labels(path: Path) -> pd.DataFrame:
    """Return the labels of a file, one row each, in the file's order.

    Returns:
        Columns `typology`, `venue` ("default" where missing), `symbol` as text; `accounts`, `order_ids`, `trade_ids`
        as tuples of text, empty where nothing is known; `start`, `end` as datetime64[ns, UTC]; `severity` in [0, 1],
        NaN where unknown. Where the file has them: `verdict` (True, False or None: what an analyst decided), `tapes`
        (names of those that a row is about; none, where nobody gave a verdict, for any tape) and `detectors` (which of
        them had spoken up).

    Raises:
        TapeError: The file is missing or damaged.
        SchemaError: Columns or cells break the schema.
    """
    table = check(read_table(Path(path), [LABELS])).table
    frame = pd.DataFrame(index=range(table.num_rows))
    for name in ("typology", "venue", "symbol"):
        frame[name] = table[name].cast(pa.string()).to_pylist()
    for name in _LISTS:
        frame[name] = _lists(table, name, frame.index)
    for name in ("start", "end"):
        frame[name] = pd.DatetimeIndex(table[name].to_pandas())
    has_severity = "severity" in table.column_names
    frame["severity"] = table["severity"].to_pandas() if has_severity else float("nan")
    if "verdict" in table.column_names:
        frame["verdict"] = pd.Series(table["verdict"].to_pylist(), index=frame.index, dtype=object)
    for name in ("tapes", "detectors"):
        if name in table.column_names:
            frame[name] = _lists(table, name, frame.index)
    return frame


def no_labels() -> pd.DataFrame:
    """Return labels of nothing, as of a tape about which nobody knows anything."""
    frame = pd.DataFrame({name: pd.Series(dtype=object) for name in ("typology", "venue", "symbol", *_LISTS)})
    times = pd.DatetimeIndex([], dtype="datetime64[ns, UTC]")
    return frame.assign(start=times, end=times, severity=pd.Series(dtype=float))


def _lists(table: pa.Table, name: str, index: pd.Index[int]) -> pd.Series[Any]:
    cells = table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
    return pd.Series([_split(cell) for cell in cells], index=index, dtype=object)


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split(";") if part.strip())
