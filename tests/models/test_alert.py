from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.alert import Alert, same_accusation

MINUTE = 60_000_000_000
ALERT = Alert(
    alert_id="one", revision=1, typology="spoofing", category="manipulation", alert_level="high", confidence=0.8,
    calibrated_on="labelled", risk_score=0.8, venue="x", symbol="A", accounts=("a", "b"), window_start=10 * MINUTE,
    window_end=20 * MINUTE, detected_at=12 * MINUTE, known_at=12 * MINUTE, findings=(), order_ids=(), trade_ids=(),
    related=(), model_version="m", feature_schema="f", parameters="p",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"alert_id": "other", "confidence": 0.1, "model_version": "n"}, True),
        ({"accounts": ("b", "c")}, True),
        ({"accounts": ("c",)}, False),
        ({"accounts": ()}, True),
        ({"window_start": 21 * MINUTE, "window_end": 30 * MINUTE}, True),
        ({"window_start": 21 * MINUTE + 1, "window_end": 30 * MINUTE}, False),
        ({"typology": "layering"}, False),
        ({"symbol": "B"}, False),
        ({"venue": "y"}, False),
    ],
)
def test_same_accusation_is_one_pattern_place_time_and_hand(changes: dict[str, Any], *, same: bool) -> None:
    other = replace(ALERT, **changes)
    assert (same_accusation(ALERT, other), same_accusation(other, ALERT)) == (same, same)
