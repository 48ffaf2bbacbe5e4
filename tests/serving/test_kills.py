"""Real engine processes, killed at random moments while they take events as fast as they can.

`tapewatch benchmark kills` does the same two hundred times.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.benchmark_kills import measure_kills
from training.simulator import simulate_setup
from training.simulator.scenario_file import read_setup

pytestmark = pytest.mark.slow


def test_engine_killed_at_random_loses_and_doubles_nothing(tmp_path: Path) -> None:
    simulate_setup(tmp_path / "set", read_setup(None, symbols=2, hours=0.3, seed=9), lambda _done, _all: None)
    kills = measure_kills(tmp_path / "set" / "tapes" / "tape-000", 3, 1, lambda _done, _all: None)
    assert kills.kills == 3
    assert kills.events > 1000
    assert kills.asked_again > 0
    assert kills.expected_alerts > 0
    assert (kills.lost_events, kills.lost_alerts, kills.other_alerts) == (0, 0, 0)
