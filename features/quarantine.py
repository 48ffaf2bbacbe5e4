"""Refused rows as a table, for the quarantine file: what was wrong, then the cells as they were found."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from features.validation import Checked, Mistake


def quarantine_table(checked: Iterable[Checked]) -> pa.Table:
    """Return the refused rows of several tables, one line a row.

    Returns:
        Columns file, row, column, value, rule (several mistakes of a row joined by "; "), then the cells as found,
        named `original_…` where the table has columns of those names.
    """
    fields = ("file", "row", "column", "value", "rule")
    parts = [pa.table({name: pa.array([], pa.int64() if name == "row" else pa.string()) for name in fields})]
    parts += [_quarantined(one) for one in checked if one.refused_rows]
    return pa.concat_tables(parts, promote_options="default")


def _quarantined(checked: Checked) -> pa.Table:
    by_row: dict[int, list[Mistake]] = {}
    for mistake in checked.mistakes:
        by_row.setdefault(mistake.row, []).append(mistake)
    lines = [by_row[row] for row in checked.refused_rows]
    head = pa.table(
        {
            "file": pa.array([line[0].file for line in lines], pa.string()),
            "row": pa.array(checked.refused_rows, pa.int64()),
            "column": pa.array(["; ".join(mistake.column for mistake in line) for line in lines], pa.string()),
            "value": pa.array(["; ".join(mistake.value or "" for mistake in line) for line in lines], pa.string()),
            "rule": pa.array(["; ".join(mistake.rule for mistake in line) for line in lines], pa.string()),
        }
    )
    blank = head.num_rows - checked.refused.num_rows
    for name in checked.refused.column_names:
        cells = [None if cell is None else str(cell) for cell in checked.refused[name].to_pylist()]
        whole = pa.array([*cells, *[None] * blank], pa.string())
        head = head.append_column(f"original_{name}" if name in head.column_names else name, whole)
    return head
