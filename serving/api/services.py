"""What the routers work with, handed over by the application, so that tests can hand over something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends
from fastapi import Request as HttpRequest

from models.cross_report import CrossReport
from serving.alerts.store import AlertStore
from serving.api.metrics import Metrics
from serving.api.scorer import Scorer
from serving.engine.wire import Ack, Batch, EngineStatus
from serving.errors import FeedsUnavailableError
from serving.jobs import Jobs
from serving.monitoring.wire import Request, Told
from serving.parameters import ParameterHistory
from serving.settings import Settings


class EngineDoor(Protocol):
    """How the web reaches the engine; see `serving.engine.client.EngineClient`."""

    def submit(self, batch: Batch) -> Ack:
        """Hand over a batch; returns when it is on disk."""
        ...

    def status(self) -> EngineStatus:
        """Return how the engine is."""
        ...

    def cross(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        """Return what venues of one thing make of one another; None where nobody has traded the symbol."""
        ...


class FeedsDoor(Protocol):
    """How the web reaches the feeds process; see `serving.monitoring.asking.MonitoringClient`."""

    def ask(self, request: Request, wanted: type[Told], /) -> Told:
        """Return the answer to a request."""
        ...


class NoFeeds:
    """Where no feeds process runs."""

    def ask(self, _request: Request, _wanted: type[Told], /) -> Told:
        """Say so."""
        raise FeedsUnavailableError("the feeds process must run to answer; this service runs without")


@dataclass(frozen=True)
class Services:
    """The parts behind the API.

    Attributes:
        settings: Settings.
        store: The alert store.
        engine: The engine.
        scorer: What judges windows.
        metrics: What is counted.
        clock: Wall clock, ns UTC; for when an analyst did what, and to refuse the far future.
        parameters: The adopted parameters.
        jobs: Where long work is done.
        feeds: The feeds process.
    """

    settings: Settings
    store: AlertStore
    engine: EngineDoor
    scorer: Scorer
    metrics: Metrics
    clock: Callable[[], int]
    parameters: ParameterHistory
    jobs: Jobs
    feeds: FeedsDoor


def of(request: HttpRequest) -> Services:
    """Return the services of the application that got this request."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(of)]


async def body_of(request: HttpRequest) -> bytes:
    """Return the request body; reading it is the event loop's, all further work a thread's."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
