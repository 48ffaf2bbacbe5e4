"""Labels: what is known to have happened on the tapes of a dataset."""

from __future__ import annotations

from pathlib import Path

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
        NaN where unknown. Where the file has them: `verdict` (True, False or None: what an analyst decided), `tape`
        (the only tape that a row is about, None for any) and `detectors` (tuples: which detectors had spoken up).

    Raises:
        TapeError: The file is missing or damaged.
        SchemaError: Columns or cells break the schema.
    """
    table = check(read_table(Path(path), [LABELS])).table
    frame = pd.DataFrame(index=range(table.num_rows))
    for name in ("typology", "venue", "symbol"):
        frame[name] = table[name].cast(pa.string()).to_pylist()
    for name in _LISTS:
        listed = table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
        frame[name] = pd.Series([_split(cell) for cell in listed], index=frame.index, dtype=object)
    for name in ("start", "end"):
        frame[name] = pd.DatetimeIndex(table[name].to_pandas())
    has_severity = "severity" in table.column_names
    frame["severity"] = table["severity"].to_pandas() if has_severity else float("nan")
    for name in ("verdict", "tape"):
        if name in table.column_names:
            plain = table[name].cast(pa.string()) if name == "tape" else table[name]
            frame[name] = pd.Series(plain.to_pylist(), index=frame.index, dtype=object)
    if "detectors" in table.column_names:
        frame["detectors"] = pd.Series(
            [_split(cell) for cell in table["detectors"].to_pylist()], index=frame.index, dtype=object
        )
    return frame


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split(";") if part.strip())
