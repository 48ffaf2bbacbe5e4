"""The life of an alert: which status may follow which, and what a change must bring along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from serving.errors import LifeCycleError, RequestError

Status = Literal["active", "assigned", "investigating", "escalated", "resolved", "reported"]
Disposition = Literal["true", "false", "inconclusive"]

STATUSES: tuple[Status, ...] = get_args(Status)
OPEN: tuple[Status, ...] = ("active", "assigned", "investigating", "escalated")
CLOSED: tuple[Status, ...] = ("resolved", "reported")

FOLLOWS: dict[Status, tuple[Status, ...]] = {
    "active": ("assigned", "investigating", "escalated", "resolved"),
    "assigned": ("active", "investigating", "escalated", "resolved"),
    "investigating": ("assigned", "escalated", "resolved"),
    "escalated": ("investigating", "resolved", "reported"),
    "resolved": ("investigating", "reported"),
    "reported": (),
}


@dataclass(frozen=True)
class Triage:
    """What analysts decided about an alert; `assignee` and `disposition` are None until someone did."""

    status: Status = "active"
    assignee: str | None = None
    disposition: Disposition | None = None


@dataclass(frozen=True)
class Change:
    """What an analyst asks for; None leaves a field as it is.

    Attributes:
        by: Who asks.
        status: The status to go to.
        assignee: Who is to look at it.
        disposition: The verdict; required to resolve.
        note: Words to keep with the alert.
    """

    by: str
    status: Status | None = None
    assignee: str | None = None
    disposition: Disposition | None = None
    note: str | None = None


def after(alert_id: str, now: Triage, change: Change) -> Triage:
    """Return what an alert becomes by a change.

    Raises:
        LifeCycleError: The status asked for cannot follow the present one, or the alert is beyond change.
        RequestError: The change lacks what the status needs, or brings what it cannot have.
    """
    status = change.status or now.status
    if status != now.status and status not in FOLLOWS[now.status]:
        allowed = ", ".join(FOLLOWS[now.status]) or f"{now.status} (it is final)"
        message = f"status of alert {alert_id} must be one of: {allowed}; it is {now.status}, asked for was {status}"
        raise LifeCycleError(message)
    if now.status == "reported" and (change.assignee or change.disposition):
        message = f"alert {alert_id} must be open or resolved to be changed, was reported; only notes can be added"
        raise LifeCycleError(message)
    assignee = change.assignee or now.assignee
    if status == "active":
        assignee = change.assignee
    _check(status, assignee, change)
    disposition = change.disposition or (now.disposition if status in CLOSED else None)
    if status == "resolved" and disposition is None:
        field, rule = "disposition", "true, false or inconclusive when an alert is resolved"
        raise RequestError(field, rule)
    return Triage(status, assignee, disposition)


def _check(status: Status, assignee: str | None, change: Change) -> None:
    if status == "active" and assignee is not None:
        field, rule = "assignee", "given with status assigned, or with a later one"
        raise RequestError(field, rule, assignee)
    if status == "assigned" and assignee is None:
        field, rule = "assignee", "the name of an analyst when an alert is assigned"
        raise RequestError(field, rule)
    if change.disposition is not None and status not in CLOSED:
        field, rule = "disposition", "given with status resolved only"
        raise RequestError(field, rule, change.disposition)
