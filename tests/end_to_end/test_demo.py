"""The whole main job, small: simulate, train, register, promote, scan, and what the API then shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from features.readers import read_dataset
from models.registry import CHAMPION, MODEL, load_champion, mlflow_at
from serving.alerts.store import AlertStore
from serving.api.scorer import ChampionScorer
from serving.app import create_app
from serving.champion import load_champion as served_champion
from serving.engine.engine import Engine
from serving.engine.process import watch_of
from serving.scan import run_scan
from serving.settings import Settings
from training.tracking import list_runs

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SEED = 11
PROGRAM = f"""
import sys
from pathlib import Path
from serving.demo import DemoSize, run_demo
from serving.settings import Settings
home = Path(sys.argv[1])
size = DemoSize(tapes=4, symbols=2, hours=2.0, abuse_rate=4.0)
matched = run_demo(Settings(home=home), seed={SEED}, size=size, serve_after=False)
matched.alerts.to_json(home / "matched_alerts.json")
matched.episodes.to_json(home / "matched_episodes.json")
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Return a finished demo, in a process of its own; the last of its arguments is its home."""
    home = tmp_path_factory.mktemp("demo") / "home"
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home)],
        cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=900,
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo_home(demo: subprocess.CompletedProcess[str]) -> Path:
    assert demo.returncode == 0, demo.stderr
    return Path(demo.args[-1])


def scanned(home: Path) -> list[str]:
    lines = (home / "demo" / "alerts.jsonl").read_text().splitlines()
    return [json.loads(line)["alert_id"] for line in lines]


@pytest.fixture
def http(demo_home: Path) -> Iterator[TestClient]:
    settings = Settings(home=demo_home, port=0)
    champion, store = served_champion(settings), AlertStore.open(settings.store_url)
    engine = Engine(settings, watch_of(champion), store, time.monotonic)
    with TestClient(create_app(settings, store, engine, ChampionScorer(champion), clock=time.time_ns)) as client:
        yield client
    engine.close()
    store.close()


def test_demo_finds_planted_episodes_and_calls_little_else_manipulation(demo_home: Path) -> None:
    episodes, alerts = (pd.read_json(demo_home / f"matched_{name}.json") for name in ("episodes", "alerts"))
    assert episodes["hit"].sum() >= 1
    manipulation = alerts[alerts["category"] == "manipulation"]
    assert not manipulation["false"].mean() > 0.5
    assert len(alerts) == len(scanned(demo_home)) > 0


def test_demo_prints_whole_tables_in_80_columns_and_no_library_adds_to_it(
    demo: subprocess.CompletedProcess[str], demo_home: Path
) -> None:
    assert demo.stderr == ""
    assert "…" not in demo.stdout
    told = [line for line in demo.stdout.splitlines() if str(demo_home) not in line]
    assert max(map(len, told)) <= 100
    for text in ("simulate 4 tapes", "average precision", "is the champion", "Against what was planted there"):
        assert text in demo.stdout


def test_demo_leaves_a_champion_and_a_run_with_its_plots(demo_home: Path) -> None:
    bundle = load_champion(demo_home)
    assert bundle is not None
    with mlflow_at(demo_home) as client:
        version = client.get_model_version_by_alias(MODEL, CHAMPION)
    assert version.tags["digest"] == bundle.digest
    (run,) = list_runs(demo_home)
    assert (run.run_id, run.name, run.status) == (version.run_id, f"demo {SEED}", "FINISHED")
    plots = {path.stem for path in (demo_home / "artifacts").rglob("*.png")}
    assert {"precision_recall", "reliability"} <= plots


def test_demo_api_shows_the_alerts_of_the_scan(http: TestClient, demo_home: Path) -> None:
    ids = scanned(demo_home)
    shown = http.get("/v1/alerts?limit=500").json()["alerts"]
    assert sorted(alert["alert_id"] for alert in shown) == sorted(ids)
    assert http.get("/v1/alerts/summary").json()["total_alerts"] == len(ids)
    assert {alert["model_version"] for alert in shown} == {served_champion(Settings(home=demo_home)).version}


def test_demo_scan_of_the_same_tape_gives_the_same_alerts(demo_home: Path, tmp_path: Path) -> None:
    (tape,) = read_dataset(demo_home / "demo" / "fresh").tapes
    settings = Settings(home=demo_home)
    run_scan(tape, settings, None, out=tmp_path / "again.jsonl", say=lambda _: None)
    assert (tmp_path / "again.jsonl").read_bytes() == (demo_home / "demo" / "alerts.jsonl").read_bytes()
