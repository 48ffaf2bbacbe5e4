"""A program that trains, each time killed at another point; prints what is left as JSON lines.

It reads the dataset once and forks: each training is a process of its own, which runs `train` and really dies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mlflow.pyfunc
from mlflow import MlflowClient

import tapewatch
from features.readers import read_dataset
from models.bundle import Bundle
from models.parameters import Parameters
from models.registry import MODEL, mlflow_at
from training import search, train
from training.markets import fold_dataset
from training.tracking import TrackedRun, list_runs

POINTS: dict[str, tuple[object, str, int, int]] = {
    # What is called, how often before, and the signal: by `kill -9` or Ctrl-C.
    "in the search": (search, "_try", 1, signal.SIGKILL),
    "in the search, by hand": (search, "_try", 1, signal.SIGINT),
    "in a nested run": (TrackedRun, "params", 3, signal.SIGKILL),
    "while the bundle is logged": (MlflowClient, "finalize_logged_model", 0, signal.SIGKILL),
    "before the version": (MlflowClient, "create_model_version", 0, signal.SIGKILL),
    "before the alias": (MlflowClient, "set_registered_model_alias", 0, signal.SIGKILL),
    "before the alias, by hand": (MlflowClient, "set_registered_model_alias", 0, signal.SIGINT),
}


def dying(call: Callable[..., Any], calls_before: int, by: int) -> Callable[..., Any]:
    """Return a function that ends this process once it was called often enough."""
    left = [calls_before]

    def called(*args: Any, **kwargs: Any) -> Any:
        if left[0] == 0:
            os.kill(os.getpid(), by)
        left[0] -= 1
        return call(*args, **kwargs)

    return called


def in_a_process(run: Callable[[], None]) -> int:
    """Return how a forked process that runs this ended: its exit code, or the signal with a minus."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        run()
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    except BaseException:  # noqa: BLE001 -- the child must not go on as its parent
        sys.excepthook(*sys.exc_info())
        os._exit(99)
    sys.stdout.flush()
    os._exit(0)


def training(dataset: Path, home: Path, how: Path, point: str | None) -> Callable[[], None]:
    """Return what runs `tapewatch train` and dies at a point, if one is given."""

    def run() -> None:
        sys.argv = ["tapewatch", "train", str(dataset), "--home", str(home), "--experiment", str(how), "--json"]
        if point is None:
            tapewatch.main()
            return
        owner, name, calls_before, by = POINTS[point]
        with patch.object(owner, name, dying(getattr(owner, name), calls_before, by)):
            tapewatch.main()

    return run


def left_over(home: Path, point: str | None) -> Callable[[], None]:
    """Return what prints the state of MLflow and registry as the next command finds it."""

    def run() -> None:
        runs = list_runs(home, candidates=True)
        with mlflow_at(home) as client:
            experiment = client.get_experiment_by_name("tapewatch")
            models = client.search_logged_models([experiment.experiment_id]) if experiment else []
            versions = client.search_model_versions(f"name = '{MODEL}'")
            whole = [bool(_bundle(client, version.version)) for version in versions]
            known = client.search_registered_models(f"name = '{MODEL}'")
            aliases = {alias: str(version) for alias, version in known[0].aliases.items()} if known else {}
        found = {
            "point": point,
            "trainings": [run.status for run in runs if run.parent is None],
            "nested": sorted({run.status for run in runs if run.parent is not None}),
            "resumed": next((run.tags.get("resumed_trials") for run in runs if run.parent is None), None),
            "models": sorted(str(model.status) for model in models),
            "versions": len(versions),
            "whole": whole,
            "aliases": aliases,
            "champion": (home / "champion").exists(),
        }
        sys.stdout.write(json.dumps(found) + "\n")

    return run


def _bundle(client: MlflowClient, version: str) -> Bundle:
    folder = mlflow.artifacts.download_artifacts(artifact_uri=client.get_model_version_download_uri(MODEL, version))
    return Bundle.load(Path(folder) / "data" / "bundle")


def main(dataset: Path, home: Path, how: Path) -> None:
    """Kill a training at each point, then let one end."""
    markets = fold_dataset(read_dataset(dataset), Parameters())
    with patch.object(train, "fold_dataset", lambda *_, **__: markets):
        for point in (*POINTS, None):
            code = in_a_process(training(dataset, home, how, point))
            sys.stdout.write(json.dumps({"point": point, "code": code}) + "\n")
            in_a_process(left_over(home, point))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
