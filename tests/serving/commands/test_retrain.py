from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from matplotlib.image import imread
from structlog.testing import capture_logs
from typer.testing import CliRunner

from features.errors import BundleError, ParameterError, TapewatchError
from features.readers import read_dataset
from models.parameters import Parameters
from models.registry import CHALLENGER, CHAMPION, MODEL, load_challenger, load_champion, mlflow_at
from serving.alerts.life import Change
from serving.alerts.store import AlertStore
from serving.commands.drift import run_drift
from serving.commands.retrain import Files, Stop, Told, plan_of, run_retrain, seconds_of
from serving.dispositions import export_dispositions
from serving.scoring import scan_tape
from serving.settings import Settings
from tapewatch import app
from training.deciding import PromotionRule
from training.drift import worst
from training.experiment import Experiment, HistGradientBoosting, IsolationForest
from training.retrain import Plan, Round, retrain
from training.simulator import simulate
from training.tracking import list_runs

EXPERIMENT = Experiment(
    seed=3,
    candidates=("hist_gradient_boosting",),
    isolation_forest=IsolationForest(trees=20),
    hist_gradient_boosting=HistGradientBoosting(iterations=10),
)


def plan_for(home: Path, *datasets: Path) -> Plan:
    return Plan(datasets, home, Parameters(), PromotionRule(), EXPERIMENT)


@pytest.mark.parametrize(("span", "seconds"), [("30s", 30), ("1.5h", 5400), ("1d", 86_400)])
def test_seconds_of_a_span(span: str, seconds: float) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "1", "d", "0s", "-1d", "1w"])
def test_seconds_of_something_else_is_refused(span: str) -> None:
    with pytest.raises(ParameterError, match="--every must be a span such as"):
        seconds_of(span)


def test_retrain_that_fails_once_is_refused_and_again_and_again_is_logged_until_told_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_for(tmp_path / "home", tmp_path / "nowhere")
    with pytest.raises(TapewatchError, match="must be a dataset"):
        run_retrain(lambda: plan)
    ending, rounds = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)), count(1)

    def planned() -> Plan:
        if next(rounds) == 3:
            ending.start()  # not before: who does not listen yet would die of it
        return plan

    with capture_logs() as logs:
        assert run_retrain(planned, every_s=0.02) is None
    assert len(logs) > 1
    assert {entry["event"] for entry in logs} == {"retrain.round_failed"}
    assert "stopped" in capsys.readouterr().out


def test_retrain_again_and_again_reads_its_files_anew_and_goes_on_after_a_broken_one(
    settings: Settings, tmp_path: Path
) -> None:
    (settings.home / "promotion.toml").write_text("least_episodes = 0")
    (tmp_path / "how.toml").write_text("imbalance = 'none'")
    files, rounds = Files(experiment=str(tmp_path / "how.toml"), seed=7), list[Plan]()

    def planned() -> Plan:
        if rounds:
            os.kill(os.getpid(), signal.SIGTERM)
        try:
            rounds.append(plan_of([tmp_path / "nowhere"], settings, files))
        finally:
            (settings.home / "promotion.toml").write_text("least_episodes = 12")
            settings.parameters_file.write_text("[alerts]\nconfidence_threshold = 0.8")
        return rounds[-1]

    with capture_logs() as logs:
        run_retrain(planned, every_s=0.001)
    told = [entry["why"] for entry in logs if entry["event"] == "retrain.round_failed"]
    assert "promotion.toml: 1 mistake(s)" in told[0]
    assert "must be a dataset" in told[1]
    assert len(told) == 2
    (plan,) = rounds
    assert (plan.rule, plan.parameters.alerts.confidence_threshold) == (PromotionRule(least_episodes=12), 0.8)
    assert plan.experiment == Experiment(imbalance="none", seed=7)


def test_retrain_of_an_experiment_that_is_none_is_refused(tmp_path: Path) -> None:
    arguments = ["retrain", str(tmp_path), "--experiment", "none", "--home", str(tmp_path / "home")]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, ParameterError)
    assert "experiment must be a TOML file, or one of" in str(done.exception)


def test_stop_within_an_undisturbed_block_waits_for_its_end() -> None:
    stop, done = Stop(), []

    def promoting() -> None:
        with stop.listening(), stop.undisturbed():
            signal.raise_signal(signal.SIGTERM)
            done.append("promoted")

    with pytest.raises(Told):
        promoting()
    assert done == ["promoted"]


def test_stop_elsewhere_ends_at_once_and_gives_the_handlers_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def training() -> None:
        with Stop().listening():
            signal.raise_signal(signal.SIGTERM)
            pytest.fail("the signal must end the block")

    with pytest.raises(Told):
        training()
    assert signal.getsignal(signal.SIGTERM) == before


def test_drift_without_a_champion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must hold a champion"):
        run_drift(tmp_path, tmp_path, Parameters())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of 4 tapes, crowded with abuse."""
    planted = ("wash_trading", "spoofing", "momentum_ignition")
    path = tmp_path_factory.mktemp("small")
    return simulate(path, symbols=2, hours=2.0, seed=5, abuse_rate=5.0, tapes=4, typologies=planted)


def aliases(home: Path) -> dict[str, str]:
    with mlflow_at(home) as client:
        return {name: str(number) for name, number in client.get_registered_model(MODEL).aliases.items()}


@dataclass(frozen=True)
class Rounds:
    """A first round; one that only says what it would do, after an analyst called every alert of an early tape false;
    the same again, in earnest; and what was champion and challenger after the second."""

    home: Path
    first: Round
    dry: Round
    second: Round
    after_dry: dict[str, str]


@pytest.fixture(scope="module")
def rounds(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    home = tmp_path_factory.mktemp("retrained")
    first = retrain(plan_for(home, dataset))
    assert first is not None
    assert retrain(plan_for(home, dataset)) is None
    store = AlertStore.open(f"sqlite:///{home / 'alerts.db'}")
    alerts = scan_tape(dataset / "tapes" / "tape-000", Parameters(), load_champion(home)).alerts
    store.upsert(alerts)
    for number, alert in enumerate(alerts):
        store.patch(alert.alert_id, Change("ann", "resolved", None, "false"), at=number)
    decided = export_dispositions(store, home / "decided", [dataset]).path
    store.close()
    # A rule that every challenger keeps to.
    lenient = PromotionRule(most_precision_loss=1, least_lower_bound=-1, most_ece_rise=1, most_false_ratio=1e9)
    plan = replace(plan_for(home, dataset, decided), rule=lenient)
    dry = retrain(replace(plan, dry_run=True))
    assert dry is not None
    assert retrain(replace(plan, dry_run=True)) is None
    after_dry = aliases(home)
    second = retrain(plan)
    assert second is not None
    assert retrain(plan) is None
    return Rounds(home, first, dry, second, after_dry)


@pytest.mark.slow
def test_retrain_first_round_promotes_and_the_next_one_compares_on_the_same_tapes(rounds: Rounds) -> None:
    first, second = rounds.first, rounds.second
    assert first.promotion is not None
    assert first.promotion.replaced is None
    assert first.decision.reason == "there is no champion; every condition holds"
    assert second.champion is not None
    assert second.decision.paired is not None
    # The last tapes are the same in both rounds, and so is the first bundle.
    assert second.champion.metrics == pytest.approx(dict(first.trained.evaluation.metrics))
    assert second.decision.paired.difference == pytest.approx(
        second.trained.evaluation.metrics["average_precision"] - second.champion.metrics["average_precision"]
    )
    assert second.drift is not None
    assert second.drift.bundle == first.trained.bundle.version
    assert second.drift.verdict != "drifted"


@pytest.mark.slow
def test_retrain_dry_run_decides_and_leaves_promoting_to_the_next_round(rounds: Rounds) -> None:
    home, first, dry, second = rounds.home, rounds.first, rounds.dry, rounds.second
    assert (dry.decision.promote, dry.promotion) == (True, None)
    assert rounds.after_dry == {CHAMPION: first.trained.version, CHALLENGER: dry.trained.version}
    assert second.promotion is not None
    assert second.promotion.replaced == first.trained.bundle.digest
    assert aliases(home) == {CHAMPION: second.trained.version}
    champion = load_champion(home)
    assert champion is not None
    assert champion.digest == second.trained.bundle.digest
    assert load_challenger(home) is None


@pytest.mark.slow
def test_retrain_records_its_experiment_and_decision(rounds: Rounds) -> None:
    done = [rounds.first, rounds.dry, rounds.second]
    runs = {run.run_id: run for run in list_runs(rounds.home)}
    tags = [runs[one.trained.run_id].tags for one in done]
    version = rounds.first.trained.bundle.version
    assert [tag["decision"] for tag in tags] == ["promoted", "would be promoted", "promoted"]
    assert [tag["decision_reason"] for tag in tags] == [one.decision.reason for one in done]
    assert [tag["champion_at_decision"] for tag in tags] == ["none", version, version]
    assert [tag["drift"] for tag in tags] == ["unknown", *(one.drift.verdict for one in done[1:] if one.drift)]
    assert {runs[one.trained.run_id].params["experiment"] for one in done} == {EXPERIMENT.version()}
    artifacts = rounds.home / "artifacts"
    assert {path.parts[-3] for path in artifacts.rglob("decision.json")} == {one.trained.run_id for one in done}
    assert {path.parts[-4] for path in artifacts.rglob("plots/drift.png")} == {one.trained.run_id for one in done[1:]}


@pytest.mark.slow
def test_dispositions_of_stored_alerts_move_records_and_weights_of_the_next_bundle(rounds: Rounds) -> None:
    before, after = rounds.first.trained.bundle, rounds.second.trained.bundle
    labels = read_dataset(rounds.home / "decided").labels
    typology = "wash_trading"
    wrong = sum("rule" in spoke for spoke in labels.loc[labels["typology"] == typology, "detectors"])
    old, new = before.records[typology]["rule"], after.records[typology]["rule"]
    assert wrong > 0
    assert new.wrong == pytest.approx(old.wrong + wrong)
    assert new.right == pytest.approx(old.right)
    weights = [bundle.weights(typology) for bundle in (before, after)]
    assert weights[0] is not None
    assert weights[1] is not None
    assert weights[1].weight[0] < weights[0].weight[0]
    assert replace(before, metrics={}).digest != replace(after, metrics={}).digest


@pytest.mark.slow
def test_records_and_drift_are_printed_in_80_columns(rounds: Rounds, dataset: Path, tmp_path: Path) -> None:
    home = ["--home", str(rounds.home)]
    tape = dataset / "tapes" / "tape-003"
    for command, told in ((["detectors", "--record"], "wash_trading"), (["drift", str(tape)], "Alerts a market day")):
        done = CliRunner().invoke(app, [*command, *home], env={"COLUMNS": "80"})
        assert done.exit_code == 0, done.output
        assert told in done.output
        assert max(map(len, done.output.splitlines())) <= 80
    plot = tmp_path / "drift.png"
    figures = json.loads(CliRunner().invoke(app, ["drift", str(tape), "--json", "--plot", str(plot), *home]).output)
    assert figures["bundle"] == rounds.second.trained.bundle.version
    assert figures["verdict"] == worst([one["verdict"] for one in (*figures["shifts"], *figures["rates"])])
    assert imread(plot).shape[:2] == (648, 1152)
