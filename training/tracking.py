"""Experiment tracking: one MLflow run for each training, nested runs for its candidates, all under TAPEWATCH_HOME."""

from __future__ import annotations

import math
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
from models.registry import log_bundle, mlflow_at, register

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "tapewatch"


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

        mlflow.log_figure(figure, f"plots/{name}.png", save_kwargs={"dpi": 120})

    def table(self, rows: Sequence[Mapping[str, object]] | Mapping[str, object], name: str) -> None:
        """Log a table or nested figures as `<name>.json`."""
        import mlflow

        mlflow.log_dict(dict(rows) if isinstance(rows, Mapping) else {"rows": list(rows)}, f"{name}.json")

    def register(self, bundle: Bundle, example: pd.DataFrame) -> str:
        """Log the bundle as a model of this run, register it as the challenger, and return the version."""
        return register(bundle, log_bundle(bundle, example), self.home, self.run_id)

    @contextmanager
    def candidate(self, name: str, tags: Mapping[str, str] | None = None) -> Iterator[TrackedRun]:
        """Open a nested run for one candidate of this training."""
        import mlflow

        experiment = mlflow.get_run(self.run_id).info.experiment_id
        with mlflow.start_run(experiment_id=experiment, run_name=name, nested=True, tags=dict(tags or {})) as run:
            yield TrackedRun(run.info.run_id, self.home)


@contextmanager
def tracked_run(
    home: Path, name: str, dataset_digest: str, tags: Mapping[str, str] | None = None
) -> Iterator[TrackedRun]:
    """Open the run of one training; leaving the block ends it, as failed if by an exception.

    Args:
        home: TAPEWATCH_HOME; MLflow's database and artifacts are made there.
        name: What people read in the list of runs, such as "sim-42 random_forest".
        dataset_digest: Digest of the dataset.
        tags: More tags; code version, feature schema and dataset digest are always there.
    """
    with mlflow_at(home) as client:
        import mlflow

        always = {"code_version": code_version(), "feature_schema": schema_hash(), "dataset_digest": dataset_digest}
        with mlflow.start_run(
            experiment_id=_experiment(client, home), run_name=name, tags={**always, **(tags or {})}
        ) as run:
            yield TrackedRun(run.info.run_id, home)


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
        tags={name: value for name, value in tags.items() if not name.startswith("mlflow.")},
    )
