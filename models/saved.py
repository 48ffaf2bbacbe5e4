"""How events and alerts are saved in a snapshot: Arrow and JSON types, no pickle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.events import Events
from models.alert import Alert, Contribution
from models.alerting import Open
from models.findings import Evidence


def events_to_bytes(events: Events, compression: str | None = None) -> NDArray[np.uint8]:
    """Return events as an Arrow stream, which may be compressed ("lz4", "zstd")."""
    table = pa.table({field.name: getattr(events, field.name) for field in fields(Events)})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), np.uint8)


def events_from_bytes(data: NDArray[np.uint8]) -> Events:
    """Return the events that `events_to_bytes` wrote."""
    table = pa.ipc.open_stream(pa.py_buffer(data.tobytes())).read_all().combine_chunks()
    columns = {field.name: table[field.name].to_numpy() for field in fields(Events) if field.name != "ids"}
    return Events(**columns, ids=pa.concat_arrays([*table["ids"].chunks, pa.array([], table["ids"].type)]))


def alert_from_json(record: dict[str, Any]) -> Alert:
    """Return the alert that `dataclasses.asdict` and JSON made a record of."""
    parts = [
        Contribution(**{**part, "evidence": tuple(Evidence(**figure) for figure in part["evidence"])})
        for part in record["findings"]
    ]
    listed = {name: tuple(record[name]) for name in ("accounts", "order_ids", "trade_ids", "related")}
    return Alert(**{**record, **listed, "findings": tuple(parts)})


def open_to_json(held: Mapping[tuple[str, str], Open]) -> list[list[Any]]:
    """Return open alerts as JSON types."""
    return [[*key, asdict(one.alert), one.highest, one.seen, sorted(one.members)] for key, one in held.items()]


def open_from_json(saved: Sequence[Sequence[Any]]) -> dict[tuple[str, str], Open]:
    """Return the open alerts that `open_to_json` described."""
    return {
        (typology, subject): Open(alert_from_json(alert), float(highest), int(seen), frozenset(members))
        for typology, subject, alert, highest, seen, members in saved
    }
