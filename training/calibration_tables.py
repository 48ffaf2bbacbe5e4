"""The calibration benchmark as tables of 80 columns and as a plot."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from rich.console import Group
from rich.table import Table
from rich.text import Text

from training.benchmark_calibration import ALL, SEVERITIES, CalibrationBenchmark
from training.plots import reliability


def tables_of(result: CalibrationBenchmark) -> Group:
    """Return what came of the benchmark."""
    return Group(
        Text("Confidence against truth (ECE, 10 bins of equal mass; in brackets what exact claims show by chance)"),
        _claims_table(result),
        Text("\nThe most confident alerts of a day"),
        _budget_table(result),
        Text("\nPrecision, recall and F1 by severity, alerts that people see"),
        severity_table(result),
    )


def _claims_table(result: CalibrationBenchmark) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("abuse, alerts", "n", "true", "claimed", "ECE opening", "ECE close", "Brier"):
        table.add_column(name, justify="left" if name == "abuse, alerts" else "right", no_wrap=True)
    for (tapes, kind), claims in result.claims.items():
        f = claims.figures()
        table.add_row(
            f"{tapes}, {kind}", f"{f['alerts']:.0f}", _cell(f["true"], 3), _cell(f["claimed"], 3),
            *(f"{_cell(f[name], 3)} ({_cell(f[f'{name}_by_chance'], 3)})" for name in ("ece_opening", "ece_close")),
            _cell(f["brier_close"], 3),
        )  # fmt: skip
    return table


def _budget_table(result: CalibrationBenchmark) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("alerts a day", "alerts", "from confidence", "expected true", "true"):
        table.add_column(name, justify="right", no_wrap=True)
    for budget in result.budgets:
        table.add_row(
            f"{budget.per_day:g}", str(budget.alerts),
            *(_cell(value, 3) for value in (budget.threshold, budget.expected_precision, budget.precision)),
        )  # fmt: skip
    return table


def severity_table(result: CalibrationBenchmark) -> Table:
    """Return a row a typology, with precision, recall and F1 at each severity, and the number of episodes."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("\ntypology", no_wrap=True)
    for severity in SEVERITIES:
        for name in (f"{severity}\nP", "\nR", "\nF1"):
            table.add_column(name, justify="right", no_wrap=True)
    table.add_column("\nn", justify="right", no_wrap=True)
    names = sorted({str(name) for found in result.by_severity.values() for name in found.index})
    for name in names:
        rows = [found.to_dict("index").get(name, {}) for found in result.by_severity.values()]
        cells = [_cell(row.get(column, np.nan)) for row in rows for column in ("precision", "recall", "f1")]
        table.add_row(name, *cells, str(sum(int(row.get("episodes", 0)) for row in rows)))
    return table


def _cell(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def plot_of(result: CalibrationBenchmark) -> Figure:
    """Return the reliability of all alerts at training prevalence and at a tenth of it."""
    claims = [claims for (_, kind), claims in result.claims.items() if kind == ALL]
    return reliability(np.concatenate([c.truth for c in claims]), np.concatenate([c.close for c in claims]))
