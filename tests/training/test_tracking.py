from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import schema_hash
from features.errors import RegistryError
from models.registry import mlflow_at
from training.plots import importances, precision_recall, reliability
from training.tracking import code_version, find_run, list_runs, tracked_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tracking")
    truth, score = np.arange(40) % 2 == 0, np.linspace(0, 1, 40)
    with tracked_run(home, "first", "digest-1", {"calibrated_on": "simulated"}) as run:
        run.params({"seed": 1})
        run.metrics({"average_precision": 0.5, "ece": float("nan")})
        run.dataset(pd.DataFrame({"rise": [0.1], "label": ["none"]}), home, "d" * 64, targets="label")
        run.figure(precision_recall({"spoofing": (truth, score)}), "precision_recall")
        run.figure(reliability(truth, score), "reliability")
        run.figure(importances(["rise"], np.ones(1), np.zeros(1), "Importances"), "importances")
        run.table([{"candidate": "random_forest", "ap": 0.5}], "candidates")
        with run.candidate("random_forest") as candidate:
            candidate.metrics({"average_precision": 0.4})
    with pytest.raises(KeyError), tracked_run(home, "broken", "digest-1"):
        raise KeyError
    return home


def test_run_carries_params_metrics_and_tags(home: Path) -> None:
    run = find_run(list_runs(home), "first")
    assert (run.params, run.metrics, run.status) == ({"seed": "1"}, {"average_precision": 0.5}, "FINISHED")
    assert run.tags == {
        "calibrated_on": "simulated",
        "code_version": code_version(),
        "dataset_digest": "digest-1",
        "feature_schema": schema_hash(),
    }


def test_run_left_by_an_exception_is_failed(home: Path) -> None:
    assert find_run(list_runs(home), "broken").status == "FAILED"


def test_list_runs_candidates_are_nested_and_asked_for(home: Path) -> None:
    assert [run.name for run in list_runs(home)] == ["broken", "first"]
    everything = list_runs(home, candidates=True)
    assert find_run(everything, "random_forest").parent == find_run(everything, "first").run_id


def test_list_runs_empty_home_has_none(tapewatch_home: Path) -> None:
    assert list_runs(tapewatch_home) == []


def test_artifacts_lie_in_the_home(home: Path) -> None:
    plots = sorted(path.name for path in (home / "artifacts").rglob("*.png"))
    assert plots == ["importances.png", "precision_recall.png", "reliability.png"]
    (table,) = (home / "artifacts").rglob("candidates.json")
    assert json.loads(table.read_text()) == {"rows": [{"candidate": "random_forest", "ap": 0.5}]}


def test_dataset_is_logged_with_source_and_digest(home: Path) -> None:
    with mlflow_at(home) as client:
        inputs = client.get_run(find_run(list_runs(home), "first").run_id).inputs
    assert inputs is not None
    (used,) = inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == (home.name, "d" * 36)
    assert json.loads(used.dataset.source)["uri"] == str(home)


def test_find_run_unknown_is_refused_and_tells_what_there_is(home: Path) -> None:
    with pytest.raises(RegistryError, match=r"was nothing; runs: .*\(broken\), .*\(first\)"):
        find_run(list_runs(home), "nothing")


def test_tracked_run_reaches_for_no_network(tmp_path: Path) -> None:
    program = """
import socket, sys, pathlib
def refuse(self, address): raise SystemExit(f"connected to {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
from training.tracking import tracked_run
with tracked_run(pathlib.Path(sys.argv[1]), "quiet", "d") as run:
    run.metrics({"ece": 0.1})
import mlflow.telemetry.client as telemetry
print(telemetry.get_telemetry_client())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "home")],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stdout.split("\n")[-2]) == (0, "None"), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
