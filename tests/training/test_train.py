from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.errors import TapewatchError
from features.readers import read_dataset
from models.alert import Alert
from models.parameters import Parameters
from models.registry import CHALLENGER, MODEL, mlflow_at
from models.rules import build_rules
from training.compare import compare
from training.experiment import Experiment, load_experiment
from training.labelling import suspicions
from training.learn import episodes_in
from training.markets import MarketTape, fold_dataset
from training.splits import split_by_time
from training.tracking import list_runs
from training.train import Trained, dataset_digest, fit_bundle, simulated, train

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def trained(home: Path, small_dataset: Path) -> Trained:
    return train(small_dataset, home, Parameters(), experiment=Experiment(seed=3), name="small")


@pytest.mark.slow
def test_train_registers_the_bundle_as_the_challenger(trained: Trained, home: Path) -> None:
    with mlflow_at(home) as client:
        version = client.get_model_version_by_alias(MODEL, CHALLENGER)
    assert (str(version.version), version.run_id, version.tags["digest"]) == (
        trained.version, trained.run_id, trained.bundle.digest,
    )  # fmt: skip
    assert trained.bundle.calibrated_on == "simulated"
    assert set(trained.bundle.calibrators) <= set(trained.bundle.combination)
    assert "spoofing" in trained.bundle.combination


@pytest.mark.slow
def test_train_tracks_params_metrics_dataset_and_plots(trained: Trained, home: Path, small_dataset: Path) -> None:
    (run,) = list_runs(home)
    assert (run.name, run.run_id, run.status) == ("small", trained.run_id, "FINISHED")
    assert run.params["seed"] == "3"
    assert [run.params[f"{part}_tapes"] for part in ("fit", "calibrate", "test")] == ["3", "1", "1"]
    cross_validated = {name for name in run.metrics if name.startswith("cv_")}
    assert cross_validated
    reached = {name: value for name, value in run.metrics.items() if name not in cross_validated}
    assert reached == pytest.approx(dict(trained.evaluation.metrics))
    assert run.tags["dataset_digest"] == dataset_digest(read_dataset(small_dataset))
    plots = {path.name for path in (home / "artifacts").rglob("*.png")}
    assert {"reliability.png", "precision_recall.png", "delays.png", "intervals.png"} <= plots
    assert any(name.startswith("importances_") for name in plots)
    assert any(name.startswith("shap_") for name in plots)
    (table,) = (home / "artifacts").rglob("by_typology.json")
    rows = json.loads(table.read_text(), parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))["rows"]
    assert [row["typology"] for row in rows] == trained.evaluation.table.index.tolist()
    assert compare(home).runs == (run,)


@pytest.mark.slow
def test_train_leaves_experiment_and_model_card_with_run_and_version(trained: Trained, home: Path) -> None:
    (experiment,) = (home / "artifacts").rglob("experiment.toml")
    assert load_experiment(experiment) == Experiment(seed=3)
    (card,) = (home / "artifacts").rglob("model_card.md")
    with mlflow_at(home) as client:
        version = client.get_model_version(MODEL, trained.version)
        note = client.get_run(trained.run_id).data.tags["mlflow.note.content"]
    assert version.description == note == card.read_text()
    assert trained.bundle.created_from[:16] in note
    assert all(f"| {name} |" in note for name in trained.evaluation.table.index)


@pytest.mark.slow
def test_train_candidates_are_nested_runs(trained: Trained, home: Path) -> None:
    nested = [run for run in list_runs(home, candidates=True) if run.parent == trained.run_id]
    assert {run.name.split()[1] for run in nested} == {"random_forest", "hist_gradient_boosting"}
    assert all("cv_average_precision" in run.metrics for run in nested)
    assert [run.tags["winner"] for run in nested].count("true") == len(trained.bundle.classifiers)


@pytest.mark.slow
def test_fit_bundle_same_seed_gives_the_same_bundle_and_the_test_tapes_play_no_part(
    trained: Trained, small_dataset: Path
) -> None:
    parameters = Parameters()
    split = split_by_time(fold_dataset(read_dataset(small_dataset), parameters))
    assert split.counts() == trained.split.counts()
    without_test = replace(split, test=())
    bundle, _ = fit_bundle(without_test, parameters, trained.bundle.created_from, None, "simulated", Experiment(seed=3))
    measured = replace(bundle, metrics=trained.bundle.metrics, reference=trained.bundle.reference)
    assert measured.digest == trained.bundle.digest


def test_train_too_few_tapes_is_refused_and_leaves_no_run(tmp_path: Path, small_dataset: Path) -> None:
    for name in ("tape-000", "tape-001"):
        shutil.copytree(small_dataset / "tapes" / name, tmp_path / "two" / "tapes" / name)
    shutil.copy(small_dataset / "labels.csv", tmp_path / "two")
    with pytest.raises(TapewatchError, match="at least 3 tapes"):
        train(tmp_path / "two", tmp_path / "home", Parameters())
    assert not (tmp_path / "home").exists()


def test_train_without_a_labelled_episode_is_refused(market: MakeMarket) -> None:
    markets = [market(f"t{n}", start_h=2 * n, end_h=2 * n + 1, n_rows=5) for n in range(3)]
    with pytest.raises(TapewatchError, match="at least 3 labelled episodes"):
        fit_bundle(split_by_time(markets), Parameters(), "d", None, "simulated")


def test_dataset_digest_changes_with_any_byte_and_not_with_the_place(tmp_path: Path, small_dataset: Path) -> None:
    copy = shutil.copytree(small_dataset, tmp_path / "copy")
    before = dataset_digest(read_dataset(small_dataset))
    assert dataset_digest(read_dataset(copy)) == before
    with (copy / "labels.csv").open("a") as labels:
        labels.write("\n")
    assert dataset_digest(read_dataset(copy)) != before


def test_simulated_is_what_the_simulator_says_of_its_tapes(tmp_path: Path, small_dataset: Path) -> None:
    assert simulated(read_dataset(small_dataset)) == "simulated"
    copy = shutil.copytree(small_dataset, tmp_path / "copy")
    (copy / "simulation.json").unlink()
    assert simulated(read_dataset(copy)) == "labelled"


def test_suspicions_of_the_rules_hold_the_planted_episodes(small_dataset: Path) -> None:
    dataset = read_dataset(small_dataset)
    found = suspicions(fold_dataset(dataset, Parameters()), build_rules(Parameters()))
    suspected = {name: episodes_in(rows) for name, rows in found.items() if episodes_in(rows)}
    planted = dataset.labels["typology"].value_counts().to_dict()
    assert set(suspected) == set(planted)
    assert sum(suspected.values()) >= 0.4 * sum(planted.values())  # the subtlest are beyond suspicion
