"""The canonical tables: columns, and the rule of each cell.

One description serves files and request bodies, the reader, the message a user gets, and the tests. Optional columns
may be missing or hold nulls; a nullable column must be there, and its cells may be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from features.events import ORDER_KINDS, SIDES

CellKind = Literal["time", "name", "id", "word", "number", "whole", "flag"]
DEFAULT_VENUE = "default"
TIME = pa.timestamp("ns", "UTC")
NAME = pa.dictionary(pa.int32(), pa.string())
_ARROW: dict[CellKind, pa.DataType] = {
    "time": TIME,
    "name": NAME,
    "id": pa.string(),
    "word": NAME,
    "number": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
}
_PLAIN_RULE: dict[CellKind, str] = {
    "time": "must be an ISO 8601 time in 1971 to 2099 such as 2024-05-01T09:30:00.5Z (epoch numbers are not guessed)",
    "name": "must be text, not blank",
    "id": "must be text, not blank",
    "flag": "must be true or false",
}


@dataclass(frozen=True)
class Column:
    """One column of a table and the rule of its cells.

    Attributes:
        name: Column name.
        kind: What a cell holds; "name" is text that repeats (dictionary-coded), "id" text that hardly does.
        optional: The whole column may be missing; its cells may be empty.
        nullable: The column must be there, cells may be empty.
        words: Allowed words of a "word" column, lower case; any case is read.
        least: Least number allowed, None where any finite one is.
        above: Number that must be exceeded, None where `least` says it all.
        most: Greatest number allowed, None where any finite one is.
    """

    name: str
    kind: CellKind
    optional: bool = False
    nullable: bool = False
    words: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None

    @property
    def may_be_empty(self) -> bool:
        """Whether a cell may hold nothing."""
        return self.optional or self.nullable

    @property
    def type(self) -> pa.DataType:
        """Arrow type of the canonical column."""
        return _ARROW[self.kind]

    @property
    def rule(self) -> str:
        """What a cell must be, as it is told to the user."""
        if self.kind == "word":
            text = "must be " + ", ".join(self.words[:-1]) + " or " + self.words[-1]
        elif self.kind in {"number", "whole"}:
            text = "must be a " + ("whole" if self.kind == "whole" else "finite") + " number" + self._bounds()
        else:
            text = _PLAIN_RULE[self.kind]
        return text + (", or empty" if self.may_be_empty else "")

    def _bounds(self) -> str:
        bounds = (("> ", self.above), (">= ", self.least), ("<= ", self.most))
        return "".join(f" {sign}{bound:g}" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True)
class RowRule:
    """A rule over several cells of a row.

    Attributes:
        column: Column that is named in the mistake.
        rule: What it must be.
        broken: Given the canonical columns by name, a boolean array: true where the row breaks it.
    """

    column: str
    rule: str
    broken: Callable[[Mapping[str, pa.Array]], pa.Array]


@dataclass(frozen=True)
class Layout:
    """One kind of table: its columns, in canonical order, and the rules over several of them."""

    name: str
    columns: tuple[Column, ...]
    row_rules: tuple[RowRule, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> frozenset[str]:
        """Names of the columns that must be there."""
        return frozenset(column.name for column in self.columns if not column.optional)


def _quantity_is_due(cells: Mapping[str, pa.Array]) -> pa.Array:
    """Tell order messages that state no quantity although they place or fill something."""
    due = pc.is_in(cells["event"].cast(pa.string()), pa.array(["new", "replace", "fill"]))
    stated = pc.greater(pc.fill_null(cells["quantity"], 0.0), 0.0)
    return pc.and_(due, pc.invert(stated))


def _ends_before_start(cells: Mapping[str, pa.Array]) -> pa.Array:
    return pc.fill_null(pc.less(cells["end"], cells["start"]), fill_value=False)


SIDE_WORDS = tuple(SIDES)
TIMESTAMP = Column("timestamp", "time")
_VENUE = Column("venue", "name", optional=True)
_SYMBOL = Column("symbol", "name")
_SOURCE = (Column("event_id", "id", optional=True), Column("sequence", "whole", optional=True, least=0))


def _names(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "name", optional=True) for name in names)


def _ids(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "id", optional=True) for name in names)


def positive(name: str) -> Column:
    """Return a column of finite numbers > 0."""
    return Column(name, "number", above=0.0)


TRADES = Layout(
    "trades",
    (
        *(TIMESTAMP, _VENUE, _SYMBOL, *_ids("trade_id"), positive("price"), positive("quantity")),
        *_names("buyer_id", "seller_id"),
        Column("aggressor", "word", optional=True, words=SIDE_WORDS),
        *_ids("buy_order_id", "sell_order_id"),
        *_SOURCE,
    ),
)
ORDERS = Layout(
    "orders",
    (
        *(TIMESTAMP, _VENUE, _SYMBOL, Column("order_id", "id"), *_names("account_id")),
        Column("event", "word", words=tuple(ORDER_KINDS)),
        Column("side", "word", words=SIDE_WORDS),
        Column("price", "number", nullable=True, above=0.0),
        Column("quantity", "number", nullable=True, least=0.0),
        Column("leaves_quantity", "number", optional=True, least=0.0),
        *_SOURCE,
    ),
    (RowRule("quantity", "must be > 0 for new, replace and fill", _quantity_is_due),),
)
BOOKS = Layout(
    "books",
    (
        *(TIMESTAMP, _VENUE, _SYMBOL, Column("side", "word", words=SIDE_WORDS), positive("price")),
        Column("quantity", "number", least=0.0),
        Column("snapshot", "flag", optional=True),
        *_SOURCE,
    ),
)
ACCOUNTS = Layout("accounts", (Column("account_id", "name"), Column("owner_id", "name")))
RATES = Layout("rates", (TIMESTAMP, Column("currency", "name"), positive("usd")))
LABELS = Layout(
    "labels",
    (
        *(
            Column("typology", "name"),
            _VENUE,
            _SYMBOL,
            *_ids("accounts"),
            Column("start", "time"),
            Column("end", "time"),
        ),
        *_ids("order_ids", "trade_ids"),
        Column("severity", "number", optional=True, least=0.0, most=1.0),
        Column("verdict", "flag", optional=True),
        *_ids("tapes", "detectors"),
    ),
    (RowRule("end", "must not be before start", _ends_before_start),),
)
PARTS = {layout.name: layout for layout in (TRADES, ORDERS, BOOKS, ACCOUNTS, RATES)}
