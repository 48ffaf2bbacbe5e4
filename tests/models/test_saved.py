"""What a snapshot holds comes back as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import numpy as np
import pyarrow as pa

from features.events import _DTYPES, Events, no_events
from models.alert import Alert, Contribution
from models.findings import Evidence
from models.saved import alert_from_json, events_from_bytes, events_to_bytes

ALERT = Alert(
    alert_id="a1", revision=3, typology="spoofing", category="manipulation", alert_level="high", confidence=0.1 + 0.2,
    calibrated_on="simulated", risk_score=1 / 3, venue="x", symbol="BTC/USD", accounts=("ann", "bob"), window_start=1,
    window_end=2**62, detected_at=3, known_at=4, order_ids=("o1",), trade_ids=(), related=("r1",), model_version="m",
    feature_schema="f", parameters="p",
    findings=(Contribution("spoofing", "rule", 0.9, 1.0, 0.7, (Evidence("pull_s", 1e-9, "s", None, "says"),)),),
)  # fmt: skip


def events(n: int) -> Events:
    random = np.random.default_rng(1)
    columns = {name: random.integers(0, 100, n).astype(dtype) for name, dtype in _DTYPES.items()}
    columns["price"] = np.where(random.random(n) < 0.3, np.nan, random.random(n))
    return Events(**columns, ids=pa.array([None if k % 3 else f"id{k}" for k in range(n)], pa.string()))


def test_events_as_bytes_come_back() -> None:
    for before in (events(20), events(20).take(slice(3, 9)), no_events()):
        after = events_from_bytes(events_to_bytes(before))
        assert after.ids.to_pylist() == before.ids.to_pylist()
        for field in fields(Events):
            if field.name != "ids":
                one, other = getattr(before, field.name), getattr(after, field.name)
                assert one.dtype == other.dtype
                assert one.tobytes() == other.tobytes()


def test_alert_as_json_comes_back() -> None:
    assert alert_from_json(json.loads(json.dumps(asdict(ALERT)))) == ALERT
