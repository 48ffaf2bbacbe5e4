from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from features.errors import ParameterError
from training.deciding import PromotionRule, decide, load_rule
from training.paired import Paired

GOOD = {"average_precision": 0.8, "ece_close": 0.05, "false_manipulation_per_symbol_hour": 0.1}
SURE = Paired(0.05, 0.01, 0.09, 40)


def test_decide_a_challenger_that_is_better_in_everything_is_promoted() -> None:
    decision = decide(PromotionRule(), {**GOOD, "average_precision": 0.85}, GOOD, SURE, 30)
    assert decision.promote
    assert decision.reason == "every condition holds"


@pytest.mark.parametrize(
    ("changes", "paired", "why"),
    [
        ({"average_precision": 0.79}, Paired(-0.01, -0.015, 0.0, 40), "average precision did not hold"),
        ({}, Paired(0.0, -0.03, 0.03, 40), "paired lower bound did not hold"),
        ({"ece_close": 0.07}, SURE, "calibration error did not hold"),
        ({"false_manipulation_per_symbol_hour": 0.12}, SURE, "false alerts/h did not hold"),
        ({"ece_close": math.nan}, SURE, "calibration error cannot be told; the champion stays"),
    ],
)
def test_decide_one_condition_that_does_not_hold_keeps_the_champion(
    changes: dict[str, float], paired: Paired, why: str
) -> None:
    decision = decide(PromotionRule(), GOOD | changes, GOOD, paired, 30)
    assert (decision.promote, decision.reason) == (False, why)


def test_decide_on_too_few_episodes_is_not_done_and_the_champion_stays() -> None:
    decision = decide(PromotionRule(), {**GOOD, "average_precision": 0.9}, GOOD, SURE, 9)
    assert not decision.promote
    assert "cannot be told" in decision.reason


def test_decide_without_a_champion_promotes_what_was_measured_on_enough_episodes() -> None:
    decision = decide(PromotionRule(), GOOD, None, None, 10)
    assert (decision.promote, decision.reason) == (True, "there is no champion; every condition holds")
    assert [(check.name, check.held) for check in decision.checks] == [
        ("labelled episodes", True), ("average precision", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("challenger", "episodes", "why"),
    [
        (GOOD, 9, "labelled episodes"),
        ({}, 10, "average precision"),
        ({"average_precision": math.nan}, 0, "labelled episodes, average precision"),
    ],
)
def test_decide_beside_a_champion_that_cannot_judge_promotes_nothing_that_was_not_measured(
    challenger: dict[str, float], episodes: int, why: str
) -> None:
    decision = decide(PromotionRule(), challenger, None, None, episodes, "format must be 2, was 1")
    assert not decision.promote
    told = "the champion cannot judge (format must be 2, was 1)"
    assert decision.reason == f"{told}; {why} cannot be told; nothing is promoted"


def test_decision_is_json_and_a_table_of_80_columns() -> None:
    decision = decide(PromotionRule(), GOOD, {}, Paired(math.nan, math.nan, math.nan, 0), 30)
    assert json.loads(json.dumps(decision.figures(), allow_nan=False))["paired"]["low"] is None
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(decision.table())
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("not promoted: ") for line in lines)


def test_load_rule_names_every_mistake(tmp_path: Path) -> None:
    assert load_rule(None) == PromotionRule()
    file = tmp_path / "promotion.toml"
    file.write_text("most_ece_rise = 0.02\n")
    assert load_rule(file).most_ece_rise == 0.02
    file.write_text("most_ece_rise = 2.0\nleast = 1\n")
    with pytest.raises(ParameterError, match=r"2 mistake\(s\)(.|\n)*most_ece_rise(.|\n)*least"):
        load_rule(file)
    with pytest.raises(ParameterError, match="readable TOML"):
        load_rule(tmp_path / "none.toml")
