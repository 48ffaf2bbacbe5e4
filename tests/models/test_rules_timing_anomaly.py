from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.timing_anomaly import Params, TimingAnomaly


def window(burstiness: float, deviation: float = np.nan, trades: float = 60.0) -> Rows:
    rows = blank_rows("market", 1)
    values = {"arrival_burstiness": burstiness, "burstiness_deviation": deviation, "trade_count": trades}
    for name, value in values.items():
        rows.values[0, COLUMN[name]] = value
    return rows


def score(rows: Rows) -> float:
    return float(TimingAnomaly(Params()).judge(rows, no_episodes()).score.sum())


def of(gaps: NDArray[np.float64]) -> float:
    return float((gaps.std() - gaps.mean()) / (gaps.std() + gaps.mean()))


def test_timing_anomaly_at_the_threshold_scores_it() -> None:
    assert score(window(-0.6)) == pytest.approx(0.7)


def test_timing_anomaly_of_a_metronome_with_a_tenth_of_jitter_fires() -> None:
    gaps = np.random.default_rng(1).normal(10.0, 1.0, 60)
    assert score(window(of(gaps))) > 0.85


def test_timing_anomaly_of_poisson_arrivals_is_quiet() -> None:
    rng = np.random.default_rng(2)
    assert max(score(window(of(rng.exponential(size=30)))) for _ in range(500)) < 0.7


def test_timing_anomaly_of_a_twap_among_other_traders_is_quiet() -> None:
    others = np.random.default_rng(4).uniform(0.0, 3600.0, 120)
    arrivals = np.sort(np.concatenate([others, np.arange(0.0, 3600.0, 60.0)]))
    assert score(window(of(np.diff(arrivals)), trades=180.0)) < 0.7


def test_timing_anomaly_of_a_bursty_market_counts_only_against_its_habit() -> None:
    assert score(window(0.8, deviation=1.0)) < 0.7
    assert score(window(0.8, deviation=5.0)) == pytest.approx(0.7)


def test_timing_anomaly_of_unusual_but_ordinary_arrivals_is_quiet() -> None:
    assert score(window(0.05, deviation=9.0)) < 0.7


def test_timing_anomaly_of_few_trades_is_quiet() -> None:
    assert score(window(-0.95, trades=29.0)) == 0.0
