from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from features.errors import BundleError, ParameterError, TapewatchError
from models.parameters import Parameters
from models.registry import CHALLENGER, CHAMPION, MODEL, load_challenger, load_champion, mlflow_at
from serving.alerts.life import Change
from serving.alerts.store import AlertStore
from serving.commands.drift import run_drift
from serving.commands.retrain import Stop, Told, run_retrain, seconds_of
from serving.dispositions import export_dispositions
from serving.scoring import scan_tape
from tapewatch import app
from training.deciding import PromotionRule
from training.retrain import Plan, Round, retrain
from training.simulator import simulate
from training.tracking import list_runs


def plan_of(home: Path, *datasets: Path) -> Plan:
    return Plan(datasets, home, Parameters(), PromotionRule(), seed=3)


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
    plan = plan_of(tmp_path / "home", tmp_path / "nowhere")
    with pytest.raises(TapewatchError, match="must be a dataset"):
        run_retrain(plan)
    ending = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    with capture_logs() as logs:
        ending.start()
        assert run_retrain(plan, every_s=0.02) is None
    assert len(logs) > 1
    assert {entry["event"] for entry in logs} == {"retrain.round_failed"}
    assert "stopped" in capsys.readouterr().out


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


@pytest.fixture(scope="module")
def rounds(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Round, Round]:
    """Return a home, a first round, and a second one after an analyst called every alert of an early tape false."""
    home = tmp_path_factory.mktemp("retrained")
    first = retrain(plan_of(home, dataset))
    assert first is not None
    assert retrain(plan_of(home, dataset)) is None
    store = AlertStore.open(f"sqlite:///{home / 'alerts.db'}")
    alerts = scan_tape(dataset / "tapes" / "tape-000", Parameters(), load_champion(home)).alerts
    store.upsert(alerts)
    for number, alert in enumerate(alerts):
        store.patch(alert.alert_id, Change("ann", "resolved", None, "false"), at=number)
    decided = export_dispositions(store, home / "decided", [dataset]).path
    store.close()
    second = retrain(plan_of(home, dataset, decided))
    assert second is not None
    return home, first, second


@pytest.mark.slow
def test_retrain_first_round_promotes_and_the_next_one_compares_on_the_same_tapes(
    rounds: tuple[Path, Round, Round],
) -> None:
    _, first, second = rounds
    assert first.promotion is not None
    assert first.decision.reason == "there is no champion that can judge"
    assert second.champion is not None
    assert second.decision.paired is not None
    # The last tapes are the same in both rounds, and so is the first bundle.
    assert second.champion.metrics == pytest.approx(dict(first.trained.evaluation.metrics))
    assert second.drift is not None
    assert second.drift.verdict != "drifted"


@pytest.mark.slow
def test_retrain_records_its_decision_and_leaves_the_registry_consistent(rounds: tuple[Path, Round, Round]) -> None:
    home, first, second = rounds
    with mlflow_at(home) as client:
        aliases = {name: str(number) for name, number in client.get_registered_model(MODEL).aliases.items()}
    expected = {CHAMPION: first.trained.version, CHALLENGER: second.trained.version}
    champion, challenger = load_champion(home), load_challenger(home)
    assert champion is not None
    if second.promotion is None:
        assert aliases == expected
        assert challenger is not None
        assert (champion.digest, challenger.digest) == (first.trained.bundle.digest, second.trained.bundle.digest)
    else:
        assert aliases == {CHAMPION: second.trained.version}
        assert champion.digest == second.trained.bundle.digest
        assert challenger is None
    tags = {run.run_id: run.tags for run in list_runs(home)}
    assert tags[first.trained.run_id]["decision"] == "promoted"
    assert tags[second.trained.run_id]["decision_reason"] == second.decision.reason
    assert len(list((home / "artifacts").rglob("decision.json"))) == 2
    assert len(list((home / "artifacts").rglob("plots/drift.png"))) == 1


@pytest.mark.slow
def test_dispositions_of_stored_alerts_move_records_and_weights_of_the_next_bundle(
    rounds: tuple[Path, Round, Round],
) -> None:
    home, first, second = rounds
    before, after = first.trained.bundle, second.trained.bundle
    decided = json.loads((home / "decided" / "dispositions.json").read_text())
    typology = "wash_trading"
    old, new = before.records[typology]["rule"], after.records[typology]["rule"]
    assert decided["false"] > 0
    assert new.wrong > old.wrong
    assert new.right == pytest.approx(old.right)
    assert new.mean < old.mean
    weights = [bundle.weights(typology) for bundle in (before, after)]
    assert weights[0] is not None
    assert weights[1] is not None
    assert weights[1].weight[0] < weights[0].weight[0]
    assert replace(before, metrics={}).digest != after.digest


@pytest.mark.slow
def test_records_and_drift_are_printed_in_80_columns(
    rounds: tuple[Path, Round, Round], dataset: Path, tmp_path: Path
) -> None:
    home = ["--home", str(rounds[0])]
    for command in (["detectors", "--record"], ["drift", str(dataset / "tapes" / "tape-003")]):
        done = CliRunner().invoke(app, [*command, *home], env={"COLUMNS": "80"})
        assert done.exit_code == 0, done.output
        assert max(map(len, done.output.splitlines())) <= 80
    plot = tmp_path / "drift.png"
    arguments = ["drift", str(dataset / "tapes" / "tape-003"), "--json", "--plot", str(plot), *home]
    figures = json.loads(CliRunner().invoke(app, arguments).output)
    assert figures["verdict"] in {"stable", "watch", "drifted"}
    assert plot.stat().st_size > 10_000
