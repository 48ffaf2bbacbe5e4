"""Alerts at the edge: what goes out and what comes in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.alert import CalibratedOn, Category, Level
from models.findings import Kind
from serving.alerts.life import Disposition, Status
from serving.alerts.store import Kept

Share = Annotated[float, Field(ge=0, le=1)]
Time = Annotated[str, Field(description="ISO 8601, UTC, microseconds", examples=["2024-05-01T09:31:00.000000Z"])]
Words = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class EvidenceRecord(BaseModel):
    """One figure that an analyst can check."""

    name: str = Field(examples=["self_match_share"])
    value: float | None = Field(examples=[0.86])
    unit: str = Field(examples=["ratio"])
    threshold: float | None = Field(description="What it was held against; null: told for context.", examples=[0.8])
    says: str = Field(description="The same in plain words.")


class FindingRecord(BaseModel):
    """What one detector brought to the alert."""

    detector: str = Field(examples=["wash_trading"])
    kind: Kind
    score: float | None = Field(description="How strong the pattern is, 0 to 1.")
    confidence: float | None = Field(description="How much evidence the score rests on, 0 to 1.")
    weight: float | None = Field(description="Its weight in the combination.")
    evidence: list[EvidenceRecord]


class AlertRecord(BaseModel):
    """An alert at its last revision."""

    alert_id: str = Field(description="Stays the same over revisions, replays and model versions.")
    revision: int = Field(ge=1, description="Rises as the alert grows.")
    typology: str = Field(examples=["wash_trading"])
    category: Category
    alert_level: Level = Field(description="critical: risk >= 0.9, high > 0.7, medium >= 0.4, low below.")
    confidence: Share = Field(description="Share of such alerts that are true, by the calibration.")
    calibrated_on: CalibratedOn
    risk_score: Share = Field(description="Confidence times severity.")
    status: Status
    venue: str = Field(examples=["binance"])
    symbol: str = Field(examples=["BTC/USD"])
    accounts: list[str] = Field(examples=[["a-17", "a-18"]])
    window_start: Time
    window_end: Time
    detected_at: Time
    known_at: Time
    findings: list[FindingRecord]
    order_ids: list[str]
    trade_ids: list[str]
    related: list[str] = Field(description="Ids of alerts that overlap.")
    model_version: str
    feature_schema: str
    parameters: str


class HistoryEntry(BaseModel):
    """One change by an analyst."""

    at: Time
    by: str = Field(examples=["eve"])
    change: dict[str, Any] = Field(examples=[{"status": {"from": "active", "to": "assigned"}}])


class Triaged(BaseModel):
    """What analysts made of an alert."""

    assignee: str | None
    disposition: Disposition | None
    history: list[HistoryEntry] = Field(description="Each change and note, oldest first.")
    revisions: list[int] = Field(description="Revisions that are kept.")


class AlertDetail(AlertRecord):
    """An alert with what analysts made of it."""

    triage: Triaged

    @classmethod
    def of(cls, kept: Kept) -> AlertDetail:
        """Return the record of a kept alert."""
        triage = {
            "assignee": kept.triage.assignee,
            "disposition": kept.triage.disposition,
            "history": kept.history,
            "revisions": kept.revisions,
        }
        return cls.model_validate({**kept.record, "triage": triage})


class AlertPage(BaseModel):
    """Some alerts, newest first."""

    alerts: list[AlertRecord]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null: this is the last.")


class ByLevel(BaseModel):
    """Active alerts by level."""

    critical: int
    high: int
    medium: int
    low: int


class RiskDistribution(BaseModel):
    """Active alerts by risk score."""

    high_risk: int = Field(description="risk_score > 0.7")
    medium_risk: int = Field(description="0.4 to 0.7")
    low_risk: int = Field(description="risk_score < 0.4")


class SummaryRecord(BaseModel):
    """Counts of alerts; all but the first over the active ones (not resolved, not reported)."""

    total_alerts: int
    active_alerts: int
    by_level: ByLevel
    by_type: dict[str, int] = Field(description="The mission's six are always there, others as they occur.")
    risk_distribution: RiskDistribution


class PatchBody(BaseModel):
    """An analyst's change; fields left out stay as they are."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"by": "eve", "status": "resolved", "disposition": "false", "note": "a hedger"}]
        },
    )

    by: Name = Field(default="unnamed", description="Who makes the change; kept in the history.")
    status: Status | None = Field(default=None, description="The status to go to.")
    assignee: Name | None = Field(default=None, description="Who is to look at it; required for `assigned`.")
    disposition: Disposition | None = Field(default=None, description="The verdict; required for `resolved`.")
    note: Words | None = Field(default=None, description="Words to keep with the alert.")
