"""How a training reads in a terminal."""

from __future__ import annotations

import math

import pandas as pd
from rich.table import Table

from training.evaluate import Evaluation
from training.hits import TABLE_COLUMNS

_HEADINGS = {"f1": "F1", "median_delay_s": "delay s", "accounts_right": "accounts"}
_WIDTH = 78
_WHOLE = ("episodes", "alerts", "median_delay_s")


def hits_table(by_typology: pd.DataFrame, title: str) -> Table:
    """Return what alerts were worth, one row a typology (see `hits.by_typology`), within 80 columns."""
    table = Table(title=title, box=None, title_justify="left", caption_justify="left", pad_edge=False)
    table.collapse_padding, table.min_width = True, _WIDTH
    table.add_column("typology", no_wrap=True)
    for name in TABLE_COLUMNS:
        table.add_column(_HEADINGS.get(name, name), justify="right")
    for typology, row in by_typology.iterrows():
        table.add_row(str(typology), *(_number(name, float(row[name])) for name in TABLE_COLUMNS))
    return table


def trained_table(evaluation: Evaluation) -> Table:
    """Return what the alerts of a trained bundle were worth on held-out tapes, within 80 columns."""
    table = hits_table(evaluation.table, "Alerts on the last tapes, which nothing was learned from")
    names = ("average_precision", "false_manipulation_per_symbol_hour", "ece_opening", "ece_close", "ece_by_chance")
    precision, false, opening, close, chance = (evaluation.metrics.get(name, math.nan) for name in names)
    table.caption = (
        f"average precision {precision:.3f} · {false:.3f} false manipulation alerts a symbol-hour\n"
        f"calibration error {opening:.3f} opening, {close:.3f} close, {chance:.3f} by chance "
        f"({len(evaluation.truth)} alerts)"
    )
    return table


def _number(name: str, value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if name in _WHOLE else f"{value:.2f}"
