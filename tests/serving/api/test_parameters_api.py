from __future__ import annotations

import tomllib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from features.records import tables_from_records
from features.writers import write_table
from models.parameters import Parameters
from serving.settings import Settings

STRICT = {"parameters": {"spoofing": {"minimum_surprise": 6.0}}, "by": "eve", "why": "false alerts"}


@pytest.fixture
def recorded(settings: Settings, wash_trades: list[dict[str, Any]]) -> str:
    """Return the name of a tape below the home on which w trades with itself."""
    write_table(tables_from_records(trades=wash_trades).trades, settings.home / "tape.parquet")
    return "tape.parquet"


def test_parameters_in_force_are_told_with_meaning_and_source(http: TestClient) -> None:
    told = http.get("/v1/parameters").json()
    assert told["version"] == told["running"] == Parameters().version()
    assert told["tables"] == Parameters().model_dump(mode="json")
    (one,) = (one for one in told["parameters"] if one["name"] == "spoofing.minimum_surprise")
    assert (one["value"], one["default"]) == (5.0, 5.0)
    assert one["meaning"]
    assert one["source"]


def test_put_of_some_values_keeps_the_rest_and_writes_file_and_history(http: TestClient, settings: Settings) -> None:
    answer = http.put("/v1/parameters", json=STRICT)
    assert answer.status_code == 200
    told = answer.json()
    assert told["changes"] == [{"name": "spoofing.minimum_surprise", "before": 5.0, "after": 6.0}]
    assert told["takes_effect"] == "at the next start of the engine"
    assert (told["adopted"]["by"], told["adopted"]["why"], told["adopted"]["number"]) == ("eve", "false alerts", 1)
    now = http.get("/v1/parameters").json()
    assert now["version"] == told["adopted"]["version"] == settings.parameters().version() != now["running"]
    assert now["tables"]["alerts"] == Parameters().alerts.model_dump(mode="json")
    (kept,) = http.get("/v1/parameters/history").json()["versions"]
    assert tomllib.loads(kept["toml"])["spoofing"]["minimum_surprise"] == 6.0


def test_put_of_what_get_told_changes_nothing_but_is_recorded(http: TestClient) -> None:
    tables = http.get("/v1/parameters").json()["tables"]
    told = http.put("/v1/parameters", json=STRICT | {"parameters": tables}).json()
    assert told["changes"] == []
    assert told["adopted"]["version"] == Parameters().version()


def test_put_with_one_mistake_names_the_field_and_applies_nothing(http: TestClient, settings: Settings) -> None:
    values = {"spoofing": {"minimum_surprise": 6.0, "minimum_suprise": 6.0}, "alerts": {"confidence_threshold": 2.0}}
    answer = http.put("/v1/parameters", json=STRICT | {"parameters": values})
    assert answer.status_code == 422
    fields = {error["field"]: error["rule"] for error in answer.json()["errors"]}
    assert fields["parameters.alerts.confidence_threshold"] == "must be less than 1"
    assert "nearest: spoofing.minimum_surprise" in fields["parameters.spoofing.minimum_suprise"]
    assert not settings.parameters_file.exists()
    assert http.get("/v1/parameters/history").json() == {"versions": []}


@pytest.mark.parametrize(("field", "said"), [("by", ""), ("by", "  "), ("why", " \n"), ("why", "\0")])
def test_put_that_says_not_who_or_why_is_refused(http: TestClient, field: str, said: str) -> None:
    answer = http.put("/v1/parameters", json=STRICT | {field: said})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.slow
def test_whatif_over_a_tape_of_the_home_tells_what_is_lost(http: TestClient, recorded: str) -> None:
    body: dict[str, Any] = {"parameters": {"alerts": {"confidence_threshold": 0.99}}, "dataset": recorded}
    told = http.post("/v1/parameters/whatif", json=body | {"details": True}).json()
    assert told["changes"] == [{"name": "alerts.confidence_threshold", "before": 0.7, "after": 0.99}]
    (wash,) = (one for one in told["typologies"] if one["typology"] == "wash_trading")
    assert (wash["before"], wash["after"], wash["lost"]) == (1, 0, 1)
    assert ["w"] in [one["accounts"] for one in told["lost"]]
    assert (told["gained"], told["labelled"], told["refolded"]) == ([], False, [])
    assert "recall" not in wash
    assert http.get("/v1/parameters/history").json() == {"versions": []}


@pytest.mark.slow
def test_whatif_over_the_journal_replays_what_was_sent_once(
    http: TestClient, wash_trades: list[dict[str, Any]]
) -> None:
    sent = [http.post("/v1/events", json={"trades": wash_trades}).json() for _ in range(2)]
    assert [one["duplicates"] for one in sent] == [0, len(wash_trades)]
    told = http.post("/v1/parameters/whatif", json={"parameters": {"windows": {"market": {"buckets": 30}}}}).json()
    assert told["refolded"] == ["windows.market.buckets"]
    assert told["markets"] == 1
    assert told["days"] == pytest.approx(1 / 24, rel=0.01)
    assert "wash_trading" in [one["typology"] for one in told["typologies"] if one["before"]]


@pytest.mark.parametrize("dataset", ["nowhere", "../outside", "/etc/passwd", ".", "x" * 199])
def test_whatif_outside_the_home_is_refused(http: TestClient, dataset: str) -> None:
    answer = http.post("/v1/parameters/whatif", json={"parameters": {}, "dataset": dataset})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["dataset"]


def test_whatif_before_anything_was_recorded_asks_for_a_dataset(http: TestClient) -> None:
    answer = http.post("/v1/parameters/whatif", json={"parameters": {}})
    assert answer.status_code == 422
    assert "recorded nothing yet" in answer.json()["detail"]


@pytest.mark.slow
def test_whatif_over_what_is_no_tape_says_why(http: TestClient, settings: Settings) -> None:
    (settings.home / "note.csv").write_text("no,tape\n1,2\n")
    answer = http.post("/v1/parameters/whatif", json={"parameters": {}, "dataset": "note.csv"})
    assert answer.status_code == 422
    assert "note.csv" in answer.json()["detail"]
