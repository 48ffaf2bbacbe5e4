"""What every test gets: a home of its own, no telemetry, and hypothesis that repeats itself in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from features.compiled import drop_stale_kernels

BENCHMARKS = Path(__file__).parent / "benchmarks"

# The first call of a numba kernel compiles it for seconds, so a deadline an example would only measure that.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)


def pytest_configure() -> None:
    # Before anything imports MLflow, which reads it then.
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    drop_stale_kernels()
    settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(BENCHMARKS):
            item.add_marker(pytest.mark.benchmarks)


@pytest.fixture(scope="session", autouse=True)
def _quiet_libraries() -> None:
    """Keep libraries, also in the processes that tests start, from calling home or opening a window."""
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(autouse=True)
def tapewatch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder of this test, not yet made; `~/.tapewatch` is never touched."""
    home = tmp_path / "tapewatch_home"
    monkeypatch.setenv("TAPEWATCH_HOME", str(home))
    return home
