from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.errors import ParameterError
from training.experiment import SHIPPED, Experiment, load_experiment, shipped_experiments


def loaded(tmp_path: Path, text: str) -> Experiment:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_experiment(path)


def test_toml_read_back_gives_the_same_and_tells_each_key(tmp_path: Path) -> None:
    text = Experiment().toml()
    assert loaded(tmp_path, text) == Experiment()
    keys = [line for line in text.splitlines() if " = " in line and not line.startswith("#")]
    assert len(keys) == sum(line.startswith("#") for line in text.splitlines())
    assert len(keys) == len(Experiment().flat())


def test_shipped_experiments_load_by_name_and_default_is_the_default() -> None:
    assert shipped_experiments() == ("default", "quick", "thorough")
    assert [load_experiment(name) == Experiment() for name in shipped_experiments()] == [True, False, False]
    assert Experiment().toml() in (SHIPPED / "default.toml").read_text()
    assert load_experiment("thorough").search.trials > 0
    assert load_experiment(None) == Experiment()


def test_load_no_such_file_names_the_examples() -> None:
    with pytest.raises(ParameterError, match="one of default, quick, thorough, was fast"):
        load_experiment("fast")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sed = 1", r"sed must be a known parameter \(nearest: seed\), was 1"),
        ("[serch]\ntrials = 3", r"serch must be a known parameter \(nearest: search\)"),
        ("[search]\ntrial = 3", r"search.trial must be a known parameter \(nearest: search.trials\), was 3"),
        ('candidates = ["xgboost"]', r"candidates.0 must be 'random_forest', 'hist_gradient_boosting' or 'lightgbm'"),
        ("candidates = []", "candidates must .*at least 1"),
        ("[search]\ntrials = 1.5", "search.trials must be a valid integer"),
        ("[split]\nfit = 0.9", r"split.fit \+ calibrate \+ test must be 1 in all three, was 1.3"),
        (
            '[features.market]\nexclude = ["price_chnge"]',
            r"exclude must be features of the market grain \(nearest: price_change\), was 'price_chnge'",
        ),
        ("[search.lightgbm]\nnum_leaves = [9, 3]", r"search.lightgbm.num_leaves must be \[low, high\]"),
    ],
)
def test_load_mistake_is_told_with_what_it_must_be(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        loaded(tmp_path, text)


def test_features_chosen_are_what_is_included_less_what_is_excluded(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, '[features.market]\ninclude = ["rise", "fall"]\nexclude = ["fall"]').features
    assert chosen.of("market") == {"rise"}
    assert len(chosen.of("account")) > 20


@pytest.mark.parametrize("changes", [{"seed": 1}, {"imbalance": "none"}, {"effective_b": 0.5}])
def test_version_changes_with_any_value(changes: dict[str, Any]) -> None:
    assert Experiment(**changes).version() != Experiment().version()
