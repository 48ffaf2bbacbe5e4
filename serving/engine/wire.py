"""What web and engine say to each other, and what the journal holds: msgpack around Arrow IPC streams."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import pyarrow as pa

from models.cross_report import CrossReport
from serving.engine.delays import Delay

TABLES = ("accounts", "orders", "trades", "books")


class Batch(msgspec.Struct, frozen=True):
    """Events that are taken together or not at all.

    Attributes:
        source: Name of the sender; event ids are its own.
        key: Key of the batch, by which rows without an event id are told apart; None: they are always new.
        trades: Canonical trades as an Arrow IPC stream.
        orders: Canonical order messages, likewise.
        books: Canonical book levels, likewise.
        accounts: Accounts and their owners, likewise.
        watermark: No event before this time will follow (ns UTC); it closes what is open up to there.
        markets: What the watermark is for, as (venue, symbol); None: all markets.
    """

    source: str = "api"
    key: str | None = None
    trades: bytes | None = None
    orders: bytes | None = None
    accounts: bytes | None = None
    watermark: int | None = None
    books: bytes | None = None
    markets: list[tuple[str, str]] | None = None

    @property
    def size(self) -> int:
        """Bytes of its tables."""
        return sum(len(getattr(self, name) or b"") for name in TABLES)

    def table(self, name: str) -> pa.Table | None:
        """Return one of `TABLES`, None where the batch has none."""
        stream: bytes | None = getattr(self, name)
        return None if stream is None else pa.ipc.open_stream(stream).read_all()


class Submit(msgspec.Struct, frozen=True, tag=True):
    """Take this batch."""

    batch: Batch


class AskStatus(msgspec.Struct, frozen=True, tag=True):
    """Tell how you are."""


class AskCross(msgspec.Struct, frozen=True, tag=True):
    """Tell what venues of one thing make of one another.

    Attributes:
        symbol: One thing, as any venue writes it; None for all.
        window_ns: How far back to look.
    """

    symbol: str | None
    window_ns: int


class CrossAnswer(msgspec.Struct, frozen=True, tag=True):
    """The analysis over venues; None where nobody has traded the symbol that was asked for."""

    report: CrossReport | None


class Ack(msgspec.Struct, frozen=True, tag=True):
    """The batch is on disk.

    Attributes:
        accepted: Events that are new and in time.
        duplicates: Events whose identity was known; left aside.
        late: Events behind the watermark; counted, not folded.
    """

    accepted: int
    duplicates: int
    late: int


class EngineStatus(msgspec.Struct, frozen=True, tag=True):
    """How the engine is.

    Attributes:
        events: Events taken since this process started, replayed ones among them.
        late: Events refused as late since the state began.
        journal_bytes: End of the journal.
        snapshot_bytes: How much of the journal the last snapshot covers.
        pending_alerts: Alerts that wait for the store to be reachable.
        model: Digest of the bundle, or "rules only".
        parameters: Version of the parameters.
        challenger: Version of the bundle that is shadowed, None without one.
        shadow: Comparisons with it since this process started, by "agreement typology".
        stored: From the arrival of a batch to its alert revisions stored, for batches that brought any.
        known: From the end of the bucket that opened an alert to the alert stored, for alerts younger than a day then.
    """

    events: int
    late: int
    journal_bytes: int
    snapshot_bytes: int
    pending_alerts: int
    model: str
    parameters: str
    challenger: str | None = None
    shadow: dict[str, int] = {}
    stored: Delay = Delay()
    known: Delay = Delay()


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The request could not be done, and nothing of it was kept."""

    says: str


class Busy(msgspec.Struct, frozen=True, tag=True):
    """There is more to do than is taken on; nothing of the batch was kept. Send it again after so many seconds."""

    retry_after_s: float


Request = Submit | AskStatus | AskCross
Reply = Ack | EngineStatus | CrossAnswer | Failed | Busy


def journaled(batches: list[Batch]) -> bytes:
    """Return what the journal holds of batches that were taken together."""
    return msgspec.msgpack.encode(batches)


def batches_of(payload: bytes) -> list[Batch]:
    """Return the batches of one frame of the journal; before 2026-11-30 each had a frame of its own."""
    held = msgspec.msgpack.decode(payload, type=Batch | list[Batch])
    return held if isinstance(held, list) else [held]


def batch_of(
    tables: Mapping[str, pa.Table],
    *,
    source: str = "api",
    key: str | None = None,
    watermark: int | None = None,
    markets: list[tuple[str, str]] | None = None,
) -> Batch:
    """Return a batch of canonical tables by name."""
    streams = {name: _stream(table) for name, table in tables.items() if table.num_rows}
    return Batch(source=source, key=key, watermark=watermark, markets=markets, **streams)


def identities(batch: Batch, name: str, table: pa.Table) -> list[bytes | None]:
    """Return what each row is recognised by when it comes again; None: nothing.

    The source's own event id, else the batch key and the row. Rows of equal content are not the same event.
    """
    ids = table["event_id"].to_pylist() if "event_id" in table.column_names else [None] * table.num_rows
    prefix = f"{batch.source}\0{name}\0"

    def identity(row: int, event_id: str | None) -> bytes | None:
        if event_id is not None:
            return _digest(f"{prefix}id\0{event_id}")
        return None if batch.key is None else _digest(f"{prefix}key\0{batch.key}\0{row}")

    return [identity(row, event_id) for row, event_id in enumerate(ids)]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content
