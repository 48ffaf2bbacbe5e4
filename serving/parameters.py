"""Adopted parameters: every version with who, when and why, in the database; the newest as `parameters.toml`.

The database is what several machines share. Each writes the newest version to its own `parameters.toml`, which scan
and serve start from. A file that was edited by hand, whose version nobody adopted, stays in force where it is until
something is adopted; what it held is then kept in the history as well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, text

from features.errors import ParameterError, StoreError
from models.parameter_changes import changed
from models.parameters import Parameters, load_parameters, parse_parameters, to_toml
from serving.alerts.database import reading, writing
from serving.alerts.schema import parameter_versions as table
from serving.errors import RequestError
from serving.files import write_whole
from serving.settings import Settings

NOBODY = "unknown"
FOUND = "found in force, adopted by nobody"
_LOCK = 7_461_706_578
_LONGEST_NAME, _LONGEST_WHY = 200, 10_000


@dataclass(frozen=True)
class Adopted:
    """One adopted set of parameters.

    Attributes:
        number: 1, 2, …, in the order of adoption.
        version: Version of the values; the same values have the same one.
        previous: Version that was in force before; None where none was recorded.
        at: When, ns UTC.
        by: Who.
        why: Why.
        toml: All values.
    """

    number: int
    version: str
    previous: str | None
    at: int
    by: str
    why: str
    toml: str

    @property
    def parameters(self) -> Parameters:
        """The values."""
        return parse_parameters(tomllib.loads(self.toml), f"version {self.version}")


class ParameterHistory:
    """The adopted versions in the alert store's database; safe for several processes on several machines.

    Args:
        settings: Where `parameters.toml` is.
        database: The migrated database, see `AlertStore.database`.
    """

    def __init__(self, settings: Settings, database: Engine) -> None:
        self._settings = settings
        self._database = database

    def in_force(self) -> Parameters:
        """Return what scan and serve start from: a file edited by hand, else the newest version, else the file.

        Raises:
            StoreError: `parameters.toml` has mistakes.
        """
        with reading(self._database) as connection:
            return self._in_force(connection)

    def all(self) -> tuple[Adopted, ...]:
        """Return every version, the newest first."""
        with reading(self._database) as connection:
            rows = connection.execute(select(table).order_by(table.c.number.desc())).all()
        return tuple(_adopted(row) for row in rows)

    def get(self, version: str) -> Adopted:
        """Return a version by its number or by its version; of the same values the newest.

        Raises:
            ParameterError: There is no such one.
        """
        every = self.all()
        found = next((one for one in every if version in {str(one.number), one.version}), None)
        if found is None:
            known = f"of 1 to {len(every)}, or a version of the history" if every else "adopted first; none is"
            raise ParameterError(f"version must be {known}, was {version}")
        return found

    def adopt(self, values: Mapping[str, Any], *, by: str, why: str, at: int) -> Adopted:
        """Set values anew, record who and why, and write `parameters.toml`.

        Args:
            values: Tables of values, whole or in part; what is not named stays as it is in force.
            by: Who adopts it.
            why: Why.
            at: When, ns UTC.

        Raises:
            RequestError: `by` or `why` says nothing.
            ParameterError: Values are unknown or out of range; all are told, and nothing is changed.
        """
        _refuse_silence(by, why)
        with self._alone() as connection:
            present = self._in_force(connection)
            new = changed(present, values)
            unrecorded = {present.version()} - self._versions(connection) - {new.version()}
            if unrecorded and self._settings.parameters_file.exists():
                self._insert(connection, present, by=NOBODY, why=FOUND, at=at)
            adopted = self._insert(connection, new, by=by.strip(), why=why.strip(), at=at)
        self.follow()
        return adopted

    def revert(self, *, by: str, why: str, at: int, version: str | None = None) -> Adopted:
        """Adopt the values of an earlier version again: the one before the newest, unless told which.

        Raises:
            RequestError: `by` or `why` says nothing.
            ParameterError: There is no such version.
        """
        every = self.all()
        if version is None and not every:
            raise ParameterError("there must be an adopted version to revert, was none")
        wanted = version or every[0].previous
        values = self.get(wanted).parameters if wanted else Parameters()
        return self.adopt(values.model_dump(), by=by, why=why, at=at)

    def follow(self) -> str | None:
        """Write the newest version to `parameters.toml`, unless the file was edited by hand.

        Returns:
            A line for the operator where the file was changed or is not what was adopted; None where all is well.
        """
        with self._alone() as connection:
            newest, versions, file = self._newest(connection), self._versions(connection), self._of_file()
            if newest is None or (file is not None and file.version() == newest.version):
                return None
            if file is not None and file.version() not in versions:
                told = f"{self._settings.parameters_file} holds values that nobody adopted (version {file.version()})"
                return f"{told}; `tapewatch parameters adopt` records them"
            self._settings.home.mkdir(parents=True, exist_ok=True)
            write_whole(self._settings.parameters_file, newest.toml.encode())
            return f"parameters: version {newest.version}, adopted by {newest.by}"

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Open a transaction that writes, alone among all histories: `parameters.toml` has one writer at a time."""
        with writing(self._database) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection

    def _in_force(self, connection: Connection) -> Parameters:
        newest, file = self._newest(connection), self._of_file()
        if file is not None and (newest is None or file.version() not in self._versions(connection)):
            return file
        return Parameters() if newest is None else newest.parameters

    def _of_file(self) -> Parameters | None:
        file = self._settings.parameters_file
        try:
            return load_parameters(file) if file.exists() else None
        except ParameterError as error:
            # Not what was asked for is wrong, but what is kept.
            raise StoreError(str(error)) from error

    def _newest(self, connection: Connection) -> Adopted | None:
        row = connection.execute(select(table).order_by(table.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else _adopted(row)

    @staticmethod
    def _versions(connection: Connection) -> set[str]:
        return set(connection.execute(select(table.c.version)).scalars())

    def _insert(self, connection: Connection, parameters: Parameters, *, by: str, why: str, at: int) -> Adopted:
        newest = self._newest(connection)
        values: dict[str, Any] = {
            "version": parameters.version(),
            "previous": newest.version if newest else None,
            "at": at,
            "by": by,
            "why": why,
            "toml": to_toml(parameters),
        }
        number = connection.execute(insert(table).values(**values).returning(table.c.number)).scalar_one()
        return Adopted(number=number, **values)


def _adopted(row: Row[Any]) -> Adopted:
    return Adopted(**row._mapping)  # noqa: SLF001 -- public in SQLAlchemy, whatever its name says


def _refuse_silence(by: str, why: str) -> None:
    for name, said, most in (("by", by, _LONGEST_NAME), ("why", why, _LONGEST_WHY)):
        if not 0 < len(said.strip()) <= most or "\0" in said:
            raise RequestError(name, f"text of 1 to {most} characters", said)
