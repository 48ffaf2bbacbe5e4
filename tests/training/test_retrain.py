from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.parameters import Parameters, parse_parameters
from training import retrain
from training.deciding import PromotionRule
from training.experiment import Experiment
from training.retrain import Plan

LABELS = """typology,symbol,start,end
wash_trading,A,2024-05-01T09:30:00Z,2024-05-01T09:31:00Z
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of a home in which nothing was promoted."""
    (tmp_path / "data" / "tapes" / "t0").mkdir(parents=True)
    (tmp_path / "data" / "tapes" / "t0" / "trades.csv").write_text("one tape")
    (tmp_path / "data" / "labels.csv").write_text(LABELS)
    return Plan((tmp_path / "data",), tmp_path / "home", Parameters(), PromotionRule())


@pytest.mark.parametrize(
    "changes",
    [
        {"experiment": Experiment(seed=1)},
        {"experiment": Experiment(imbalance="none")},
        {"parameters": parse_parameters({"alerts": {"confidence_threshold": 0.8}})},
        {"rule": PromotionRule(least_episodes=11)},
    ],
)
def test_seen_of_another_plan_is_another(plan: Plan, changes: dict[str, Any]) -> None:
    assert retrain._seen(plan, plan.datasets[0]) == retrain._seen(plan, plan.datasets[0])
    assert retrain._seen(replace(plan, **changes), plan.datasets[0]) != retrain._seen(plan, plan.datasets[0])


@pytest.mark.parametrize("what", ["schema_hash", "code_version"])
def test_seen_by_other_features_or_another_program_is_another(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = retrain._seen(plan, plan.datasets[0])
    monkeypatch.setattr(retrain, what, lambda: "another")
    assert retrain._seen(plan, plan.datasets[0]) != before


@pytest.mark.parametrize("file", ["tapes/t0/trades.csv", "labels.csv"])
def test_seen_of_other_tapes_labels_or_another_champion_is_another(plan: Plan, file: str) -> None:
    before = retrain._seen(plan, plan.datasets[0])
    plan.home.mkdir()
    (plan.home / "champion").write_text("c1")
    promoted = retrain._seen(plan, plan.datasets[0])
    with (plan.datasets[0] / file).open("a") as out:
        out.write("\n")
    assert before != promoted != retrain._seen(plan, plan.datasets[0]) != before
