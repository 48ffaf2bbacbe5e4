"""Records (JSON objects) as a table of cells, column by column: only unusual types cost a look at each value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from features.recognition import recognise
from features.schema import Column, Layout
from features.validation import Mistake, Raw

_SHOWN_CHARACTERS = 200
_BROKEN_LINE = "must be one JSON object on one line"


def raw_from_records(records: Sequence[tuple[int, object]], layouts: Sequence[Layout], origin: str) -> Raw:
    """Return records as a table, cells as found.

    Args:
        records: Data row and record; anything but a mapping counts as a row that cannot be split.
        layouts: Layouts that the records may have, the likeliest first.
        origin: File or request body, for messages.

    Raises:
        SchemaError: No layout has the records' columns.
    """
    objects = [(row, record) for row, record in records if isinstance(record, Mapping)]
    torn = [(row, record) for row, record in records if not isinstance(record, Mapping)]
    mistakes = [Mistake(origin, row, "(row)", str(text)[:_SHOWN_CHARACTERS], _BROKEN_LINE) for row, text in torn]
    names = dict.fromkeys(str(name) for _, record in objects for name in record)
    layout, note = recognise(list(names), layouts, origin) if objects else (layouts[0], None)
    columns = [column for column in layout.columns if column.name in names or not (objects or column.optional)]
    cells = {column.name: [record.get(column.name) for _, record in objects] for column in columns}
    misfits = {position: column for column in columns for position in _misfits(column, cells[column.name])}
    for position, column in misfits.items():
        value = str(cells[column.name][position])
        mistakes.append(Mistake(origin, objects[position][0], column.name, value, column.rule))
    kept = [position for position in range(len(objects)) if position not in misfits]
    table = pa.table({name: _array([values[position] for position in kept]) for name, values in cells.items()})
    rows = np.array([objects[position][0] for position in kept], dtype=np.int64)
    return Raw(origin, layout, table, rows, tuple(mistakes), note)


def _misfits(column: Column, values: Sequence[object]) -> list[int]:
    """Return positions of values whose type no text cell can tell: lists, objects, and as a name a bool or a float."""
    loose = (Mapping, list, tuple, bool, float) if column.kind in {"name", "id"} else (Mapping, list, tuple)
    if not any(issubclass(kind, loose) for kind in set(map(type, values))):
        return []
    return [position for position, value in enumerate(values) if isinstance(value, loose)]


def _array(values: Sequence[object]) -> pa.Array:
    """Return values as numbers or text; as text too where they are mixed or too great for a number's type."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds in ({float}, {int}):
        try:
            return pa.array(values)
        except (OverflowError, pa.ArrowException):
            pass
    return pa.array(values if kinds <= {str} else [_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)
