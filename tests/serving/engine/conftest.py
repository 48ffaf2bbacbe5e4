from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.engine.engine import Engine
from serving.engine.watcher import Watch
from serving.settings import Settings
from tests.serving.engine.engines import Clock, Kept, killed


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(settings: Settings, watch: Watch, kept: Kept, clock: Clock) -> Iterator[Callable[..., Engine]]:
    running: list[Engine] = []

    def start(**changes: Any) -> Engine:
        if running:
            killed(running.pop())
        watcher = changes.pop("watch", watch)
        running.append(Engine(settings.model_copy(update=changes), watcher, kept, clock))
        return running[0]

    yield start
    for engine in running:
        killed(engine)
