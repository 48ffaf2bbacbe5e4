"""The command line as a user runs it, in real processes where the process matters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from features.catalogue import MARKET_FEATURES
from features.errors import RegistryError, TapewatchError
from models.parameters import load_parameters
from tapewatch import app
from training.simulator import simulate

ROOT = Path(__file__).parents[2]


def commands(group: object, name: str = "") -> list[str]:
    """Return the names of a command and of all that are under it."""
    under = getattr(group, "commands", {})
    return [name, *(found for key, one in under.items() for found in commands(one, f"{name} {key}".strip()))]


COMMANDS = commands(get_command(app))
Run = Callable[..., subprocess.CompletedProcess[str]]
BROKEN = """timestamp,symbol,price,quantity
2024-05-01T09:30:00Z,A,1,1
2024-05-01T09:31:00Z,A,-5,1
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs the program in a process of its own, in an empty folder, 80 columns wide."""

    def ran(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "tapewatch.py"), *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=900
        )

    return ran


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a short tape with one planted pattern and more."""
    path, planted = tmp_path_factory.mktemp("tape"), ("wash_trading", "spoofing")
    dataset = simulate(path, symbols=1, hours=0.5, seed=2, abuse_rate=4.0, typologies=planted)
    return dataset / "tapes" / "tape-000"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_fits_80_columns_and_says_what_it_does(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "80", "TERM": "dumb"})
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    assert "…" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["scna"],
        ["scan"],
        ["scan", "t.csv", "--colour"],
        ["train", "x", "--seed", "one"],
        ["benchmark", "dumps"],
        ["serve", "--port", "65536"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_command_without_arguments_shows_help() -> None:
    assert "Usage" in CliRunner().invoke(app, []).output


def test_scan_of_a_file_that_is_not_there_fails_in_one_line(run: Run) -> None:
    done = run("scan", "nowhere.csv")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "error: nowhere.csv: must be a file, was missing\n")


def test_scan_of_a_broken_tape_names_file_row_and_column(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text(BROKEN)
    done = run("scan", "broken.csv")
    assert (done.returncode, done.stdout) == (1, "")
    for part in ("error: ", "broken.csv", "row 2", "price", "-5"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_scan_skipping_bad_rows_goes_on_and_quarantines_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text(BROKEN)
    done = run("scan", "broken.csv", "--skip-bad-rows", "refused.csv", "--out", "alerts.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 rows left out, see refused.csv" in done.stderr
    assert len((tmp_path / "refused.csv").read_text().splitlines()) == 2
    assert (tmp_path / "alerts.jsonl").read_text() == ""


def test_scan_piped_prints_alerts_on_standard_output_and_no_progress_bar(run: Run, tape: Path) -> None:
    done = run("scan", tape)
    assert done.returncode == 0
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(alerts) > 0
    assert all({"alert_id", "typology", "confidence", "findings"} <= set(alert) for alert in alerts)
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    told = done.stderr.splitlines()[len(notes) :]
    missing = {line.partition(":")[2].partition(":")[0].strip() for line in notes}
    assert missing == {"no book levels on this tape", "nothing on this tape trades on two venues"}
    assert told[0].startswith("no champion model: the rules judged alone")
    assert re.fullmatch(r"[\d,]+ events, 1 markets, 0\.5 market hours: \d+ alerts", told[1])
    assert not re.search("[\x1b\r━]", done.stderr)


def test_scan_into_a_pipe_that_is_closed_ends_quietly(tape: Path) -> None:
    shell = f"set -o pipefail; '{sys.executable}' '{ROOT / 'tapewatch.py'}' parameters | head -n 1"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, check=False, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def read_jsonl(path: Path) -> pd.DataFrame:
    return pd.read_json(path, lines=True)


@pytest.mark.parametrize(
    ("suffix", "read"), [(".parquet", pd.read_parquet), (".csv", pd.read_csv), (".jsonl", read_jsonl)]
)
def test_features_are_written_in_the_format_that_the_name_says(
    tape: Path, tmp_path: Path, suffix: str, read: Callable[[Path], pd.DataFrame]
) -> None:
    out = tmp_path / f"features{suffix}"
    done = CliRunner().invoke(app, ["features", str(tape), "--out", str(out)])
    assert done.exit_code == 0, done.output
    table = read(out)
    assert set(table["scale"]) == {"market", "fast"}
    assert {feature.name for feature in MARKET_FEATURES} <= set(table.columns)
    assert f"{len(table)} rows in" in done.output.replace("\n", "")


def test_features_in_an_unknown_format_fails(tape: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["features", str(tape), "--out", str(tmp_path / "features.xlsx")])
    assert done.exit_code == 1
    assert isinstance(done.exception, TapewatchError)


def test_parameters_print_a_toml_that_loads_as_the_defaults(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["parameters"]).output
    assert tomllib.loads(printed)["alerts"]["confidence_threshold"] == 0.7
    (tmp_path / "all.toml").write_text(printed)
    assert load_parameters(tmp_path / "all.toml") == load_parameters(None)
    assert "valid, version" in CliRunner().invoke(app, ["parameters", str(tmp_path / "all.toml")]).output


def test_parameters_with_mistakes_exit_1_and_name_them_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[spoofing]\nspoofing_threshold = 2.0\n[wash]\nx = 1\n")
    done = run("parameters", "bad.toml")
    assert done.returncode == 1
    assert "2 mistake(s)" in done.stderr
    assert "spoofing.spoofing_threshold" in done.stderr


def test_accumulation_of_fills_writes_the_flags(tmp_path: Path) -> None:
    sides = [(day, n, "BUY" if n % 2 == 0 or day == 8 else "SELL") for day in range(1, 9) for n in range(6)]
    rows = [f"2024-05-0{day} 12:0{n}:00,eve,BTCUSDT,{side},40000,0.1" for day, n, side in sides]
    header = "timestamp,user_id,symbol_pair,side,price_usd,amount"
    (tmp_path / "fills.csv").write_text("\n".join([header, *rows]) + "\n")
    out = tmp_path / "flags.csv"
    done = CliRunner().invoke(app, ["accumulation", str(tmp_path / "fills.csv"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert pd.read_csv(out)["user_id"].tolist() == ["eve"]


def test_accumulation_into_a_folder_that_is_not_there_fails_in_one_line(run: Run, tmp_path: Path) -> None:
    fills = "timestamp,user_id,symbol_pair,side,price_usd,amount\n2024-05-01 12:00:00,eve,BTCUSDT,BUY,1,1\n"
    (tmp_path / "fills.csv").write_text(fills)
    done = run("accumulation", "fills.csv", "--out", "nowhere/flags.csv")
    assert done.returncode == 1
    assert re.match(r"error: .*nowhere", done.stderr)
    assert "Traceback" not in done.stderr


def test_simulate_writes_a_dataset_and_the_same_seed_the_same_one(tmp_path: Path) -> None:
    usual = ["--symbols", "1", "--hours", "0.2", "--abuse-rate", "0", "--seed", "3"]
    for name in ("one", "two"):
        assert CliRunner().invoke(app, ["simulate", str(tmp_path / name), *usual]).exit_code == 0
    one, two = ((tmp_path / name / "tapes/tape-000/trades.parquet").read_bytes() for name in ("one", "two"))
    assert one == two


def test_simulate_out_of_range_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "d"), "--symbols", "0"])
    assert done.exit_code == 1
    assert "symbols must be greater than or equal to 1, was 0" in str(done.exception)


def test_simulate_plays_an_example_scenario_with_what_the_options_change(tmp_path: Path) -> None:
    options = ["--scenario", "quiet_market", "--hours", "0.2", "--symbols", "1", "--venues", "2", "--books"]
    assert CliRunner().invoke(app, ["simulate", str(tmp_path), *options]).exit_code == 0
    assert json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8"))["seed"] == 1
    assert (tmp_path / "tapes/tape-000/books.parquet").is_file()
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8").count("\n") == 1


def test_simulate_unknown_scenario_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "d"), "--scenario", "quiet"])
    assert done.exit_code == 1
    assert "nearest: quiet_market" in str(done.exception)


@pytest.mark.slow
def test_compare_and_promote_in_an_empty_home(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    compared = CliRunner().invoke(app, ["compare", "--json", *home])
    assert json.loads(compared.output)["runs"] == []
    promoted = CliRunner().invoke(app, ["promote", "challenger", *home])
    assert promoted.exit_code == 1
    assert isinstance(promoted.exception, RegistryError)


def test_benchmark_clean_prints_figures_as_json_and_as_a_table() -> None:
    arguments = ["benchmark", "clean", "--seeds", "1", "--symbols", "1", "--hours", "0.5", "--seed", "4"]
    figures = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert (figures["seeds"], figures["symbol_hours"]) == ([4], pytest.approx(0.5, abs=0.01))
    assert figures["manipulation"]["rules"]["alerts"] == len(figures["manipulation_alerts"])
    printed = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).output
    assert re.search(r"rules: \d\.\d{3} \[.*\] manipulation alerts a symbol-hour: (not )?below 0\.05", printed)
    assert max(map(len, printed.splitlines())) <= 80
