"""`tapewatch detectors` and `tapewatch benchmark detectors` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.catalogue import detectors
from models.detectors_page import page
from models.mar import PRACTICES
from models.parameters import Parameters
from tapewatch import app

NAMES = [one.name for one in detectors(Parameters())]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80", "TERM": "dumb"})


@pytest.mark.parametrize("arguments", [[], NAMES, ["--mar"]], ids=["all", "named", "mar"])
def test_detectors_fit_80_columns_and_lose_nothing(arguments: list[str]) -> None:
    done = run("detectors", *arguments)
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    assert "…" not in done.output
    if "--mar" not in arguments:
        assert [name for name in NAMES if name not in done.output] == []


def test_detectors_mar_tells_every_practice_with_its_status() -> None:
    text = " ".join(run("detectors", "--mar").output.split())
    assert [p.name for p in PRACTICES if f"{p.mar} {p.name}: {p.status(NAMES)}" not in text] == []


def test_detectors_json_has_rules_learned_and_coverage() -> None:
    told = json.loads(run("detectors", "--json", "spoofing").output)
    (spoofing,) = told["rules"]
    assert (spoofing["category"], spoofing["needs"]) == ("manipulation", ["orders", "accounts"])
    assert spoofing["parameters"][0]["source"]
    assert [one["name"] for one in told["learned"]] == ["isolation_forest", "classifier"]
    assert len(told["mar"]) == len(PRACTICES)


def test_detectors_markdown_is_the_page() -> None:
    assert run("detectors", "--markdown").output == page()


def test_detectors_of_a_name_that_is_none_names_those_there_are() -> None:
    done = run("detectors", "spoof")
    assert done.exit_code == 1
    assert "detector must be of" in str(done.exception)


def test_benchmark_of_detectors_keeps_tapes_and_writes_figures(tmp_path: Path) -> None:
    options = ["--typology", "marking_the_close", "--episodes", "1", "--rules-only", "--home", str(tmp_path)]
    out, data = tmp_path / "figures.json", tmp_path / "data"
    done = run("benchmark", "detectors", *options, "--data", str(data), "--out", str(out))
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    figures = json.loads(out.read_text())
    assert (list(figures["judges"]), figures["planned"]) == (["rules"], 1)
    assert len(list(data.glob("detectors-*/plan.json"))) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--typology", "insider"], "typology must be of"),
        (["--severity", "0.9", "0.1"], "severity must be from 0 to 1"),
    ],
)
def test_benchmark_of_what_cannot_be_planted_is_refused(options: list[str], says: str, tmp_path: Path) -> None:
    done = run("benchmark", "detectors", "--rules-only", "--home", str(tmp_path), *options)
    assert done.exit_code == 1
    assert says in str(done.exception)
