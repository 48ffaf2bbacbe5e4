from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from features.catalogue import MARKET_FEATURES

Trades = list[dict[str, Any]]
MISSION = {
    "symbol": "BTC/USD",
    "current_volume": 900.0,
    "current_price": 125.0,
    "volume_history": [100.0 + n % 7 for n in range(59)],
    "price_history": [100.0 + n % 3 for n in range(59)],
    "timestamps": [f"2024-05-01T09:{minute:02d}:00Z" for minute in range(59)],
    "user_distribution": {"a": 850.0, "b": 25.0, "c": 25.0},
    "trade_count": 120,
    "order_cancellations": 19,
    "total_orders": 20,
}


def test_score_of_the_missions_shape_answers_as_documented(http: TestClient) -> None:
    answer = http.post("/v1/score", json=MISSION)
    assert answer.status_code == 200
    scored = answer.json()
    assert scored["symbol"] == "BTC/USD"
    assert set(scored["features"]) == {feature.name for feature in MARKET_FEATURES}
    assert scored["features"]["cancellation_rate"] == 0.95
    assert {"volume_spike", "price_anomaly"} <= {finding["typology"] for finding in scored["findings"]}
    patterns = {pattern["pattern_type"]: pattern for pattern in scored["patterns"]}
    assert "volume_spike" in patterns
    for pattern in patterns.values():
        assert {"pattern_type", "confidence", "risk_score", "evidence"} <= set(pattern)
        assert 0.7 <= pattern["confidence"] <= 1
        assert pattern["evidence"]


def test_score_of_the_missions_shape_quiet_window_has_no_pattern(http: TestClient) -> None:
    quiet = {**MISSION, "current_volume": 101.0, "current_price": 101.0, "order_cancellations": 2}
    assert http.post("/v1/score", json=quiet | {"user_distribution": {}}).json()["patterns"] == []


def test_score_of_totals_that_are_not_told_is_unknown_not_zero(http: TestClient) -> None:
    bare = {name: MISSION[name] for name in list(MISSION)[:5]}
    features = http.post("/v1/score", json=bare).json()["features"]
    assert features["cancellation_rate"] is None
    assert features["user_concentration"] is None


def test_score_of_events_finds_the_wash_trading_and_keeps_nothing(http: TestClient, wash_trades: Trades) -> None:
    scored = http.post("/v1/score", json={"trades": wash_trades[:180]}).json()
    assert "wash_trading" in {pattern["pattern_type"] for pattern in scored["patterns"]}
    assert http.get("/v1/alerts/summary").json()["total_alerts"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**MISSION, "current_price": -1}, "current_price"),
        ({**MISSION, "price_history": [1.0]}, "price_history"),
        ({**MISSION, "volume_history": [-1.0, *[1.0] * 58]}, "volume_history[0]"),
        ({**MISSION, "timestamps": ["2024-05-01T09:00:00Z"] * 59}, "timestamps"),
        ({**MISSION, "timestamps": ["2024-05-01T09:00:00Z"]}, "timestamps"),
        ({**MISSION, "colour": "red"}, "colour"),
        ({"symbol": "A"}, "current_volume"),
        ({"trades": [], "symbol": "A"}, "symbol"),
        ({"trades": []}, "events"),
        ({}, "body"),
        ([], "body"),
    ],
)
def test_score_of_a_wrong_body_is_a_problem_that_names_the_field(http: TestClient, body: object, field: str) -> None:
    answer = http.post("/v1/score", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_score_of_buckets_of_a_microsecond_takes_no_memory_for_a_day_of_them(http: TestClient) -> None:
    times = [f"2024-05-01T09:00:00.0000{step:02d}Z" for step in range(59)]
    assert http.post("/v1/score", json={**MISSION, "timestamps": times}).status_code == 200


def test_score_of_two_markets_is_refused(http: TestClient, wash_trades: Trades) -> None:
    rows = [wash_trades[0], {**wash_trades[1], "symbol": "ETH/USD"}]
    answer = http.post("/v1/score", json={"trades": rows})
    assert (answer.status_code, "exactly one venue and symbol" in answer.json()["detail"]) == (422, True)
