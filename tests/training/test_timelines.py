from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from features.rows import Rows, blank_rows
from models.parameters import Parameters
from models.rules import build_rules
from training.timelines import frame_of, limits_of, near, timeline

SECOND = 1_000_000_000


@pytest.fixture
def rows() -> Rows:
    rows = blank_rows("fast", 4, bucket_ns=5 * SECOND)
    rows["rise"][:] = [0.01, 0.02, np.nan, 0.04]
    rows["rush_orders"][:] = 1.0
    rows["price_volatility"][:] = [0.0, 0.02, 0.02, 1.0]
    return rows


def test_frame_of_a_span_holds_both_ends_and_leaves_unknown_unknown(rows: Rows) -> None:
    span = (int(rows.end[1]), int(rows.end[2]))
    frame = frame_of(rows, span, ["rise"])
    assert near(rows, span).tolist() == [1, 2]
    assert frame["rise"].tolist() == pytest.approx([0.02, np.nan], nan_ok=True)
    assert frame.index.tolist() == [pd.Timestamp(end, tz="UTC") for end in span]
    assert frame_of(rows, span).shape == (2, len(rows.features))
    assert frame_of(rows, span, ["rise"], entity=7).empty


def test_limits_of_a_rule_follow_the_market(rows: Rows) -> None:
    rule = next(rule for rule in build_rules(Parameters()) if rule.typology == "pump_and_dump")
    limits = limits_of(rule, rows, (int(rows.end[0]), int(rows.end[-1])))
    assert limits["rise"].tolist() == pytest.approx([0.08, 0.12, np.nan, 0.15], nan_ok=True)
    assert limits["rush_orders"].tolist() == [3.0] * 4


def test_timeline_has_a_panel_each_with_limit_and_mark(rows: Rows) -> None:
    span = (int(rows.end[0]), int(rows.end[-1]))
    values = frame_of(rows, span, ["rise", "rush_orders"])
    figure = timeline(values, {"rise": values["rise"] * 2, "rush_orders": 3.0}, {"onset": span[0]}, "t", ["rise"])
    first, second = figure.axes
    assert [len(axes.lines) for axes in (first, second)] == [3, 3]
    assert (first.get_yscale(), second.get_yscale()) == ("log", "linear")
    figure.savefig(io.BytesIO(), format="png")
