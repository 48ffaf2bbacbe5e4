"""GET /v1/markets/cross: venues of one thing side by side."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from serving.times import iso
from tests.cross_tape import Trade, Venues

SHAPE = {
    "symbols", "price_discrepancies", "arbitrage_opportunities", "volume_correlations", "manipulation_patterns",
    "analysis_timestamp",
}  # fmt: skip


def sent(http: TestClient, trades: list[Trade]) -> None:
    rows = [{k: v for k, v in t.items() if k != "sequence"} | {"timestamp": iso(t["timestamp"])} for t in trades]
    answer = http.post("/v1/events", json={"trades": rows})
    assert answer.status_code == 200, answer.text


def asked(http: TestClient, **query: str | int) -> dict[str, Any]:
    answer = http.get("/v1/markets/cross", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == SHAPE
    return dict(answer.json())


def test_cross_with_a_gap_and_a_wash_tells_both_with_venues_and_event_time(http: TestClient) -> None:
    sent(http, Venues(minutes=12.0, every_s=1.5).wash(150.0).apart(500.0).records())
    found = asked(http, symbol="btcusd", window=900)
    assert found["symbols"] == ["BTC/USD"]
    gap = found["arbitrage_opportunities"][0]
    assert (gap["buy_venue"], gap["sell_venue"]) == ("beta", "alpha")
    assert gap["value"] > 0.0
    assert found["price_discrepancies"][0]["high_venue"] == "alpha"
    assert [one["venue_symbol"] for one in found["volume_correlations"]] == ["BTC/USD", "BTC-USD"]
    assert {one["typology"] for one in found["manipulation_patterns"]} == {"price_discrepancy", "cross_market_wash"}
    assert found["analysis_timestamp"].startswith("2024-05-01T00:11:5")


def test_cross_of_a_symbol_on_one_venue_has_empty_lists(http: TestClient) -> None:
    sent(http, Venues(minutes=2.0, venues=("alpha",)).records())
    found = asked(http, symbol="BTC/USD")
    assert [found[name] for name in sorted(SHAPE - {"analysis_timestamp"})] == [[]] * 5


def test_cross_before_any_event_has_empty_lists_and_no_time(http: TestClient) -> None:
    assert asked(http)["analysis_timestamp"] is None


def test_cross_of_an_unknown_symbol_is_a_problem_that_names_it(http: TestClient) -> None:
    answer = http.get("/v1/markets/cross", params={"symbol": "NOPE/USD"})
    assert answer.status_code == 404
    assert "NOPE/USD" in answer.json()["detail"]


def test_cross_with_a_window_of_more_than_is_kept_is_a_problem_that_names_the_field(http: TestClient) -> None:
    answer = http.get("/v1/markets/cross", params={"window": 5000})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "window"
