"""Which alerts are asked for, in what order, from where on."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, or_, select

from serving.alerts.schema import accounts, alerts
from serving.errors import RequestError

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]


@dataclass(frozen=True)
class Filters:
    """Conditions that must all hold; an empty one lets everything pass, several values mean any of them.

    `since` (inclusive) and `until` (exclusive) are about `detected_at`, nanoseconds UTC.
    """

    status: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    typology: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    venue: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    min_confidence: float | None = None
    min_risk: float | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        columns = {
            "status": alerts.c.status,
            "level": alerts.c.alert_level,
            "typology": alerts.c.typology,
            "category": alerts.c.category,
            "venue": alerts.c.venue,
            "symbol": alerts.c.symbol,
        }
        found = [column.in_(getattr(self, name)) for name, column in columns.items() if getattr(self, name)]
        if self.account:
            of_accounts = select(accounts.c.alert_id).where(accounts.c.account.in_(self.account))
            found.append(alerts.c.alert_id.in_(of_accounts))
        return found + self._ranges()

    def _ranges(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(alerts.c.detected_at >= self.since)
        if self.until is not None:
            found.append(alerts.c.detected_at < self.until)
        if self.min_confidence is not None:
            found.append(alerts.c.confidence >= self.min_confidence)
        if self.min_risk is not None:
            found.append(alerts.c.risk_score >= self.min_risk)
        return found


def newest_first(filters: Filters, cursor: str | None, limit: int) -> Select[dict[str, Any], str, int, str]:
    """Return the SQL of one page and one row more, by which a further page is known to exist.

    Both sort keys never change in an alert's life, so alerts that arrive or grow between two pages neither repeat
    nor hide another.
    """
    conditions = filters.conditions()
    if cursor is not None:
        detected_at, alert_id = read_cursor(cursor)
        same_time = and_(alerts.c.detected_at == detected_at, alerts.c.alert_id < alert_id)
        conditions.append(or_(alerts.c.detected_at < detected_at, same_time))
    chosen = select(alerts.c.record, alerts.c.status, alerts.c.detected_at, alerts.c.alert_id).where(*conditions)
    return chosen.order_by(alerts.c.detected_at.desc(), alerts.c.alert_id.desc()).limit(limit + 1)


def write_cursor(detected_at: int, alert_id: str) -> str:
    """Return the opaque place right after an alert."""
    return base64.urlsafe_b64encode(msgspec.json.encode((detected_at, alert_id))).decode()


def read_cursor(cursor: str) -> tuple[int, str]:
    """Return what `write_cursor` was given.

    Raises:
        RequestError: The cursor is not one of ours.
    """
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return msgspec.json.decode(place, type=tuple[_Int64, _Text])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        field, rule = "cursor", "the next_cursor of an earlier answer"
        raise RequestError(field, rule, cursor) from error
