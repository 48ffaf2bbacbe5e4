"""The alert record: the same fields in the store, in JSON Lines and over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.findings import Evidence, Kind

Category = Literal["manipulation", "anomaly", "behaviour", "warning"]
Level = Literal["critical", "high", "medium", "low"]
CalibratedOn = Literal["simulated", "labelled", "definition"]

SLACK_NS = 60_000_000_000
"""Spans that are this far apart are still about one and the same."""


@dataclass(frozen=True)
class Contribution:
    """What one detector brought to an alert."""

    detector: str
    kind: Kind
    score: float
    confidence: float
    weight: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Alert:
    """Findings on one subject, combined, at one revision; times are nanoseconds UTC.

    `calibrated_on` is "definition" where no model was calibrated: the confidence then is the rule's own score.
    """

    alert_id: str
    revision: int
    typology: str
    category: Category
    alert_level: Level
    confidence: float
    calibrated_on: CalibratedOn
    risk_score: float
    venue: str
    symbol: str
    accounts: tuple[str, ...]
    window_start: int
    window_end: int
    detected_at: int
    known_at: int
    findings: tuple[Contribution, ...]
    order_ids: tuple[str, ...]
    trade_ids: tuple[str, ...]
    related: tuple[str, ...]
    model_version: str
    feature_schema: str
    parameters: str


def level(risk_score: float) -> Level:
    """Return the level of a risk score: critical >= 0.9, high > 0.7, medium >= 0.4, low below."""
    if risk_score >= 0.9:
        return "critical"
    if risk_score > 0.7:
        return "high"
    return "medium" if risk_score >= 0.4 else "low"


def same_accusation(one: Alert, other: Alert) -> bool:
    """Return whether two judges' alerts are about the same.

    That is a pattern on one market, at spans that overlap within 60 s, of at least one common account where both name
    accounts. Ids say less: who opens an alert earlier gives it another.
    """
    apart = max(one.window_start - other.window_end, other.window_start - one.window_end)
    strangers = one.accounts and other.accounts and not set(one.accounts) & set(other.accounts)
    placed = [(alert.typology, alert.venue, alert.symbol) for alert in (one, other)]
    return placed[0] == placed[1] and apart <= SLACK_NS and not strangers
