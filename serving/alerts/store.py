"""The alert store: what the engine found and what analysts made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from features.canary import is_canary
from models.alert import Alert
from serving.alerts.database import migrate, open_database, reading, writing
from serving.alerts.life import CLOSED, Change, Disposition, Triage, after
from serving.alerts.query import Filters, newest_first, write_cursor
from serving.alerts.record import to_record
from serving.alerts.schema import accounts, alerts, history, revisions
from serving.alerts.summary import Summary, counts, summarise
from serving.errors import AlertNotFoundError
from serving.times import iso

_MACHINE = (
    "revision",
    "typology",
    "category",
    "alert_level",
    "confidence",
    "risk_score",
    "venue",
    "symbol",
    "detected_at",
)
_GROWS = ("revision", "alert_level", "confidence", "risk_score", "record")


@dataclass(frozen=True)
class Page:
    """Some alerts as records, newest first, and the cursor of the next page (None: there is none)."""

    alerts: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True)
class Kept:
    """One alert with all that is known of it.

    Attributes:
        record: The alert at its last revision.
        triage: Where it stands.
        history: Each change: at, by, and what changed from what to what; oldest first.
        revisions: The revision numbers kept, ascending.
    """

    record: dict[str, Any]
    triage: Triage
    history: list[dict[str, Any]]
    revisions: list[int]


@dataclass(frozen=True)
class Decided:
    """An alert that analysts are done with.

    Attributes:
        record: The alert at its last revision.
        disposition: Their verdict; None where it was reported without one.
        by: Who decided.
        at: When, nanoseconds UTC.
    """

    record: dict[str, Any]
    disposition: Disposition | None
    by: str
    at: int


class AlertStore:
    """Keeps alerts in SQLite or PostgreSQL; safe for threads, and for several processes on one database.

    The engine writes alerts by `upsert`, analysts by `patch`, and neither touches what is the other's.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @classmethod
    def open(cls, url: str, *, migrated: bool = False) -> AlertStore:
        """Return the store at a URL; its schema is brought up to date first, unless that was done already."""
        engine = open_database(url)
        if not migrated:
            migrate(engine)
        return cls(engine)

    @property
    def database(self) -> Engine:
        """The migrated database, which the adopted parameters are in as well."""
        return self._engine

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def check(self) -> None:
        """Return if the database answers.

        Raises:
            StoreUnreachableError: It does not.
        """
        with reading(self._engine) as connection:
            connection.execute(text("SELECT 1"))

    def upsert(self, found: Iterable[Alert]) -> int:
        """Keep alert revisions, all or none of them; what is known or older is left alone, and what canaries raise.

        Returns:
            How many revisions were new.
        """
        real = [alert for alert in found if not is_canary(alert.venue)]
        ordered = sorted(real, key=lambda alert: (alert.alert_id, alert.revision))
        if not ordered:
            return 0
        with writing(self._engine) as connection:
            return sum(self._upsert(connection, alert) for alert in ordered)

    def query(self, filters: Filters, cursor: str | None = None, limit: int = 50) -> Page:
        """Return one page of alerts, newest `detected_at` first."""
        with reading(self._engine) as connection:
            rows = connection.execute(newest_first(filters, cursor, limit)).all()
        page = [{**row.record, "status": row.status} for row in rows[:limit]]
        more = len(rows) > limit
        return Page(page, write_cursor(rows[limit - 1].detected_at, rows[limit - 1].alert_id) if more else None)

    def summary(self) -> Summary:
        """Return the counts of all alerts at this instant."""
        with reading(self._engine) as connection:
            return summarise(connection.execute(counts()))

    def decided(self) -> list[Decided]:
        """Return the alerts that are resolved or reported, by id, each with who decided last, and when."""
        closed = alerts.c.status.in_(CLOSED)
        chosen = select(alerts.c.alert_id, alerts.c.record, alerts.c.status, alerts.c.disposition).where(closed)
        changes = select(history.c.alert_id, history.c.at, history.c.by, history.c.change).order_by(history.c.entry)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(alerts.c.alert_id)).all()
            entries = connection.execute(changes.join(alerts).where(closed)).all()
        last = {
            entry.alert_id: (entry.by, entry.at) for entry in entries if {"status", "disposition"} & {*entry.change}
        }
        return [Decided({**row.record, "status": row.status}, row.disposition, *last[row.alert_id]) for row in rows]

    def get(self, alert_id: str) -> Kept:
        """Return one alert.

        Raises:
            AlertNotFoundError: There is none by this id.
        """
        with reading(self._engine) as connection:
            return _kept(connection, alert_id)

    def revision(self, alert_id: str, revision: int) -> dict[str, Any]:
        """Return the record of one revision, its status as it was found: active."""
        chosen = select(revisions.c.record).filter_by(alert_id=alert_id, revision=revision)
        with reading(self._engine) as connection:
            record: dict[str, Any] | None = connection.execute(chosen).scalar()
        if record is None:
            message = f"alert_id and revision must be those of a kept alert, were {alert_id} and {revision}"
            raise AlertNotFoundError(message)
        return record

    def patch(self, alert_id: str, change: Change, at: int) -> Kept:
        """Apply an analyst's change and record who, when and what.

        Args:
            alert_id: The alert.
            change: What is asked for.
            at: When, nanoseconds UTC.

        Raises:
            AlertNotFoundError: There is none by this id.
            LifeCycleError: The change is not allowed from where the alert stands.
            RequestError: The change lacks something.
        """
        with writing(self._engine) as connection:
            now = _triage(connection, alert_id, lock=True)
            then = after(alert_id, now, change)
            connection.execute(update(alerts).where(alerts.c.alert_id == alert_id).values(**asdict(then)))
            what = _difference(now, then, change.note)
            if what:
                connection.execute(insert(history).values(alert_id=alert_id, at=at, by=change.by, change=what))
            return _kept(connection, alert_id)

    def _upsert(self, connection: Connection, alert: Alert) -> int:
        record = to_record(alert)
        values = {name: getattr(alert, name) for name in _MACHINE}
        new = self._insert(alerts).values(alert_id=alert.alert_id, **values, record=record, status="active")
        grown = {name: new.excluded[name] for name in _GROWS}
        older = alerts.c.revision < alert.revision
        taken = new.on_conflict_do_update(index_elements=["alert_id"], set_=grown, where=older)
        if connection.execute(taken.returning(alerts.c.alert_id)).scalar() is None:
            return 0
        connection.execute(insert(revisions).values(alert_id=alert.alert_id, revision=alert.revision, record=record))
        connection.execute(delete(accounts).where(accounts.c.alert_id == alert.alert_id))
        if alert.accounts:
            rows = [{"alert_id": alert.alert_id, "account": account} for account in dict.fromkeys(alert.accounts)]
            connection.execute(insert(accounts), rows)
        return 1


def _triage(connection: Connection, alert_id: str, *, lock: bool) -> Triage:
    chosen = select(alerts.c.status, alerts.c.assignee, alerts.c.disposition).where(alerts.c.alert_id == alert_id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).one_or_none()
    if row is None:
        message = f"alert_id must be that of a kept alert, was {alert_id}"
        raise AlertNotFoundError(message)
    return Triage(*row)


def _kept(connection: Connection, alert_id: str) -> Kept:
    triage = _triage(connection, alert_id, lock=False)
    record = connection.execute(select(alerts.c.record).where(alerts.c.alert_id == alert_id)).scalar_one()
    numbers = select(revisions.c.revision).where(revisions.c.alert_id == alert_id).order_by(revisions.c.revision)
    changes = select(history.c.at, history.c.by, history.c.change).where(history.c.alert_id == alert_id)
    entries = connection.execute(changes.order_by(history.c.entry))
    return Kept(
        record={**record, "status": triage.status},
        triage=triage,
        history=[{"at": iso(row.at), "by": row.by, "change": row.change} for row in entries],
        revisions=list(connection.execute(numbers).scalars()),
    )


def _difference(now: Triage, then: Triage, note: str | None) -> dict[str, Any]:
    before, behind = asdict(now), asdict(then)
    changed = {name: {"from": before[name], "to": behind[name]} for name in before if before[name] != behind[name]}
    return {**changed, "note": note} if note else changed
