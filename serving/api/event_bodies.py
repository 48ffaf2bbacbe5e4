"""Events in request bodies, three formats, to one canonical tape: wholly right, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from features.canary import CANARY_VENUE
from features.encoding import Lots, encode
from features.events import Vocabulary
from features.fills import TRADE_LAYOUTS
from features.readers import Tape, assemble
from features.recognition import recognise
from features.records import tables_from_records
from features.schema import BOOKS, ORDERS, TRADES, Layout
from features.validation import Mistake, Raw, RefusedRowsError, check
from serving.api.problems import UnsupportedMediaError
from serving.errors import RequestError
from serving.times import iso

T = TypeVar("T")
JSON, NDJSON, ARROW = "application/json", "application/x-ndjson", "application/vnd.apache.arrow.stream"
NAME = "request"
MOST_ROWS = 2_000_000
MOST_CHARACTERS = 1000
_EVENTS = ("trades", "orders", "books")
_PARTS = (*_EVENTS, "accounts")
_SHOWN = 200
_LAYOUTS = {"trades": [*TRADE_LAYOUTS], "orders": [ORDERS], "books": [BOOKS]}


class EventsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events as JSON; the rows follow `features.schema`."""

    trades: list[dict[str, Any]] | None = None
    orders: list[dict[str, Any]] | None = None
    books: list[dict[str, Any]] | None = None
    accounts: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Posted:
    """Events as they were sent.

    Attributes:
        tape: The events, without those whose `event_id` came before in the same body.
        rows: How many were sent.
    """

    tape: Tape
    rows: int

    @property
    def repeated(self) -> int:
        """How many came twice in the body."""
        return self.rows - len(self.tape)


def posted(body: bytes, content_type: str, lots: Lots) -> Posted:
    """Return the events of a request body as a canonical tape.

    Args:
        body: The body.
        content_type: Its media type, which says the format.
        lots: Smallest quantities, against which the events are checked, too.

    Raises:
        UnsupportedMediaError: The media type is not one of the three.
        RequestError: The body is not of its format.
        SchemaError: Rows break the schema.
    """
    readers = {JSON: posted_json, NDJSON: posted_lines, ARROW: posted_arrow}
    read = readers[refuse_media_type(content_type, tuple(readers))](body)
    refuse_text(read.tape)
    encode(read.tape, Vocabulary(), lots)
    return read


def refuse_media_type(content_type: str, allowed: tuple[str, ...]) -> str:
    """Return the media type of a body.

    Raises:
        UnsupportedMediaError: It is not one of those that are read here.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in allowed:
        raise UnsupportedMediaError("Content-Type", " or ".join(allowed), media_type or "missing")
    return media_type


def posted_json(body: bytes) -> Posted:
    """Return the events of a JSON body."""
    events = decoded(body, EventsBody)
    return Posted(tape_of_records(events), sum(len(getattr(events, name) or ()) for name in _EVENTS))


def tape_of_records(events: EventsBody) -> Tape:
    """Return the tape of decoded JSON."""
    return tables_from_records(**{name: getattr(events, name) for name in _PARTS}, name=NAME)


def posted_lines(body: bytes) -> Posted:
    """Return the events of a body of one JSON object a line, each of which names its table."""
    records: dict[str, list[dict[str, Any]]] = {}
    lines: dict[str, list[int]] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        record = _object(line)
        table = record.pop("table", None) if record is not None else None
        if record is not None and table in _PARTS:
            records.setdefault(table, []).append(record)
            lines.setdefault(table, []).append(number)
        else:
            mistakes.append(_bad_line(number, line, record, table))
    if mistakes:
        raise RefusedRowsError("lines", mistakes[:10], len(mistakes), len(mistakes) + sum(map(len, records.values())))
    try:
        tape = tape_of_records(EventsBody(**records))
    except RefusedRowsError as error:
        numbers = {f"{NAME}: {table}": places for table, places in lines.items()}
        there = [replace(m, file="lines", row=numbers[m.file][m.row - 1]) for m in error.mistakes]
        raise RefusedRowsError("lines", there, error.refused, error.rows) from error
    return Posted(tape, sum(len(rows) for table, rows in records.items() if table != "accounts"))


def posted_arrow(body: bytes) -> Posted:
    """Return the events of an Arrow IPC stream of trades, order messages or book levels.

    The schema's metadata may say which, as `table`. Where it does not, the columns do; book levels are then told by the
    column `snapshot`: without it they look like trades with a column too many.
    """
    try:
        table = _arrow_table(body)
        layouts = _layouts_of(table.schema)
        layout, note = recognise(table.column_names, layouts, NAME)
        part = layout.name if layout in {ORDERS, BOOKS} else TRADES.name
        known = table.select([name for name in layout.names if name in table.column_names])
        checked = check(Raw(f"{NAME}: {part}", layout, known, note=note))
        return Posted(assemble(NAME, {part: checked}), table.num_rows)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RequestError("body", f"one Arrow IPC stream of plain columns ({error})") from error


def _layouts_of(schema: pa.Schema) -> list[Layout]:
    told = (schema.metadata or {}).get(b"table")
    if told is None:
        return [BOOKS] if "snapshot" in schema.names else [*TRADE_LAYOUTS, ORDERS]
    if (name := told.decode()) not in _LAYOUTS:
        rule = f"an Arrow stream whose metadata has as table {' or '.join(_LAYOUTS)}, was {name[:_SHOWN]}"
        raise RequestError("body", rule)
    return _LAYOUTS[name]


def _arrow_table(body: bytes) -> pa.Table:
    """Return the table of a stream; what unpacks to more than is taken at once is refused on the way."""
    batches, rows = [], 0
    with pa.ipc.open_stream(body) as stream:
        for batch in stream:
            rows += batch.num_rows
            if rows > MOST_ROWS:
                raise RequestError("body", f"at most {MOST_ROWS} rows; send more in several requests")
            batches.append(batch)
        table = pa.Table.from_batches(batches, stream.schema)
    table.validate(full=True)
    return table


def decoded(body: bytes, kind: type[T]) -> T:
    """Return a JSON body as a struct.

    Raises:
        RequestError: It is not JSON, or a field is of the wrong kind.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _broken_rule(str(error)) from error
    except RecursionError as error:
        raise RequestError("body", "JSON that is nested less deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError("body", f"JSON in UTF-8 ({error})") from error


def _broken_rule(says: str) -> RequestError:
    """Return what msgspec says of a field, with the field named even where it is missing or unknown."""
    rule, _, place = says.partition(" - at `$")
    field = place.rstrip("`").lstrip(".")
    for beginning, must_be in (("Object missing required", "given"), ("Object contains unknown", "left out")):
        if rule.startswith(beginning):
            name = rule.split("`")[1]
            return RequestError(f"{field}.{name}" if field else name, must_be)
    wanted = rule.removeprefix("Expected ")
    return RequestError(field or "body", wanted if wanted != rule else f"as documented: {rule}")


def refuse_text(tape: Tape) -> None:
    """Refuse the one character that a database cannot keep in text, and names longer than any real one.

    Raises:
        RequestError: A cell holds such text.
    """
    for part in _PARTS:
        table = getattr(tape, part)
        for name in table.column_names if table is not None else ():
            words = _words(table[name])
            if pc.any(pc.match_substring(words, "\0")).as_py():
                raise RequestError(f"{part}.{name}", "text without the character U+0000")
            if (pc.max(pc.utf8_length(words)).as_py() or 0) > MOST_CHARACTERS:
                raise RequestError(f"{part}.{name}", f"text of at most {MOST_CHARACTERS} characters")


def refuse_canaries(tape: Tape) -> None:
    """Refuse the venue whose alerts nobody is shown.

    Raises:
        RequestError: An event is of it.
    """
    for part in ("trades", "orders", "books"):
        table = getattr(tape, part)
        if table is not None and "venue" in table.column_names:
            at = pc.index(table["venue"].cast(pa.string()), CANARY_VENUE).as_py()
            if at >= 0:
                raise RequestError(f"{part}[{at}].venue", "another name; this one is the service's own", CANARY_VENUE)


def refuse_future(tape: Tape, watermark: int | None, latest: int) -> None:
    """Refuse times so far ahead that everything which really happens until then would be late.

    Args:
        tape: The events.
        watermark: Time that is to pass, ns UTC, or None.
        latest: Latest time that is taken, ns UTC.

    Raises:
        RequestError: An event, or the watermark, is later.
    """
    newest = {"watermark": watermark or 0}
    for part in _EVENTS:
        table = getattr(tape, part)
        if table is not None and table.num_rows:
            newest[f"{part}.timestamp"] = pc.max(table["timestamp"]).cast(pa.int64()).as_py()
    for field, time in newest.items():
        if time > latest:
            raise RequestError(field, f"at most {iso(latest)} (TAPEWATCH_MAX_AHEAD_S after now)", iso(time))


def _words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return column.cast(pa.string()) if pa.types.is_string(kind) else pa.chunked_array([], pa.string())


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _bad_line(number: int, line: bytes, record: Mapping[str, Any] | None, table: object) -> Mistake:
    if record is None:
        text = line[:_SHOWN].decode(errors="replace")
        return Mistake("lines", number, "(row)", text, "must be one JSON object on one line")
    was = None if table is None else str(table)[:_SHOWN]
    return Mistake("lines", number, "table", was, "must be trades, orders, books or accounts")
