"""Experiment tracking: one MLflow run for each training, nested runs for its candidates, all under TAPEWATCH_HOME."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.catalogue import schema_hash
from features.errors import RegistryError
from models.bundle import Bundle
from models.registry import database_of, log_bundle, mlflow_at, register
from training.run_lock import held_lock, is_held

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "tapewatch"
_LOCK, _PROCESS, _NOTE = "process_lock", "process", "mlflow.note.content"


_OF_PROCESS = (_LOCK, _PROCESS)
_ALWAYS = ("code_version", "feature_schema", "dataset_digest")


@dataclass(frozen=True)
class TrackedRun:
    """An open run, to which results are added.

    Attributes:
        run_id: MLflow's id.
        home: TAPEWATCH_HOME.
    """

    run_id: str
    home: Path

    def params(self, values: Mapping[str, object]) -> None:
        """Log settings; each key once a run."""
        import mlflow

        mlflow.log_params(dict(values), run_id=self.run_id)

    def metrics(self, values: Mapping[str, float]) -> None:
        """Log results; those that are NaN (nothing to measure) are left out."""
        import mlflow

        known = {name: float(value) for name, value in values.items() if math.isfinite(value)}
        mlflow.log_metrics(known, run_id=self.run_id)

    def dataset(self, frame: pd.DataFrame, source: Path, digest: str, targets: str | None = None) -> None:
        """Log what was trained on: where it lies, its digest, and the columns of a frame of it."""
        import mlflow
        from mlflow.data.pandas_dataset import from_pandas

        with warnings.catch_warnings():
            # MLflow registers its local source twice and then wonders which of the two is meant.
            warnings.filterwarnings("ignore", "The specified dataset source can be interpreted in multiple ways")
            # It keeps 36 characters of a digest.
            data = from_pandas(frame, str(source.resolve()), targets, source.name, digest[:36])
        mlflow.log_input(data, context="training")

    def figure(self, figure: Figure, name: str) -> None:
        """Log a plot as `plots/<name>.png`."""
        import mlflow

        save = {"dpi": 120}
        mlflow.MlflowClient().log_figure(self.run_id, figure, f"plots/{name}.png", save_kwargs=save)

    def table(self, rows: Sequence[Mapping[str, object]] | Mapping[str, object], name: str) -> None:
        """Log a table or nested figures as `<name>.json`."""
        import mlflow

        content = dict(rows) if isinstance(rows, Mapping) else {"rows": list(rows)}
        mlflow.MlflowClient().log_dict(self.run_id, content, f"{name}.json")

    def text(self, text: str, name: str) -> None:
        """Log a text as the artifact `name`."""
        import mlflow

        mlflow.MlflowClient().log_text(self.run_id, text, name)

    def describe(self, note: str, name: str | None = None, tags: Mapping[str, str] | None = None) -> None:
        """Give the run the note that its page opens with, and a better name and more tags once they are known."""
        import mlflow

        client = mlflow.MlflowClient()
        for key, value in {_NOTE: note, **(tags or {})}.items():
            client.set_tag(self.run_id, key, value)
        if name is not None:
            client.update_run(self.run_id, name=name)

    def register(self, bundle: Bundle, example: pd.DataFrame, description: str | None = None) -> str:
        """Log the bundle as a model of this run, register it as the challenger, and return the version."""
        return register(bundle, log_bundle(bundle, example), self.home, self.run_id, description)

    @contextmanager
    def candidate(self, name: str, tags: Mapping[str, str] | None = None) -> Iterator[TrackedRun]:
        """Open a nested run for one candidate of this training."""
        import mlflow

        parent = mlflow.get_run(self.run_id)
        inherited = {key: parent.data.tags[key] for key in (*_ALWAYS, *_OF_PROCESS)}
        with _started(parent.info.experiment_id, name, {**inherited, **(tags or {})}, self.home) as nested:
            yield nested


@contextmanager
def tracked_run(
    home: Path, name: str, dataset_digest: str, tags: Mapping[str, str] | None = None
) -> Iterator[TrackedRun]:
    """Open the run of one training; leaving the block ends it: as failed by an exception, as killed by an interrupt.

    A process that is killed leaves its run open; the next command marks it as killed, see `close_dead_runs`.

    Args:
        home: TAPEWATCH_HOME; MLflow's database and artifacts are made there.
        name: What people read in the list of runs, such as "sim-42 random_forest".
        dataset_digest: Digest of the dataset.
        tags: More tags; code version, feature schema and dataset digest are always there.
    """
    close_dead_runs(home)
    always = dict(zip(_ALWAYS, (code_version(), schema_hash(), dataset_digest), strict=True))
    with mlflow_at(home) as client, held_lock(home) as lock:
        alive = {_LOCK: lock, _PROCESS: f"{socket.gethostname()}:{os.getpid()}"}
        with _started(_experiment(client, home), name, {**always, **alive, **(tags or {})}, home) as run:
            yield run


@contextmanager
def _started(experiment: str, name: str, tags: Mapping[str, str], home: Path) -> Iterator[TrackedRun]:
    import mlflow

    nested = mlflow.active_run() is not None
    with mlflow.start_run(experiment_id=experiment, run_name=name, nested=nested, tags=dict(tags)) as run:
        try:
            yield TrackedRun(run.info.run_id, home)
        except KeyboardInterrupt:
            mlflow.end_run("KILLED")
            raise


def close_dead_runs(home: Path) -> int:
    """Mark the runs as killed whose process ended without a word, and their half-logged models as failed.

    Returns:
        How many runs there were.
    """
    if not database_of(home).exists():
        return 0
    with mlflow_at(home) as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return 0
        running = client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        dead = [run for run in running if _LOCK in run.data.tags and not is_held(home, run.data.tags[_LOCK])]
        for run in dead:
            for model in client.search_logged_models(
                [experiment.experiment_id], f"source_run_id = '{run.info.run_id}'"
            ):
                if model.status == "PENDING":
                    client.finalize_logged_model(model.model_id, "FAILED")
            client.set_terminated(run.info.run_id, "KILLED")
        return len(dead)


def add_to_run(
    home: Path,
    run_id: str,
    tags: Mapping[str, str],
    tables: Mapping[str, Mapping[str, object]],
    figures: Mapping[str, Figure] | None = None,
) -> None:
    """Add what became of it to a run that has ended: tags, tables as `<name>.json`, plots as `plots/<name>.png`."""
    with mlflow_at(home) as client:
        for name, figure in (figures or {}).items():
            client.log_figure(run_id, figure, f"plots/{name}.png", save_kwargs={"dpi": 120})
        for name, table in tables.items():
            client.log_dict(run_id, dict(table), f"{name}.json")
        for name, value in tags.items():
            client.set_tag(run_id, name, value)


def code_version() -> str:
    """Return the version of Tapewatch, with the commit where it runs from a checkout: "0.1.0+g1a2b3c4"."""
    try:
        version = installed_version("tapewatch")
    except PackageNotFoundError:
        version = "unknown"
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True, timeout=5).strip()  # noqa: S603 - fixed arguments
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version}+g{commit}"


@dataclass(frozen=True)
class RunSummary:
    """What is compared of one run.

    Attributes:
        run_id: MLflow's id.
        name: Its name.
        parent: Id of the run it is nested in, None for a training.
        started_ms: When it started, milliseconds UTC.
        status: MLflow's word: RUNNING, FINISHED, FAILED, KILLED.
        metrics: Results by name.
        params: Settings by name.
        tags: Tags by name, MLflow's own left out.
    """

    run_id: str
    name: str
    parent: str | None
    started_ms: int
    status: str
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


def list_runs(home: Path, *, candidates: bool = False) -> list[RunSummary]:
    """Return the runs of a home, newest first; nested candidates only when asked for."""
    close_dead_runs(home)
    with mlflow_at(home) as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return []
        found = [_summary(run) for run in client.search_runs([experiment.experiment_id])]
    return [run for run in found if candidates or run.parent is None]


def find_run(runs: Sequence[RunSummary], wanted: str) -> RunSummary:
    """Return the run with an id (or its first 6 digits or more) or name; the newest of one name.

    Raises:
        RegistryError: There is no such run.
    """
    for run in runs:
        if run.name == wanted or (len(wanted) >= 6 and run.run_id.startswith(wanted)):
            return run
    known = ", ".join(f"{run.run_id[:8]} ({run.name})" for run in runs[:10]) or "none"
    raise RegistryError(f"run must be an id or a name, was {wanted}; runs: {known}")


def _experiment(client: MlflowClient, home: Path) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    # The kind makes the UI open on runs and models rather than on prompts and traces.
    location, kind = (home.resolve() / "artifacts").as_uri(), {"mlflow.experimentKind": "custom_model_development"}
    return str(client.create_experiment(EXPERIMENT, artifact_location=location, tags=kind))


def _summary(run: Run) -> RunSummary:
    tags: dict[str, Any] = dict(run.data.tags)
    return RunSummary(
        run_id=run.info.run_id,
        name=run.info.run_name,
        parent=tags.get("mlflow.parentRunId"),
        started_ms=run.info.start_time,
        status=run.info.status,
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags={key: value for key, value in tags.items() if not key.startswith("mlflow.") and key not in _OF_PROCESS},
    )
