from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from models.alert import Alert
from models.cross_report import CrossReport
from serving.alerts.record import to_record
from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import Champion
from serving.engine.wire import Ack, Batch, EngineStatus
from serving.errors import EngineUnavailableError
from serving.settings import Settings

MakeAlert = Callable[..., Alert]
URL = "/v1/alerts/alert-0000"


def test_alerts_list_gives_exactly_the_designed_record(
    http: TestClient, sqlite_store: AlertStore, alert: MakeAlert
) -> None:
    sqlite_store.upsert([alert()])
    answer = http.get("/v1/alerts").json()
    assert answer == {"alerts": [to_record(alert())], "next_cursor": None}
    assert list(answer["alerts"][0]) == list(to_record(alert()))


def test_alerts_list_is_read_page_by_page_to_its_end(
    http: TestClient, sqlite_store: AlertStore, alert: MakeAlert
) -> None:
    sqlite_store.upsert([alert(n) for n in range(7)])
    seen, cursor = [], None
    for _ in range(3):
        page = http.get("/v1/alerts", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [found["alert_id"] for found in page["alerts"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == ([f"alert-{n:04d}" for n in reversed(range(7))], None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("level=high", 2),
        ("level=critical&level=low", 0),
        ("status=active&status=assigned", 2),
        ("typology=spoofing", 1),
        ("account=a", 2),
        ("since=2023-11-14T22:14:30Z", 1),
        ("since=2023-11-14T22:14:30", 1),
        ("until=2023-11-14T22:14:30Z", 1),
        ("min_risk=0.9", 0),
        ("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", 2),
    ],
)
def test_alerts_list_filters(
    http: TestClient, sqlite_store: AlertStore, alert: MakeAlert, query: str, count: int
) -> None:
    sqlite_store.upsert([alert(0), alert(1, typology="spoofing")])
    assert len(http.get(f"/v1/alerts?{query}").json()["alerts"]) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("status=closed", "status.0"),
        ("since=yesterday", "since"),
        ("min_risk=2", "min_risk"),
        ("cursor=nonsense", "cursor"),
        ("colour=red", "colour"),
        ("venue=%00", "venue.0"),
    ],
)
def test_alerts_list_wrong_filter_is_a_problem_that_names_it(http: TestClient, query: str, field: str) -> None:
    answer = http.get(f"/v1/alerts?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_summary_has_exactly_the_missions_keys(http: TestClient, sqlite_store: AlertStore, alert: MakeAlert) -> None:
    sqlite_store.upsert([alert(0), alert(1, typology="layering", risk_score=0.95)])
    assert http.get("/v1/alerts/summary").json() == {
        "total_alerts": 2,
        "active_alerts": 2,
        "by_level": {"critical": 1, "high": 1, "medium": 0, "low": 0},
        "by_type": {
            "pump_and_dump": 0, "wash_trading": 1, "spoofing": 0, "volume_spike": 0, "price_anomaly": 0,
            "concentrated_trading": 0, "layering": 1,
        },
        "risk_distribution": {"high_risk": 2, "medium_risk": 0, "low_risk": 0},
    }  # fmt: skip


def test_alert_through_its_life_keeps_who_when_and_what(
    http: TestClient, sqlite_store: AlertStore, alert: MakeAlert
) -> None:
    sqlite_store.upsert([alert()])
    http.patch(URL, json={"by": "ann", "status": "assigned", "assignee": "eve"})
    answer = http.patch(URL, json={"by": "eve", "status": "resolved", "disposition": "true", "note": "clear"})
    assert answer.status_code == 200
    shown = http.get(URL).json()
    assert shown == answer.json()
    assert shown["status"] == "resolved"
    triage = shown["triage"]
    assert (triage["assignee"], triage["disposition"], triage["revisions"]) == ("eve", "true", [1])
    assert [(entry["by"], entry["at"]) for entry in triage["history"]] == [
        ("ann", "2024-05-01T12:00:00.000000Z"),
        ("eve", "2024-05-01T12:00:00.000000Z"),
    ]
    assert http.get("/v1/alerts/summary").json()["active_alerts"] == 0


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"status": "reported"}, 409, "it is active, asked for was reported"),
        ({"status": "resolved"}, 422, "disposition must be true, false or inconclusive"),
        ({"status": "assigned"}, 422, "assignee must be the name of an analyst"),
        ({"status": "gone"}, 422, "status must be 'active', 'assigned'"),
        ({"colour": "red"}, 422, "colour"),
        ({"note": ""}, 422, "note"),
        ([], 422, "body"),
    ],
)
def test_alert_wrong_change_is_a_problem_and_changes_nothing(
    http: TestClient, sqlite_store: AlertStore, alert: MakeAlert, body: object, status: int, says: str
) -> None:
    sqlite_store.upsert([alert()])
    answer = http.patch(URL, json=body)
    assert answer.status_code == status
    assert says in answer.json()["detail"]
    assert http.get(URL).json()["triage"]["history"] == []


class Gone:
    """An engine that does not answer."""

    def submit(self, batch: Batch) -> Ack:
        raise EngineUnavailableError("the engine must answer at its socket: it is away")

    def status(self) -> EngineStatus:
        raise EngineUnavailableError("the engine must answer at its socket: it is away")

    def cross(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        raise EngineUnavailableError("the engine must answer at its socket: it is away")


@pytest.fixture
def without_engine(settings: Settings, sqlite_store: AlertStore, rules_only: Champion) -> Iterator[TestClient]:
    app = create_app(settings, sqlite_store, Gone(), ChampionScorer(rules_only))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_ready_with_store_and_engine_is_ok(http: TestClient) -> None:
    assert http.get("/health/ready").json() == {"status": "ok"}
    assert http.get("/health/live").json() == {"status": "ok"}


def test_ready_without_engine_is_a_problem_to_retry(without_engine: TestClient) -> None:
    answer = without_engine.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"] == "the engine must answer at its socket: it is away"
    assert without_engine.get("/health/live").status_code == 200


def test_events_without_engine_are_a_problem_to_retry(without_engine: TestClient) -> None:
    answer = without_engine.post("/v1/events", json={"trades": []})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/alerts/none", 404),
        ("PATCH", "/v1/alerts/none", 404),
        ("DELETE", "/v1/alerts", 405),
        ("PUT", "/v1/events", 405),
    ],
)
def test_problems_of_routing_are_problem_documents(http: TestClient, method: str, path: str, status: int) -> None:
    answer = http.request(method, path, json={} if method == "PATCH" else None)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert list(problem) == ["type", "title", "status", "detail", "instance", "errors"]
    assert (problem["status"], problem["instance"]) == (status, path)


def test_problem_of_405_names_the_allowed_methods(http: TestClient) -> None:
    assert http.delete("/v1/alerts").headers["allow"] == "GET"


def chunks(size: int) -> Iterator[bytes]:
    yield from (b"x" * 1000 for _ in range(size // 1000))


@pytest.mark.parametrize("content", [b"x" * 3000, lambda: chunks(3000)], ids=["announced", "streamed"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/events"), ("PATCH", URL)])
def test_body_too_large_is_refused(
    settings: Settings, sqlite_store: AlertStore, rules_only: Champion, content: Any, method: str, path: str
) -> None:
    small = settings.model_copy(update={"max_body_bytes": 2500})
    with TestClient(create_app(small, sqlite_store, Gone(), ChampionScorer(rules_only))) as client:
        sent = content() if callable(content) else content
        answer = client.request(method, path, content=sent, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["detail"] == "the request body must be at most 2500 bytes"


def test_unexpected_error_is_a_problem_without_its_inside(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(app.state.services.store, "summary", broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/v1/alerts/summary")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_models_without_champion_says_rules_only(http: TestClient) -> None:
    champion = http.get("/v1/models").json()["champion"]
    assert (champion["version"], champion["digest"]) == ("rules only", "rules only")


def test_metrics_count_requests_by_route_and_ask_engine_and_store(http: TestClient) -> None:
    http.get("/v1/alerts/none")
    text = http.get("/metrics").text
    assert 'tapewatch_http_requests_total{method="GET",route="/v1/alerts/{alert_id}",status="404"} 1.0' in text
    assert 'tapewatch_up{part="engine"} 1.0' in text
    assert 'tapewatch_active_alerts{level="high"} 0.0' in text


def test_metrics_without_engine_still_answer(without_engine: TestClient) -> None:
    assert 'tapewatch_up{part="engine"} 0.0' in without_engine.get("/metrics").text
