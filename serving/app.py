"""The web application, put together from its parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from serving.alerts.store import AlertStore
from serving.api import alerts, events, markets, monitoring, operation, parameters, problems, score
from serving.api.events import Taken
from serving.api.limits import BodyLimit
from serving.api.metrics import Behind, Measured, Metrics
from serving.api.monitoring_metrics import Watched
from serving.api.openapi import document
from serving.api.score_bodies import Scored, TotalsBody
from serving.api.scorer import Scorer
from serving.api.services import EngineDoor, FeedsDoor, NoFeeds, Services
from serving.jobs import Jobs
from serving.parameters import ParameterHistory
from serving.settings import Settings

VERSION = "1"
_ABOUT = """Market surveillance: orders and trades in, alerts whose confidence means what it says out.

Every error is a problem document (RFC 9457) that names the field and what it must be. Times are UTC."""
_TAGS = [
    {"name": "events", "description": "Send what happens on the market."},
    {"name": "score", "description": "Judge one window without keeping it."},
    {"name": "alerts", "description": "Read and triage what was found."},
    {"name": "monitoring", "description": "Watch exchanges day and night, and watch the watch."},
    {"name": "markets", "description": "Compare the venues on which one thing trades."},
    {"name": "parameters", "description": "What detectors are set to, by whom and why; and what if it were otherwise."},
    {"name": "operation", "description": "Health, metrics, and what is served."},
]


def create_app(
    settings: Settings,
    store: AlertStore,
    engine: EngineDoor,
    scorer: Scorer,
    clock: Callable[[], int] = time.time_ns,
    feeds: FeedsDoor | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        settings: The service's settings.
        store: Where alerts are.
        engine: Where events go.
        scorer: What judges windows.
        clock: Wall clock, ns UTC; for when an analyst did what, and to refuse the far future.
        feeds: What monitors exchanges; None: nothing does.
    """
    app = FastAPIOffline(title="Tapewatch", version=VERSION, description=_ABOUT, openapi_tags=_TAGS)
    metrics = Metrics()
    metrics.registry.register(Behind(engine.status, store.summary))
    history, jobs = ParameterHistory(settings, store.database), Jobs(settings.job_timeout_s)
    door = NoFeeds() if feeds is None else feeds
    app.state.services = Services(settings, store, engine, scorer, metrics, clock, history, jobs, door)
    metrics.registry.register(Watched(door.ask))
    problems.install(app)
    app.add_middleware(BodyLimit, most=settings.max_body_bytes)
    app.add_middleware(Measured, metrics=metrics)
    for part in (events, score, alerts, markets, monitoring, parameters, operation):
        app.include_router(part.router)
    app.openapi = _described_once(app)  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def _described_once(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            models = {"Problem": problems.schema()}
            app.openapi_schema = document(app, Taken, Scored, TotalsBody, models=models)
        return app.openapi_schema

    return describe
