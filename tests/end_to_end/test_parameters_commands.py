from __future__ import annotations

import getpass
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from features.errors import ParameterError, TapewatchError
from models.parameters import load_parameters
from tapewatch import app


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "80"})


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    path = tmp_path / "strict.toml"
    path.write_text("[spoofing]\nminimum_surprise = 6.0\n")
    return path


def test_parameters_adopted_are_what_scan_starts_from_and_can_be_reverted(strict: Path, tapewatch_home: Path) -> None:
    assert "nothing was adopted yet" in run("parameters", "history").output
    done = run("parameters", "adopt", strict, "--by", "eve", "--why", "too many false alerts")
    assert done.exit_code == 0, done.output
    assert "spoofing.minimum_surprise: 5.0 → 6.0" in done.output
    assert load_parameters(tapewatch_home / "parameters.toml").spoofing.minimum_surprise == 6.0
    assert tomllib.loads(run("parameters", "show").output)["spoofing"]["minimum_surprise"] == 6.0
    assert run("parameters", "revert", "--why", "too few").exit_code == 0
    listed = json.loads(run("parameters", "history", "--json").output)
    assert [(one["number"], one["by"], one["why"]) for one in listed] == [
        (2, getpass.getuser(), "too few"), (1, "eve", "too many false alerts"),
    ]  # fmt: skip
    assert tomllib.loads(run("parameters", "show", 1).output)["spoofing"]["minimum_surprise"] == 6.0
    table = run("parameters", "history").output
    assert "too many false alerts" in table
    assert all(len(line) <= 80 for line in table.splitlines())


def test_parameters_adopted_without_a_reason_are_refused(strict: Path, tapewatch_home: Path) -> None:
    assert run("parameters", "adopt", strict).exit_code == 2
    done = run("parameters", "adopt", strict, "--why", " ")
    assert isinstance(done.exception, TapewatchError)
    assert not (tapewatch_home / "parameters.toml").exists()


def test_parameters_check_is_what_a_bare_file_does(strict: Path) -> None:
    assert run("parameters", strict).output == run("parameters", "check", strict).output


def test_whatif_of_a_tape_tells_gained_and_lost_and_folds_once(tmp_path: Path, tapewatch_home: Path) -> None:
    simulated = run("simulate", tmp_path / "d", "--symbols", 1, "--hours", 1, "--seed", 3, "--abuse-rate", 4)
    assert simulated.exit_code == 0, simulated.output
    asked = ("whatif", tmp_path / "d", "--set", "alerts.confidence_threshold=0.5")
    shown = run(*asked, "--details")
    assert shown.exit_code == 0, shown.output
    assert "Against the labels" in shown.output
    assert all(len(line) <= 80 for line in shown.output.splitlines())
    assert len(list((tapewatch_home / "folded").iterdir())) == 1
    told = json.loads(run(*asked, "--json").stdout)
    (every,) = (one for one in told["typologies"] if one["typology"] == "all")
    assert every["gained"] == every["true_gained"] + every["false_gained"] > 0
    assert every["after"] == every["before"] + every["gained"] - every["lost"]
    assert told["alerts_a_day"]["after"] > told["alerts_a_day"]["before"]
    again = run(*asked, "--set", "windows.market.buckets=30", "--json")
    assert "folded again: windows.market.buckets" in again.stderr
    assert len(list((tapewatch_home / "folded").iterdir())) == 2


def test_whatif_of_an_unknown_parameter_names_the_nearest(tmp_path: Path) -> None:
    done = run("whatif", tmp_path, "--set", "spoofing.minimum_suprise=1.0")
    assert isinstance(done.exception, ParameterError)
    assert "nearest: spoofing.minimum_surprise" in str(done.exception)


@pytest.mark.slow
def test_tune_writes_parameters_that_check_whatif_and_adopt_take(tmp_path: Path) -> None:
    options = ("--symbols", 1, "--hours", 1, "--tapes", 2, "--seed", 3, "--abuse-rate", 4)
    assert run("simulate", tmp_path / "d", *options).exit_code == 0
    out = tmp_path / "tuned.toml"
    done = run("tune", tmp_path / "d", "--budget", 200, "--out", out)
    assert done.exit_code == 0, done.output
    assert "alerts a day, later tapes" in done.output
    assert all(len(line) <= 80 for line in done.output.replace(str(out), "").splitlines())
    assert "valid, version" in run("parameters", out).output
    assert run("whatif", tmp_path / "d", "--parameters", out).exit_code == 0
    assert run("parameters", "adopt", out, "--why", "tuned").exit_code == 0
    (tmp_path / "d" / "labels.csv").unlink()
    told = json.loads(run("tune", tmp_path / "d", "--budget", 500, "--out", out, "--json").stdout)
    assert "precision" not in told["later"]["reached"]["after"]
