from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from models.alert import Alert
from training.alerts import Raised
from training.benchmark_calibration import (
    ALL,
    RAISED,
    SEVERITIES,
    TENTH,
    TRAIN,
    USUAL,
    CalibrationBenchmark,
    Claims,
    Size,
    claims_of,
    setup_of,
)
from training.budget import at_budget
from training.calibration_tables import plot_of, tables_of
from training.hits import by_typology, match
from training.markets import MarketTape

MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]
MakeAlert = Callable[..., Alert]


def told(confidence: Sequence[float], truth: Sequence[bool]) -> Claims:
    values = np.array(confidence)
    return Claims(values, values, np.array(truth), np.full(len(values), "spoofing"))


def test_setups_test_on_other_seeds_and_a_tenth_of_the_abuse() -> None:
    size = Size()
    train, tenth = setup_of(TRAIN, size), setup_of(TENTH, size)
    tests = [setup_of(name, size) for name in SEVERITIES]
    assert len({train.seed, tenth.seed, *(setup.seed for setup in tests)}) == 5
    assert [setup.severity for setup in tests] == list(SEVERITIES.values())
    # Episodes come in whole numbers on each tape.
    planted = [round(one.abuse_rate * one.hours * 6) / one.hours for one in (train, tenth)]
    assert planted[1] / planted[0] == pytest.approx(0.1)


def test_claims_leave_out_what_is_not_calibrated(market: MakeMarket, labels: MakeLabels, alert: MakeAlert) -> None:
    alerts = (alert(0, 60, confidence=0.8), alert(900, 960), alert(1800, 1860, calibrated_on="definition"))
    raised = [Raised(market(labels=labels({})), alerts, alerts)]
    claims = claims_of(raised)
    assert claims.truth.tolist() == [True, False]
    assert claims.close.tolist() == [0.8, 0.9]


def test_claims_that_are_exact_show_the_error_of_chance() -> None:
    truth = np.random.default_rng(0).random(2000) < 0.8
    figures = told(np.full(2000, 0.8).tolist(), truth.tolist()).figures()
    assert figures["ece_close"] < 0.03
    assert figures["brier_close"] == pytest.approx(0.16, abs=0.01)


def test_tables_fit_80_columns_and_the_plot_shows_every_alert(
    labels: MakeLabels, alert: MakeAlert, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = told([0.9, 0.8, 0.3, 0.1], [True, True, False, False])
    table = by_typology(match([alert(0, 60)], labels({}, {"typology": "advancing_the_bid"})))
    result = CalibrationBenchmark(
        {(tapes, kind): claims for tapes in (USUAL, TENTH) for kind in (RAISED, ALL)},
        dict.fromkeys(SEVERITIES, table), (at_budget(claims.close, 24.0, 2.0, claims.truth),), {"subtle": 24.0},
    )  # fmt: skip
    Console(width=80).print(tables_of(result))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "…" not in printed
    assert "advancing_the_bid" in printed
    assert plot_of(result).axes
    assert result.figures()["hours"] == {"subtle": 24.0}
