"""How a training reads in a terminal."""

from __future__ import annotations

import math

import pandas as pd
from rich.table import Table

from training.evaluate import Evaluation

_COLUMNS = ("episodes", "recall", "alerts", "precision", "f1", "median_delay_s", "accounts_right")


def hits_table(by_typology: pd.DataFrame, title: str) -> Table:
    """Return what alerts were worth, one row a typology (see `hits.by_typology`), within 80 columns."""
    table = Table(title=title, box=None, title_justify="left", pad_edge=False)
    table.add_column("typology")
    for name in ("episodes", "recall", "alerts", "precision", "F1", "delay s", "accounts"):
        table.add_column(name, justify="right")
    for typology, row in by_typology.iterrows():
        table.add_row(str(typology), *(_number(name, float(row[name])) for name in _COLUMNS))
    return table


def trained_table(evaluation: Evaluation) -> Table:
    """Return what the alerts of a trained bundle were worth on held-out tapes, within 80 columns."""
    table = hits_table(evaluation.table, "Alerts on the last tapes, which nothing was learned from")
    m = evaluation.metrics
    table.caption = (
        f"average precision {m.get('average_precision', math.nan):.3f} · ECE at opening "
        f"{m.get('ece_opening', math.nan):.3f}, at close {m.get('ece_close', math.nan):.3f} · "
        f"{m.get('false_manipulation_per_symbol_hour', math.nan):.3f} false manipulation alerts a symbol-hour"
    )
    table.caption_justify = "left"
    return table


def _number(name: str, value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if name in ("episodes", "alerts", "median_delay_s") else f"{value:.2f}"
