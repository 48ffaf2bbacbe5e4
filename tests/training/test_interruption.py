from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.registry import CHALLENGER, load_champion
from training.promote import promote

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
HOW = """
candidates = ["hist_gradient_boosting"]
[isolation_forest]
trees = 10
[hist_gradient_boosting]
iterations = 5
[search]
trials = 4
hist_gradient_boosting = {iterations = []}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interrupted")


@pytest.fixture(scope="module")
def told(home: Path, small_dataset: Path) -> dict[str | None, dict[str, Any]]:
    """Return what each killed training left, by the point at which it was killed; the last, None, was left alone."""
    how = home / "how.toml"
    how.write_text(HOW)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killing.py")), str(small_dataset), str(home), str(how)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str | None, dict[str, Any]] = {}
    for line in filter(lambda line: line.startswith('{"point"'), done.stdout.splitlines()):
        part = json.loads(line)
        found.setdefault(part["point"], {"stderr": done.stderr}).update(part)
    return found


def test_killed_trainings_ended_as_they_were_told(told: dict[str | None, dict[str, Any]]) -> None:
    expected = {point: 1 if point and point.endswith("by hand") else -signal.SIGKILL for point in told} | {None: 0}
    assert {point: one["code"] for point, one in told.items()} == expected
    assert sorted(expected.values()) == [*[-signal.SIGKILL] * 5, 0, 1, 1]
    assert told[None]["stderr"].count("error: interrupted; nothing half made was registered") == 2
    assert "Traceback" not in told[None]["stderr"]


def test_killed_trainings_leave_no_run_open(told: dict[str | None, dict[str, Any]]) -> None:
    killed = [one["trainings"] for point, one in told.items() if point is not None]
    assert killed == [["KILLED"] * number for number in range(1, 8)]
    assert told[None]["trainings"] == ["FINISHED", *["KILLED"] * 7]
    assert "RUNNING" not in {status for one in told.values() for status in one["nested"]}


def test_killed_trainings_leave_every_version_whole_and_no_alias_to_less(
    told: dict[str | None, dict[str, Any]],
) -> None:
    assert all(all(one["whole"]) for one in told.values())
    versions = [one["versions"] for one in told.values()]
    assert versions == [0, 0, 0, 0, 0, 1, 2, 3]
    assert [one["aliases"] for one in told.values()] == [{}] * 7 + [{CHALLENGER: "3"}]
    assert "LoggedModelStatus.PENDING" not in {status for one in told.values() for status in one["models"]}


def test_killed_trainings_run_again_resume_the_search_and_can_be_promoted(
    told: dict[str | None, dict[str, Any]], home: Path
) -> None:
    assert told[None]["resumed"] == "4"
    assert not any(one["champion"] for one in told.values())
    assert promote(CHALLENGER, home).version == "3"
    assert load_champion(home) is not None
