"""How events and alerts are saved in a snapshot: Arrow and JSON types, no pickle."""

from __future__ import annotations

import json
import zlib
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


def json_array(value: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - whatever JSON can hold
    """Return JSON types as an array of bytes, to stand among others."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def from_json_array(data: NDArray[Any]) -> Any:  # noqa: ANN401 - as above
    """Return what `json_array` made an array of."""
    return json.loads(data.tobytes())


def arrays_to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays by name as compressed bytes: most of a market's state is zeros."""
    head = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    squeezed = zlib.compressobj(level=1)
    parts = [squeezed.compress(array.tobytes()) for array in arrays.values()]
    said = json.dumps(head).encode()
    return b"".join([len(said).to_bytes(8, "little"), said, *parts, squeezed.flush()])


def arrays_from_bytes(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays that `arrays_to_bytes` wrote."""
    size = int.from_bytes(data[:8], "little")
    rest, at, arrays = zlib.decompress(data[8 + size :]), 0, {}
    for name, dtype, shape in json.loads(data[8 : 8 + size]):
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(rest, dtype, count, at).reshape(shape).copy()
        at += arrays[name].nbytes
    return arrays


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
