from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

OPERATIONS = [
    ("POST", "/v1/events"),
    ("POST", "/v1/score"),
    ("GET", "/v1/alerts"),
    ("GET", "/v1/alerts/summary"),
    ("GET", "/v1/alerts/{alert_id}"),
    ("PATCH", "/v1/alerts/{alert_id}"),
    ("GET", "/v1/markets/cross"),
    ("GET", "/v1/parameters"),
    ("PUT", "/v1/parameters"),
    ("GET", "/v1/parameters/history"),
    ("POST", "/v1/parameters/whatif"),
    ("GET", "/v1/monitoring"),
    ("POST", "/v1/monitoring"),
    ("GET", "/v1/monitoring/alarms"),
    ("GET", "/v1/monitoring/canaries"),
    ("POST", "/v1/monitoring/canaries"),
    ("GET", "/v1/monitoring/{venue}/{symbol}"),
    ("DELETE", "/v1/monitoring/{venue}/{symbol}"),
    ("GET", "/v1/models"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
]

# What a schema cannot say: lists of equal length, one market a window, cells that other cells rule out. The other way
# round, cells are read as leniently as files are: numbers as text, columns that are not known.
NOT_TOLD = [positive_data_acceptance, negative_data_rejection]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_api_any_request_by_its_schema_is_answered_as_documented(app: FastAPI, method: str, path: str) -> None:
    operation = schemathesis.openapi.from_asgi("/openapi.json", app)[path][method]

    @examples(max_examples=30, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        response = case.call()
        case.validate_response(response, excluded_checks=NOT_TOLD)
        assert response.status_code < 500

    answered()


def test_api_operations_are_all_tried(app: FastAPI) -> None:
    described = app.openapi()["paths"]
    assert {(method.upper(), path) for path, methods in described.items() for method in methods} == set(OPERATIONS)


def test_openapi_every_error_of_every_route_is_a_problem(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        for method, route in methods.items():
            errors = {code: answer for code, answer in route["responses"].items() if int(code) >= 400}
            assert errors, f"{method} {path}"
            assert {media for answer in errors.values() for media in answer["content"]} == {"application/problem+json"}
            assert route["summary"]
            assert route["description"]


def test_openapi_examples_of_the_hot_routes_are_accepted(app: FastAPI, http: TestClient) -> None:
    paths = app.openapi()["paths"]
    events = paths["/v1/events"]["post"]["requestBody"]["content"]
    windows = paths["/v1/score"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert http.post("/v1/events", json=events["application/json"]["example"]).status_code == 200
    lines = events["application/x-ndjson"]["example"]
    headers = {"Content-Type": "application/x-ndjson"}
    assert http.post("/v1/events", content=lines, headers=headers).status_code == 200
    for window in windows.values():
        assert http.post("/v1/score", json=window["value"]).status_code == 200, window


def test_openapi_references_all_lead_somewhere(app: FastAPI) -> None:
    text = json.dumps(app.openapi())
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(app.openapi()["components"]["schemas"])


def test_docs_page_and_what_it_loads_come_from_the_service_itself(http: TestClient) -> None:
    page = http.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 2
    for address in loaded:
        assert address.startswith("/"), address
        assert http.get(address).status_code == 200
