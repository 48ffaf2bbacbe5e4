"""What an operator can count and plot: Prometheus metrics of the web process, and of the engine as it tells them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.alerts.summary import Summary
from serving.engine.wire import EngineStatus
from serving.errors import EngineUnavailableError, StoreUnreachableError


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tapewatch_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "tapewatch_http_request_seconds", "Time to the answer.", ("method", "route"), registry=self.registry
        )
        self.events = Counter(
            "tapewatch_events", "Events posted, by what became of them.", ("outcome",), registry=self.registry
        )

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class Behind(Collector):
    """Figures that are asked for when they are scraped: the engine's and the store's.

    Args:
        status: Asks the engine.
        summary: Asks the store.
    """

    def __init__(self, status: Callable[[], EngineStatus], summary: Callable[[], Summary]) -> None:
        self._status = status
        self._summary = summary

    def collect(self) -> Iterator[Metric]:
        """Yield what answers; what does not is 0 in `tapewatch_up`."""
        up = GaugeMetricFamily("tapewatch_up", "Whether a part answers.", labels=["part"])
        try:
            yield from _of_engine(self._status())
            up.add_metric(["engine"], 1)
        except EngineUnavailableError:
            up.add_metric(["engine"], 0)
        try:
            yield _of_store(self._summary())
            up.add_metric(["store"], 1)
        except StoreUnreachableError:
            up.add_metric(["store"], 0)
        yield up


class Measured:
    """ASGI middleware that counts and times requests by route, never by path: ids would be series without end."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(scope["method"], route, status).inc()
            self._metrics.seconds.labels(scope["method"], route).observe(time.perf_counter() - began)


def _of_engine(status: EngineStatus) -> Iterator[Metric]:
    help_of = {
        "events": "Events taken since the engine started, replayed ones among them.",
        "late": "Events refused as late.",
        "journal_bytes": "End of the journal.",
        "snapshot_bytes": "How much of the journal the last snapshot covers.",
        "pending_alerts": "Alerts that wait for the store.",
    }
    for name, text in help_of.items():
        yield GaugeMetricFamily(f"tapewatch_engine_{name}", text, value=getattr(status, name))
    delay = GaugeMetricFamily("tapewatch_engine_delay_seconds", "How long alerts take.", labels=["of", "quantile"])
    for of, told in (("arrival_to_stored", status.stored), ("bucket_end_to_stored", status.known)):
        for quantile, value in (("0.5", told.p50_s), ("0.99", told.p99_s), ("1", told.most_s)):
            delay.add_metric([of, quantile], float("nan") if value is None else value)
    yield delay
    shadow = CounterMetricFamily(
        "tapewatch_shadow_alerts", "Alerts of champion and shadowed challenger.", labels=["agreement", "typology"]
    )
    for compared, count in status.shadow.items():
        shadow.add_metric(compared.split(" ", 1), count)
    yield shadow


def _of_store(summary: Summary) -> Metric:
    active = GaugeMetricFamily("tapewatch_active_alerts", "Active alerts.", labels=["level"])
    for level, count in summary.by_level.items():
        active.add_metric([level], count)
    return active
