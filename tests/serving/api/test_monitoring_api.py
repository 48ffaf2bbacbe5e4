from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.monitoring.asking import MonitoringClient
from serving.monitoring.monitor import Monitor
from serving.monitoring.watchlist import read_watchlist
from serving.monitoring.wire import AskMarkets, Markets
from serving.settings import Settings
from serving.sources.feed import Market
from tests.serving.monitoring.scripted import Scripted, running

BOTH = {"exchange": "x", "symbols": ["BTC/USDT", "ETH/USDT"]}
Answer = dict[str, Any]


def until(http: TestClient, path: str, holds: Any) -> Answer:
    """Ask until what must come has come; asking takes its time, so nothing sleeps."""
    began = time.monotonic()
    while time.monotonic() - began < 60:
        answer: Answer = http.get(path).json()
        if holds(answer):
            return answer
    raise AssertionError(answer)


def refused(http: TestClient, **changes: Any) -> list[Answer]:
    answer = http.post("/v1/monitoring", json=BOTH | changes)
    assert answer.status_code == 422, answer.text
    errors: list[Answer] = answer.json()["errors"]
    return errors


def test_monitoring_started_markets_deliver_and_tell_how_they_are(http: TestClient, engine: Engine) -> None:
    first, second = (http.post("/v1/monitoring", json=BOTH) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    told = until(http, "/v1/monitoring", lambda answer: [m["events"] for m in answer["markets"]] == [5, 5])
    market = told["markets"][0]
    assert (market["venue"], market["symbol"], market["state"]) == ("x", "BTC/USDT", "live")
    assert (market["interval"], market["books"], market["error"], market["retry_at"]) == (60.0, True, None, None)
    assert market["lag_s"] > 0
    assert market["since"].endswith("Z")
    assert engine.status().events == 10


def test_monitoring_filters_and_one_market(http: TestClient) -> None:
    http.post("/v1/monitoring", json=BOTH)
    http.post("/v1/monitoring", json={"exchange": "y", "symbols": ["BTC/USDT"], "interval": 1, "books": False})
    names = [(m["venue"], m["symbol"]) for m in http.get("/v1/monitoring?symbol=BTC/USDT").json()["markets"]]
    assert names == [("x", "BTC/USDT"), ("y", "BTC/USDT")]
    assert len(http.get("/v1/monitoring?venue=x&symbol=BTC/USDT").json()["markets"]) == 1
    assert http.get("/v1/monitoring?state=stopped").json()["markets"] == []
    assert http.get("/v1/monitoring?alarm=feed_gap").json()["markets"] == []
    one = http.get("/v1/monitoring/y/BTC/USDT").json()
    assert (one["venue"], one["interval"], one["books"]) == ("y", 1.0, False)


def test_monitoring_stopped_market_is_gone_and_others_go_on(http: TestClient, settings: Settings) -> None:
    http.post("/v1/monitoring", json=BOTH)
    assert http.delete("/v1/monitoring/x/BTC/USDT").status_code == 204
    assert http.delete("/v1/monitoring/x/BTC%2FUSDT").status_code == 404
    assert http.get("/v1/monitoring/x/BTC/USDT").status_code == 404
    assert [m["symbol"] for m in http.get("/v1/monitoring").json()["markets"]] == ["ETH/USDT"]
    assert [one.market for one in read_watchlist(settings.watchlist_file)] == [("x", "ETH/USDT")]


def test_monitoring_another_interval_starts_a_market_anew(http: TestClient, sources: Scripted) -> None:
    for interval in (60, 60, 5):
        http.post("/v1/monitoring", json={"exchange": "x", "symbols": ["BTC/USDT"], "interval": interval})
    until(http, "/v1/monitoring", lambda _answer: sources.opened.get(Market("x", "BTC/USDT")) == 2)


def test_monitoring_what_an_exchange_does_not_list_is_refused_whole_with_near_names(http: TestClient) -> None:
    (error,) = refused(http, symbols=["ETH/USDT", "BTC/USDC"])
    assert error == {"field": "symbols", "rule": "must be listed by x; near: BTC/USDT, ETH/USDT", "was": "BTC/USDC"}
    assert http.get("/v1/monitoring").json()["markets"] == []


def test_monitoring_that_cannot_be_remembered_is_neither_started_nor_stopped(
    http: TestClient, settings: Settings
) -> None:
    http.post("/v1/monitoring", json=BOTH)
    settings.watchlist_file.unlink()
    settings.watchlist_file.mkdir()
    other = {"exchange": "y", "symbols": ["BTC/USDT"]}
    assert http.post("/v1/monitoring", json=other).status_code == 500
    assert http.delete("/v1/monitoring/x/BTC/USDT").status_code == 500
    names = [(m["venue"], m["symbol"]) for m in http.get("/v1/monitoring").json()["markets"]]
    assert names == [("x", "BTC/USDT"), ("x", "ETH/USDT")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exchange": "z"}, "exchange"),
        ({"exchange": "canary"}, "exchange"),
        ({"symbols": []}, "symbols"),
        ({"interval": 0.9}, "interval"),
        ({"interval": 86_401}, "interval"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_monitoring_bad_request_names_its_field(http: TestClient, changes: Answer, field: str) -> None:
    (error,) = refused(http, **changes)
    assert error["field"] == field


def test_monitoring_goes_on_after_a_restart(
    settings: Settings, sqlite_store: AlertStore, engine: Engine, sources: Scripted, http: TestClient
) -> None:
    http.post("/v1/monitoring", json=BOTH | {"interval": 5})
    again, folder = Scripted(), settings.home / "again"
    folder.mkdir()
    with running(Monitor(settings, again, engine, sqlite_store.database), folder) as client:
        markets = client.ask(AskMarkets(), Markets).markets
    assert [(one.listed.symbol, one.listed.interval_s) for one in markets] == [("BTC/USDT", 5.0), ("ETH/USDT", 5.0)]
    assert again.closed


def test_alarm_of_a_feed_that_fails_is_told_everywhere(http: TestClient, sources: Scripted) -> None:
    http.post("/v1/monitoring", json=BOTH)
    until(http, "/v1/monitoring", lambda _answer: len(sources.feeds) == 2)
    status = sources.feeds[Market("x", "BTC/USDT")].status
    status.retries, status.error = 3, "no route to host"
    told = until(http, "/v1/monitoring/alarms?open=true", lambda answer: answer["alarms"])
    (alarm,) = told["alarms"]
    assert (alarm["kind"], alarm["venue"], alarm["symbol"]) == ("feed_failing", "x", "BTC/USDT")
    assert alarm["closed"] is None
    assert http.get("/v1/monitoring/x/BTC/USDT").json()["alarms"] == ["feed_failing"]
    assert len(http.get("/v1/monitoring?alarm=feed_failing").json()["markets"]) == 1
    gauge = 'tapewatch_alarm_open{kind="feed_failing",symbol="BTC/USDT",venue="x"} 1.0'
    assert gauge in http.get("/metrics").text
    status.retries = 0
    told = until(http, "/v1/monitoring/alarms?open=false", lambda answer: answer["alarms"])
    assert told["alarms"][0]["closed"] is not None
    assert gauge not in http.get("/metrics").text


def test_canaries_sent_by_request_are_caught_and_are_in_no_list_of_alerts(http: TestClient) -> None:
    sent = http.post("/v1/monitoring/canaries", json={})
    assert sent.status_code == 202
    assert [one["outcome"] for one in sent.json()["canaries"]] == ["in_flight"] * 3
    told = until(http, "/v1/monitoring/canaries", lambda answer: answer["caught"] + answer["missed"] == 3)
    assert (told["caught"], told["missed"]) == (3, 0)
    assert max(one["delay_s"] for one in told["canaries"]) < 60
    assert max(one["event_delay_s"] for one in told["canaries"]) < 60
    assert http.get("/v1/alerts").json()["alerts"] == []
    assert http.get("/v1/alerts/summary").json()["total_alerts"] == 0
    alert_id = told["canaries"][0]["alert_id"]
    assert http.get(f"/v1/alerts/{alert_id}").status_code == 404
    text = http.get("/metrics").text
    assert 'tapewatch_canaries_total{outcome="caught",pattern="spoofing"} 1.0' in text
    assert 'tapewatch_canary_delay_seconds_bucket{le="+Inf"} 3.0' in text
    assert 'tapewatch_canary_event_delay_seconds_bucket{le="60"} 3.0' in text


def test_canaries_too_close_behind_each_other_are_refused_with_the_time_of_the_next(http: TestClient) -> None:
    answers = [http.post("/v1/monitoring/canaries", json={"patterns": ["wash_trading"]}) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [202] * 8 + [409]
    assert "must wait for a market whose time is past, until 2" in answers[-1].json()["detail"]


@pytest.mark.parametrize("part", ["trades", "orders"])
def test_events_of_the_canaries_venue_are_refused(http: TestClient, part: str) -> None:
    row = {"timestamp": "2023-11-14T22:14:00Z", "symbol": "A", "venue": "canary", "price": 1, "quantity": 1}
    order = {"order_id": "1", "account_id": "a", "event": "new", "side": "buy"}
    body = {part: [{**row, **order, "venue": "x"}, {**row, **order}]}
    if part == "trades":
        body = {part: [{**row, "venue": "x"}, row]}
    answer = http.post("/v1/events", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"{part}[1].venue"


def test_events_of_the_canaries_source_are_refused(http: TestClient, wash_trades: list[Answer]) -> None:
    answer = http.post("/v1/events?source=canary", json={"trades": wash_trades[:1]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "source"


def test_monitoring_without_a_feeds_process_says_so_and_the_rest_goes_on(
    settings: Settings, sqlite_store: AlertStore, engine: Engine, rules_only: Champion
) -> None:
    gone = MonitoringClient(str(settings.home / "nobody.sock"), b"secret", 1.0)
    for feeds in (None, gone):
        app: FastAPI = create_app(settings, sqlite_store, engine, ChampionScorer(rules_only), feeds=feeds)
        with TestClient(app) as http:
            assert http.get("/v1/monitoring").status_code == 503
            assert http.get("/health/ready").status_code == 200
            assert "tapewatch_feeds_up 0.0" in http.get("/metrics").text
