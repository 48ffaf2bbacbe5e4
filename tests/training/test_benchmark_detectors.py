from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console, RenderableType

from models.alert import Alert
from models.parameters import Parameters
from training.alerts import Raised
from training.benchmark_detectors import NOT_MANIPULATION, Detected, _alerts, _episodes, _once, benchmark
from training.benchmark_tapes import ACROSS, CASES, DAILY, HOURLY, Wanted, tapes_of
from training.detector_tables import tables_of
from training.false_alerts import Around
from training.hits import match
from training.markets import MarketTape


@pytest.fixture
def found(
    alert: Callable[..., Alert], labels: Callable[..., pd.DataFrame], market: Callable[..., MarketTape]
) -> Detected:
    """Return: washing detected 30 s after its end, ramping missed, an anomaly beside it, and a false spoofing alert."""
    planted = labels({}, {"typology": "ramping", "start_s": 1_000.0, "end_s": 1_600.0, "accounts": ("r",)})
    hit, late = alert(0, 60, detected_at=planted["end_ns"][0] + 30 * 10**9), alert(10, 70, accounts=("a", "z"))
    spike = alert(1_100, 1_200, typology="volume_spike", category="anomaly", accounts=())
    wrong = alert(9_000, 9_100, typology="spoofing", accounts=("s",))
    here = market(labels=planted)
    alerts = (hit, late, spike, wrong)
    raised, matched = Raised(here, alerts, alerts), match(alerts, planted)
    around = Around((), (), (), 1.0)
    return Detected(("rules",), 2.0, 3, _episodes("rules", here, matched), _alerts("rules", raised, matched, around))


def test_episode_labelled_on_two_venues_counts_once_as_the_first_alert_on_any_finds_it() -> None:
    row = {"judge": "rules", "tape": "t", "typology": "arbitrage", "symbol": "A", "planned": 4}
    told = [
        {**row, "hit": False, "delay_s": float("nan")}, {**row, "hit": True, "delay_s": 9.0},
        {**row, "hit": True, "delay_s": 3.0}, {**row, "planned": 5, "hit": False, "delay_s": float("nan")},
        {**row, "planned": -1, "hit": False, "delay_s": 1.0}, {**row, "planned": -1, "hit": True, "delay_s": 2.0},
    ]  # fmt: skip
    once = _once(pd.DataFrame(told))
    assert once["planned"].tolist() == [4, 5, -1, -1]
    assert once["delay_s"].tolist()[0] == 3.0


def printed(what: RenderableType) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=80).print(what)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_by_typology_has_recall_precision_and_delay_from_start_and_completion(found: Detected) -> None:
    table = found.by_typology("rules")
    wash = table.loc["wash_trading"]
    assert (wash["episodes"], wash["recall"], wash["alerts"], wash["precision"]) == (1, 1.0, 2, 1.0)
    assert (wash["after_s"], wash["delay_s"]) == (10.0, 70.0)
    assert (table.loc["ramping", "recall"], table.loc["spoofing", "precision"]) == (0.0, 0.0)
    assert table.loc["volume_spike", "precision"] == 1.0


def test_totals_are_of_manipulation_alone(found: Detected) -> None:
    totals = found.totals("rules")
    assert (totals["episodes"], totals["recall"], totals["alerts"]) == (2, 0.5, 3)
    assert totals["precision"] == pytest.approx(2 / 3)
    assert (totals["prompt"], totals["prompt_of_detected"], totals["false_per_symbol_hour"]) == (0.5, 1.0, 0.5)


def test_false_alerts_are_counted_by_what_they_were_raised_on(found: Detected) -> None:
    assert found.false_alerts("rules") == [("spoofing", "background", 1)]


def test_figures_are_json_with_what_was_missed_and_what_was_false(found: Detected) -> None:
    figures = json.loads(json.dumps(found.figures(), allow_nan=False))["judges"]["rules"]
    assert [(one["typology"], one["accounts"]) for one in figures["missed"]] == [("ramping", ["r"])]
    assert [(one["typology"], one["raised_on"]) for one in figures["false"]] == [("spoofing", "background")]
    assert figures["typologies"]["ramping"]["after_s"] is None


def test_tables_fit_80_columns_and_name_what_was_missed(found: Detected) -> None:
    lines = printed(tables_of(found, details=True))
    assert max(map(len, lines)) <= 80
    assert lines[0] == "rules: 2 symbol-hours, 3 episodes planned"
    assert any(line.startswith("  ramping: t0 A 00:16:40-00:26:40 r severity 0.50") for line in lines)
    assert any(line.split() == ["spoofing", "background", "1"] for line in lines)
    longest = found.episodes.assign(typology="excessive_accumulation_others")
    wide = printed(tables_of(Detected(found.judges, 200.0, 3, longest, found.alerts)))
    assert any(line.startswith("excessive_accumulation_others   2 0.50") for line in wide)


def test_not_manipulation_is_planted() -> None:
    assert set(NOT_MANIPULATION) < {*HOURLY, *CASES, *DAILY, *ACROSS}


@pytest.mark.slow
def test_benchmark_of_simulated_tapes_finds_washing(tmp_path: Path) -> None:
    datasets = tapes_of(Wanted(("wash_trading",), episodes=2, severity=(0.9, 1.0), seed=3), tmp_path)
    done: list[tuple[int, int]] = []
    result = benchmark(datasets, Parameters(), None, lambda *step: done.append(step))
    assert done[-1][0] == done[-1][1] == len(done)
    assert result.by_typology("rules").loc["wash_trading", "recall"] == 1.0
    assert result.planned == 2
    assert not (result.alerts["false"] & (result.alerts["raised_on"] == "")).any()
