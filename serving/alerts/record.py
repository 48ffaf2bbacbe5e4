"""The alert record as JSON types: the same fields, in the same order, in the store, in JSON Lines and over HTTP."""

from __future__ import annotations

from typing import Any

from features.json_values import finite
from models.alert import Alert, Contribution
from models.findings import Evidence
from serving.times import iso


def to_record(alert: Alert, status: str = "active") -> dict[str, Any]:
    """Return an alert as JSON types; a value that is not a number becomes null.

    Args:
        alert: The alert at one revision.
        status: Where it stands in its life; a new alert is active.

    Returns:
        The record of design.md, "Alerts", with its keys in that order.
    """
    return {
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "typology": alert.typology,
        "category": alert.category,
        "alert_level": alert.alert_level,
        "confidence": alert.confidence,
        "calibrated_on": alert.calibrated_on,
        "risk_score": alert.risk_score,
        "status": status,
        "venue": alert.venue,
        "symbol": alert.symbol,
        "accounts": list(alert.accounts),
        "window_start": iso(alert.window_start),
        "window_end": iso(alert.window_end),
        "detected_at": iso(alert.detected_at),
        "known_at": iso(alert.known_at),
        "findings": [contribution_record(part) for part in alert.findings],
        "order_ids": list(alert.order_ids),
        "trade_ids": list(alert.trade_ids),
        "related": list(alert.related),
        "model_version": alert.model_version,
        "feature_schema": alert.feature_schema,
        "parameters": alert.parameters,
    }


def contribution_record(part: Contribution) -> dict[str, Any]:
    """Return what one detector brought to an alert, as JSON types."""
    return {
        "detector": part.detector,
        "kind": part.kind,
        "score": finite(part.score),
        "confidence": finite(part.confidence),
        "weight": finite(part.weight),
        "evidence": [evidence_record(figure) for figure in part.evidence],
    }


def evidence_record(figure: Evidence) -> dict[str, Any]:
    """Return one figure as JSON types."""
    return {
        "name": figure.name,
        "value": finite(figure.value),
        "unit": figure.unit,
        "threshold": finite(figure.threshold),
        "says": figure.says,
    }
