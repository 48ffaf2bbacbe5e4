"""How the store opens and migrates its database: SQLite embedded, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from features.errors import StoreError
from serving.errors import StoreUnreachableError

_WRITES = "tapewatch_writes"
_MIGRATION_LOCK = 7_461_706_577


def open_database(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL, without connecting yet.

    Raises:
        StoreError: The URL is none, or neither SQLite nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = "TAPEWATCH_DATABASE_URL must be an SQLAlchemy URL such as postgresql://user@host/name"
        raise StoreError(message) from error
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        message = f"TAPEWATCH_DATABASE_URL must be of sqlite or postgresql, was {kind}"
        raise StoreError(message)
    if kind == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 5})
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 10})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema; safe when several processes do it at once."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; commits at the end, rolls back on any error.

    Raises:
        StoreUnreachableError: The database does not answer.
    """
    with reachable(), engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    Raises:
        StoreUnreachableError: The database does not answer.
    """
    with reachable(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a failure to reach the database into an error of ours; the driver's words stay in its cause."""
    try:
        yield
    except OperationalError as error:
        message = f"the alert store's database must be reachable: {error.orig}"
        raise StoreUnreachableError(message) from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not open transactions by itself: `_begin_sqlite` does, so that a writer waits for its turn
    # at the start instead of failing in the middle. synchronous=FULL: the engine relies on alerts that are in.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
