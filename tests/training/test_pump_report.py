from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from training.benchmark_pumps import (
    BOTH,
    CLOCK_RULE,
    EARLIER,
    OURS,
    PLAIN_RULE,
    RULE,
    SHORT,
    SIMULATED,
    SWEPT,
    Curve,
    Line,
    PumpBenchmark,
)
from training.pump_counting import Alarms
from training.pump_report import plot_of, table_of
from training.pump_rows import RowPrecision

PRECISION = ("classifier", "isolation_forest", "combined", "classifier, simulated only", "classifier, simulated + real")


def alarms(caught: int, false: int) -> Alarms:
    hit = np.arange(10) < caught
    return Alarms(np.arange(10), hit, np.where(hit, 5.0, np.nan), false, 100.0)


def result() -> PumpBenchmark:
    gains = {RULE: (0.1123, 0.0456, 0.1789), CLOCK_RULE: (0.0123, -0.0456, 0.0789)}
    lines = [
        Line(name, threshold, target, alarms(8, 3), gains if name == OURS else {})
        for threshold in (EARLIER, SWEPT)
        for target in (0.03, 0.06)
        for name in (OURS, RULE, CLOCK_RULE, PLAIN_RULE, SHORT, SIMULATED, BOTH)
    ]
    precision = {name: RowPrecision((0.3, 0.2, 0.4), (0.8, 0.7, 0.9)) for name in PRECISION}
    curves = tuple(Curve(name, np.array([0.0, 0.05]), np.array([0.6, 0.8])) for name in (OURS, RULE, CLOCK_RULE))
    return PumpBenchmark(10, 100.0, tuple(lines), precision, ("ADX_2019-07-05_17.00",) * 9, curves)


def test_table_of_fits_80_columns_and_cuts_nothing() -> None:
    console = Console(width=80, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - the console's own
    console.print(table_of(result()))
    text = console.export_text()
    console.file.close()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for said in (
        "0.800 [0.60, 1.00]",
        "0.030",
        "+0.012 [-0.05, +0.08]",
        "+0.112 [+0.05, +0.18]",
        "0.804",
        "0.454",
        "ADX_2019-07-05_17.00",
    ):
        assert said in text


def test_plot_of_shows_a_curve_a_detector_and_a_point_a_choice() -> None:
    (axes,) = plot_of(result()).axes
    legend = axes.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {OURS, RULE, CLOCK_RULE, PLAIN_RULE, SIMULATED, BOTH}
    assert len(axes.containers) == 12


def test_figures_are_plain_json() -> None:
    figures = result().figures()
    assert figures["pumps"] == 10
    assert figures["average_precision_25s"]["published"] == {"classifier": 0.804, "isolation_forest": 0.454}  # type: ignore[index]
