"""The application with a real store, a real engine and the real rules, all in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.engine.watcher import Watch
from serving.logs import log_as_json
from serving.monitoring.asking import MonitoringClient
from serving.monitoring.canary_alerts import AlertsWithCanaries
from serving.monitoring.monitor import Monitor
from serving.settings import Settings
from tests.serving.monitoring.scripted import Scripted, running

NOON = 1_714_564_800_000_000_000


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    log_as_json()


@pytest.fixture
def engine(settings: Settings, sqlite_store: AlertStore, watch: Watch) -> Iterator[Engine]:
    alerts = AlertsWithCanaries(sqlite_store, settings.canary_alerts_file, time.time_ns)
    started = Engine(settings, watch, alerts, time.monotonic)
    yield started
    started.close()


@pytest.fixture
def sources() -> Scripted:
    return Scripted(lambda _market, _opened: [lambda feed: feed.bring(0, 5)])


@pytest.fixture
def feeds(
    settings: Settings, sqlite_store: AlertStore, engine: Engine, sources: Scripted
) -> Iterator[MonitoringClient]:
    with running(Monitor(settings, sources, engine, sqlite_store.database), settings.home) as client:
        yield client


@pytest.fixture
def app(
    settings: Settings, sqlite_store: AlertStore, engine: Engine, rules_only: Champion, feeds: MonitoringClient
) -> FastAPI:
    return create_app(settings, sqlite_store, engine, ChampionScorer(rules_only), lambda: NOON, feeds)


@pytest.fixture
def http(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
