from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.catalogue import COLUMN
from features.fold import Folded
from features.rows import Rows, blank_rows
from features.time_units import DAY_NS
from training.pump_counting import Pumps, Scored
from training.pump_rows import BIN_NS, bins_of, row_precision

S = 1_000_000_000
ANNOUNCED = 100 * DAY_NS


@dataclass(frozen=True)
class Tape:
    tape: str
    folded: Folded


class RiseForest:
    """Stands in for the forest: the rise is the suspicion."""

    def suspicion(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[:, COLUMN["rise"]]


def rows_at(*ends: int) -> Rows:
    rows = blank_rows("fast", len(ends))
    rows.end[:], rows.start[:] = ends, np.array(ends) - 5 * S
    rows.values[:, COLUMN["recent_trades"]] = 1.0
    rows.values[:, COLUMN["rise"]] = np.linspace(0.1, 0.9, len(ends))
    return rows


def bins(*ends: int, score: dict[int, float] | None = None) -> pd.DataFrame:
    rows = rows_at(*ends)
    pumps = Pumps((Tape("one", Folded(rows, rows, {})),), np.array([ANNOUNCED]), pd.DataFrame())  # type: ignore[arg-type]
    times = pd.DataFrame({"announced": [ANNOUNCED], "onset_25s": [ANNOUNCED]}, index=["one"])
    told = score or {}
    scored = Scored(np.zeros(len(told), np.int64), np.array(list(told), np.int64), np.array(list(told.values())))
    return bins_of(pumps, [0], {"ours": scored}, RiseForest(), times)  # type: ignore[arg-type]


def test_bins_of_five_buckets_of_the_onset_are_one_positive() -> None:
    ends = [ANNOUNCED + k * 5 * S for k in range(1, 7)]
    found = bins(*ends, score={ends[1]: 0.9, ends[3]: 0.8})
    assert found["bin"].tolist() == [ANNOUNCED // BIN_NS, ANNOUNCED // BIN_NS + 1]
    assert found["positive"].tolist() == [True, False]
    assert found["ours"].tolist() == [0.8, 0.0]
    assert found["isolation_forest"].tolist() == pytest.approx([0.74, 0.9])


def test_bins_of_rows_more_than_a_day_from_the_announcement_are_left_out() -> None:
    found = bins(ANNOUNCED - DAY_NS - 1, ANNOUNCED - DAY_NS, ANNOUNCED + DAY_NS, ANNOUNCED + DAY_NS + 1)
    assert len(found) == 2


def frame(score: list[float], positive: int, bin_: list[int] | None = None) -> pd.DataFrame:
    n = len(score)
    return pd.DataFrame({"number": [0] * n, "bin": bin_ or list(range(n)), "positive": np.arange(n) == positive,
                         "ours": score})  # fmt: skip


def test_row_precision_a_detector_that_stays_high_is_worse_raw_than_as_onset() -> None:
    found = row_precision(frame([0.0, 0.9, 0.92, 0.92], positive=1), "ours")
    assert found.raw == pytest.approx((1 / 3,) * 3)
    assert found.onset == (1.0, 1.0, 1.0)


def test_row_precision_half_an_hour_after_an_alarm_the_next_counts_fully_again() -> None:
    near = row_precision(frame([0.9, 0.91, 0.85], positive=1, bin_=[0, 72, 500]), "ours")
    far = row_precision(frame([0.9, 0.91, 0.85], positive=1, bin_=[0, 73, 500]), "ours")
    assert near.onset[0] == pytest.approx(1 / 3)
    assert far.onset[0] == 1.0


def test_row_precision_interval_holds_the_figure_and_narrows_where_pumps_are_alike() -> None:
    parts = [frame([0.1, 0.9, 0.2 + 0.09 * (k % 9)], positive=1).assign(number=k) for k in range(12)]
    figure, low, high = row_precision(pd.concat(parts, ignore_index=True), "ours").raw
    assert low <= figure <= high
    assert high - low < 0.2


def test_row_precision_another_tape_before_does_not_count() -> None:
    two = frame([0.9, 0.91], positive=1)
    two["number"] = [0, 1]
    assert row_precision(two, "ours").onset[0] == 1.0
