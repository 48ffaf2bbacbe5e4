from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from features.catalogue import MARKET_FEATURES
from features.errors import TapewatchError
from models.parameters import Parameters
from training.benchmark_conformal import ConformalBenchmark, Level, benchmark, levels_of, table_of


def test_level_expected_interval_narrows_with_windows_on_both_sides() -> None:
    few, many = Level("at random", "market", 0.01, 500, 500, 5), Level("at random", "market", 0.01, 20_000, 20_000, 200)
    assert few.rate == many.rate == 0.01
    (low, high), (lower, higher) = many.interval(), few.interval()
    assert lower < low < 0.01 < high < higher


def test_levels_of_exchangeable_windows_hold_and_of_a_changed_market_do_not() -> None:
    values = np.random.default_rng(0).standard_normal((3000, len(MARKET_FEATURES)))
    for level in levels_of("at random", "market", values, 0):
        low, high = level.interval()
        assert low <= level.rate <= high
        assert (level.windows, level.calibrated) == (1230, 1170)
    values[1770:] *= 1.5
    assert all(level.rate > level.interval()[1] for level in levels_of("later tapes", "market", values, 0))


@pytest.mark.slow
def test_benchmark_of_a_small_dataset_counts_windows_that_do_not_overlap(small_dataset: Path) -> None:
    with pytest.raises(TapewatchError, match="needs 50 rows"):
        # 5 tapes of 3 hours and two markets: six windows teach.
        benchmark(small_dataset, Parameters())


def test_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=80).print(table_of(ConformalBenchmark((Level("at random", "market", 0.01, 12_345, 23_456, 250),))))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "+7%" in printed
