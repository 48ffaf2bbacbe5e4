from __future__ import annotations

import io

import numpy as np
import pandas as pd
from rich.console import Console

from models.parameters import TYPOLOGIES
from training.evaluate import Evaluation
from training.hits import TABLE_COLUMNS
from training.report import hits_table, trained_table

LONGEST = {"episodes": 9999, "recall": 0.994, "alerts": 9999, "precision": 0.5, "f1": 1, "median_delay_s": 99999.4}
NAMES = [name for name in TYPOLOGIES if not name.startswith("excessive")]


def figures() -> pd.DataFrame:
    table = pd.DataFrame([LONGEST] * len(NAMES), index=NAMES, columns=list(TABLE_COLUMNS))
    table.index.name = "typology"
    return table


def printed(table: object) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=80).print(table)
    return out.getvalue().splitlines()


def test_hits_table_in_80_columns_shows_every_name_and_figure_whole() -> None:
    lines = printed(hits_table(figures(), "Alerts"))
    assert len(lines) == 2 + len(NAMES)
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[0] for line in lines[2:]] == NAMES
    assert lines[2].split()[1:] == ["9999", "0.99", "9999", "0.50", "1.00", "99999", "-"]


def test_hits_table_nothing_to_tell_is_a_heading() -> None:
    assert len(printed(hits_table(figures()[:0], "Alerts"))) == 2


def test_trained_table_says_how_sure_the_alerts_may_be_within_80_columns() -> None:
    metrics = {"average_precision": 0.9123, "ece_opening": 0.1, "false_manipulation_per_symbol_hour": 0.0}
    nothing = np.empty(0)
    lines = printed(trained_table(Evaluation(figures(), metrics, nothing, nothing > 0, nothing.astype(str), figures())))
    assert lines[-2].rstrip() == "average precision 0.912 · 0.000 false manipulation alerts a symbol-hour"
    assert lines[-1].rstrip() == "calibration error 0.100 opening, nan close, nan by chance (0 alerts)"
