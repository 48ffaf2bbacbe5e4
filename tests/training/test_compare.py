from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from features.errors import RegistryError
from training.compare import Comparison, compare
from training.tracking import RunSummary, tracked_run


def summary(name: str, metrics: dict[str, float], **params: str) -> RunSummary:
    return RunSummary(name * 8, name, None, 1_700_000_000_000, "FINISHED", metrics, params, {"code_version": "0.1.0"})


def printed(comparison: Comparison) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(comparison.table())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


TWO = Comparison(
    (
        summary("a", {"average_precision": 0.8, "ece": 0.2, "brier": 0.1}, seed="1", trees="200"),
        summary("b", {"average_precision": 0.7, "ece": 0.1}, seed="2", trees="200"),
    )
)


def test_table_best_value_is_marked_by_what_is_better() -> None:
    text = printed(TWO)
    assert "0.8*" in text
    assert "0.1*" in text
    assert text.index("average precision") < text.index("Brier")


def test_table_marks_no_best_of_what_is_neither_better_high_nor_low() -> None:
    neither = ("alerts_a_day", "alerts_a_symbol_day", "ece_by_chance")
    runs = [summary(name, dict.fromkeys(neither, value)) for name, value in (("a", 1.0), ("b", 2.0))]
    assert "*" not in printed(Comparison(tuple(runs)))


def test_table_missing_value_is_a_dash() -> None:
    line = next(line for line in printed(TWO).splitlines() if line.startswith("Brier"))
    assert line.rstrip().endswith("-")


@pytest.mark.parametrize("n", [0, 1, 4])
def test_table_any_number_of_runs_fits_80_columns(n: int) -> None:
    long = [
        summary(f"a-rather-long-run-name-{i}", {"false_alerts_per_symbol_hour": i / 7}, seed=str(i)) for i in range(n)
    ]
    assert max(len(line) for line in printed(Comparison(tuple(long))).splitlines()) <= 80


def test_differing_shows_only_what_is_not_the_same() -> None:
    assert TWO.differing() == {"seed": ["1", "2"]}


def test_to_json_holds_everything() -> None:
    content = json.loads(TWO.to_json())
    assert content["main_metric"] == "average_precision"
    assert content["runs"][1]["metrics"] == {"average_precision": 0.7, "ece": 0.1}


@pytest.mark.slow
def test_compare_named_runs_come_in_that_order_and_unnamed_newest_first(tapewatch_home: Path) -> None:
    for name in ("one", "two"):
        with tracked_run(tapewatch_home, name, "d") as run, run.candidate("random_forest"):
            pass
    assert [run.name for run in compare(tapewatch_home).runs] == ["two", "one"]
    assert [run.name for run in compare(tapewatch_home, ["one", "two"]).runs] == ["one", "two"]
    with pytest.raises(RegistryError, match="was three"):
        compare(tapewatch_home, ["three"])
