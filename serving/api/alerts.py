"""Alerts over HTTP: the list, the summary, one alert, an analyst's change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from models.alert import Category, Level
from serving.alerts.life import Change, Status
from serving.alerts.query import Filters
from serving.alerts.summary import Summary
from serving.api.alert_records import AlertDetail, AlertPage, Name, PatchBody, Share, SummaryRecord
from serving.api.problems import NOT_FOUND, STORE, TRIAGE
from serving.api.services import ServicesOf
from serving.times import nanoseconds

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
AlertId = Annotated[str, Path(max_length=128, pattern=r"^[^\x00]+$", description="The alert's `alert_id`.")]


class AlertQuery(BaseModel):
    """Filters, all of which must hold; a repeated one means any of its values."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field(default=[], description="Where the alert stands.")
    level: list[Level] = Field(default=[], description="Alert level.")
    typology: list[Name] = Field(default=[], description="What was found.", examples=[["wash_trading"]])
    category: list[Category] = Field(default=[], description="Class of pattern.")
    venue: list[Name] = Field(default=[], description="Venue.")
    symbol: list[Name] = Field(default=[], description="Symbol.", examples=[["BTC/USD"]])
    account: list[Name] = Field(default=[], description="An account that the alert names.")
    since: datetime | None = Field(default=None, description="Detected at or after; without a zone: UTC.")
    until: datetime | None = Field(default=None, description="Detected before; without a zone: UTC.")
    min_confidence: Share | None = Field(default=None, description="Least confidence.")
    min_risk: Share | None = Field(default=None, description="Least risk score.")
    cursor: str | None = Field(default=None, max_length=1000, description="`next_cursor` of the page before.")
    limit: int = Field(default=50, ge=1, le=500, description="Most alerts on a page.")

    def filters(self) -> Filters:
        """Return the filters as the store has them."""
        names = ("status", "level", "typology", "category", "venue", "symbol", "account")
        return Filters(
            **{name: tuple(getattr(self, name)) for name in names},
            since=None if self.since is None else nanoseconds(self.since),
            until=None if self.until is None else nanoseconds(self.until),
            min_confidence=self.min_confidence,
            min_risk=self.min_risk,
        )


@router.get("", response_model=AlertPage, responses=STORE, summary="List alerts, newest first")
def list_alerts(query: Annotated[AlertQuery, Query()], services: ServicesOf) -> object:
    """Return one page. Alerts that arrive or grow between two pages neither repeat nor hide another."""
    page = services.store.query(query.filters(), query.cursor, query.limit)
    return {"alerts": page.alerts, "next_cursor": page.next_cursor}


@router.get("/summary", response_model=SummaryRecord, responses=STORE, summary="Count alerts")
def summarise_alerts(services: ServicesOf) -> Summary:
    """Return how many alerts there are, and how the active ones divide by level, type and risk."""
    return services.store.summary()


@router.get("/{alert_id}", response_model=AlertDetail, responses=NOT_FOUND, summary="One alert")
def get_alert(alert_id: AlertId, services: ServicesOf) -> AlertDetail:
    """Return an alert at its last revision, with what analysts made of it."""
    return AlertDetail.of(services.store.get(alert_id))


@router.patch("/{alert_id}", response_model=AlertDetail, responses=TRIAGE, summary="Triage an alert")
def patch_alert(alert_id: AlertId, body: PatchBody, services: ServicesOf) -> AlertDetail:
    """Change status, assignee or disposition, or add a note; who, when and what is recorded.

    active → assigned → investigating → escalated are open, steps may be skipped or taken back; resolved (needs
    a disposition; can be reopened for investigation) and reported (final) are closed.
    """
    change = Change(**body.model_dump())
    return AlertDetail.of(services.store.patch(alert_id, change, services.clock()))
