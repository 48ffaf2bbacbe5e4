"""A stand-in that runs beside the test in a thread of its own, for clients that are processes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving.sources.stand_in import StandIn
from tests.serving.sources.watching import QUICK


class Served:
    """A running stand-in."""

    def __init__(self, stand_in: StandIn, loop: asyncio.AbstractEventLoop) -> None:
        self.stand_in = stand_in
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Have something done by the stand-in."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def configure(self, home: Path, name: str) -> None:
        """Have `exchanges.toml` of a home lead here."""
        home.mkdir(parents=True, exist_ok=True)
        with (home / "exchanges.toml").open("a", encoding="utf-8") as file:
            file.write("".join(_toml(name, {**QUICK, **self.stand_in.config()})))  # type: ignore[attr-defined]


def _toml(table: str, values: dict[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    yield f"[{table}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in plain.items())
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _toml(f"{table}.{key}", value)


@contextmanager
def served(stand_in: StandIn) -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = Served(stand_in, loop)
    running.do(stand_in.__aenter__())
    try:
        yield running
    finally:
        running.do(stand_in.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
