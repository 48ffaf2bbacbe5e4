"""From cells as found to canonical columns: every kind of cell read at once, bad cells told by a mask.

A column is tried whole first, in Arrow; only if that fails are the cells looked at one pattern further. Nothing here
loops over rows. A bad cell becomes null; the mask says that it was not empty before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.schema import NAME, TIME, CellKind, Column

# The fold ends with 2115. A time in 1970, or beyond this century, is a zero or a unit gone wrong.
_ISO = (
    r"^\s*(197[1-9]|19[89]\d|20\d\d)-\d\d-\d\d"
    r"([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|z|[+-]\d\d:?\d\d)?)?\s*$"
)
_ZONED = r"[T ]\d\d:\d\d.*(Z|z|[+-]\d\d:?\d\d)\s*$"
_REAL = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_TRUE, _FALSE = ("true", "1"), ("false", "0")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_SECOND, _END_SECOND = (int(np.datetime64(year, "s").astype(np.int64)) for year in ("1971", "2100"))


@dataclass(frozen=True)
class Cells:
    """One canonical column.

    Attributes:
        values: The column, of the canonical type; bad and empty cells are null.
        bad: True where a cell breaks its own rule, shape (n_rows,).
        naive: Whether times without a zone were read as UTC.
    """

    values: pa.Array
    bad: NDArray[np.bool_]
    naive: bool = False


def read_cells(column: Column, found: pa.ChunkedArray) -> Cells:
    """Return a column as its rule wants it, and which cells break that rule."""
    cells = flat(found)
    values, naive = _time(cells) if column.kind == "time" else (_CONVERTERS[column.kind](cells, column), False)
    inside = _in_range(values, column)
    refused = pc.is_null(values) if inside is None else pc.or_kleene(pc.is_null(values), pc.invert(inside))
    refused = pc.fill_null(refused, fill_value=True)
    if column.may_be_empty and pc.any(refused).as_py():
        refused = pc.and_(refused, pc.invert(_empty(cells)))
    bad = refused.to_numpy(zero_copy_only=False)
    if inside is not None and bad.any():
        values = pc.if_else(pa.array(bad), pa.scalar(None, values.type), values)
    return Cells(values, bad, naive)


def flat(column: pa.ChunkedArray) -> pa.Array:
    """Return a chunked column as one array; dictionaries of the chunks become one."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def text_of(cells: pa.Array) -> pa.Array | None:
    """Return cells as plain strings, None where they are neither text nor whole numbers."""
    kind = cells.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    textual = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return cells.cast(pa.string()) if textual or pa.types.is_integer(kind) or pa.types.is_null(kind) else None


def _empty(cells: pa.Array) -> pa.Array:
    """Tell cells that hold nothing: null or blank text."""
    text = text_of(cells)
    if text is None or pa.types.is_integer(cells.type):
        return pc.is_null(cells)
    return pc.or_kleene(pc.is_null(text), pc.equal(pc.utf8_trim_whitespace(text), ""))


def _nothing(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(cells), kind)


def _in_range(values: pa.Array, column: Column) -> pa.Array | None:
    """Tell numbers inside their bounds; None where the kind has no bounds."""
    if column.kind not in {"number", "whole"}:
        return None
    inside = pc.is_finite(values)
    for bound, test in ((column.least, pc.greater_equal), (column.above, pc.greater), (column.most, pc.less_equal)):
        if bound is not None:
            inside = pc.and_(inside, test(values, pa.scalar(bound, values.type)))
    return inside


def _time(cells: pa.Array) -> tuple[pa.Array, bool]:
    """Return times in UTC and whether any came without a zone."""
    if pa.types.is_timestamp(cells.type):
        per_second = _PER_SECOND[cells.type.unit]
        ticks = cells.cast(pa.int64())
        inside = _in_years(ticks, per_second)
        kept = pc.if_else(inside, ticks, pa.scalar(None, pa.int64()))
        return kept.cast(pa.timestamp(cells.type.unit, "UTC")).cast(TIME), cells.type.tz is None
    text = text_of(cells)
    if text is None or pa.types.is_integer(cells.type):
        return _nothing(cells, TIME), False
    for target, naive in ((TIME, False), (pa.timestamp("ns"), True)):
        try:
            whole = text.cast(target)
        except pa.ArrowInvalid:
            continue
        if not pc.any(pc.invert(_in_years(whole.cast(pa.int64()), 10**9))).as_py():
            return whole.cast(TIME), naive and len(cells) > cells.null_count
    return _time_by_pattern(text)


def _in_years(ticks: pa.Array, per_second: int) -> pa.Array:
    return pc.and_(pc.greater_equal(ticks, _FIRST_SECOND * per_second), pc.less(ticks, _END_SECOND * per_second))


def _time_by_pattern(text: pa.Array) -> tuple[pa.Array, bool]:
    kept = pc.if_else(pc.match_substring_regex(text, _ISO), text, pa.scalar(None, pa.string()))
    parsed = pd.to_datetime(kept.to_pandas(), format="ISO8601", utc=True, errors="coerce")
    times = parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    zoned = pc.or_kleene(pc.is_null(kept), pc.match_substring_regex(kept, _ZONED))
    return pa.array(times).cast(TIME), not pc.all(zoned).as_py()


def _number(cells: pa.Array, column: Column) -> pa.Array:
    kind: pa.DataType = column.type
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type):
        return _whole_only(cells) if column.kind == "whole" else cells.cast(kind, safe=False)
    text = text_of(cells)
    if text is None:
        return _nothing(cells, kind)
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        real = pc.if_else(pc.match_substring_regex(text, _REAL), text, pa.scalar(None, pa.string()))
        numbers = pc.utf8_trim_whitespace(real).cast(pa.float64())
        return _whole_only(numbers) if column.kind == "whole" else numbers


def _whole_only(cells: pa.Array) -> pa.Array:
    """Return numbers as int64, null where they are not whole or beyond 2^53 as a float."""
    if pa.types.is_integer(cells.type) and cells.type != pa.uint64():
        return cells.cast(pa.int64())
    real = cells.cast(pa.float64(), safe=False)
    exact = pc.and_(pc.equal(pc.round(real), real), pc.less_equal(pc.abs(real), float(2**53)))
    return pc.if_else(exact, real, pa.scalar(None, pa.float64())).cast(pa.int64())


def _id(cells: pa.Array, _column: Column) -> pa.Array:
    text = text_of(cells)
    if text is None:
        return _nothing(cells, pa.string())
    return _without_blanks(text)


def _without_blanks(text: pa.Array) -> pa.Array:
    blank = pc.fill_null(pc.utf8_is_space(text), fill_value=False)
    blank = pc.or_(blank, pc.fill_null(pc.equal(text, ""), fill_value=False))
    return pc.if_else(blank, pa.scalar(None, pa.string()), text) if pc.any(blank).as_py() else text


def _name(cells: pa.Array, _column: Column) -> pa.Array:
    coded = cells if pa.types.is_dictionary(cells.type) else None
    if coded is None:
        text = text_of(cells)
        coded = None if text is None else text.dictionary_encode()
    words = None if coded is None else text_of(coded.dictionary)
    if coded is None or words is None:
        return _nothing(cells, NAME)
    kept = _without_blanks(words)
    codes = coded.indices.cast(pa.int32())
    if kept.null_count:
        codes = pc.if_else(pc.is_null(kept).take(codes), pa.scalar(None, pa.int32()), codes)
        kept = pc.fill_null(kept, "")
    return pa.DictionaryArray.from_arrays(codes, kept)


def _word(cells: pa.Array, column: Column) -> pa.Array:
    coded = _name(cells, column)
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(coded.dictionary))
    words = pa.array(column.words)
    codes = pc.index_in(lower, value_set=words).take(coded.indices)
    return pa.DictionaryArray.from_arrays(codes, words)


def _flag(cells: pa.Array, _column: Column) -> pa.Array:
    if pa.types.is_boolean(cells.type):
        return cells
    text = text_of(cells)
    if text is None:
        return _nothing(cells, pa.bool_())
    code = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(text)), value_set=pa.array([*_FALSE, *_TRUE]))
    return pc.greater_equal(code, len(_FALSE))


_CONVERTERS: dict[CellKind, Callable[[pa.Array, Column], pa.Array]] = {
    "number": _number,
    "whole": _number,
    "id": _id,
    "name": _name,
    "word": _word,
    "flag": _flag,
}
