from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.volume_spike import Params, VolumeSpike


def window(volumes: list[float], trades: float = 600.0) -> Rows:
    """Return the row of the last bucket of these volumes, by the catalogue's formulas."""
    past, rows = np.array(volumes[:-1]), blank_rows("market", 1)
    values = {
        "volume_ratio": volumes[-1] / past.mean(),
        "robust_volume_ratio": volumes[-1] / np.median(past[past > 0]),
        "volume_volatility": np.std(volumes) / np.mean(volumes),
        "trade_count": trades,
    }
    for name, value in values.items():
        rows.values[0, COLUMN[name]] = value
    return rows


def score(volumes: list[float], trades: float = 600.0, params: Params | None = None) -> float:
    found = VolumeSpike(params or Params()).judge(window(volumes, trades), no_episodes())
    return float(found.score.sum())


STEADY = [90.0, 110.0] * 29 + [100.0]


def test_volume_spike_at_the_multiplier_scores_the_threshold() -> None:
    assert score([*STEADY, 300.0]) == pytest.approx(0.7)


def test_volume_spike_grows_with_the_multiple() -> None:
    scores = [score([*STEADY, 100.0 * times]) for times in (1.0, 2.0, 3.0, 5.0, 20.0)]
    assert scores == sorted(scores)
    assert scores[-1] > 0.9


def test_volume_spike_in_a_market_with_empty_buckets_is_quiet() -> None:
    assert score([0.0, 0.0, 100.0] * 19 + [0.0, 0.0, 140.0]) < 0.7


def test_volume_spike_in_a_market_of_lumps_is_quiet() -> None:
    lumps = np.random.default_rng(3).lognormal(0.0, 1.5, 59)
    assert score([*lumps.tolist(), 3.5 * float(lumps.mean())]) < 0.7


def test_volume_spike_below_the_minimum_of_trades_is_quiet() -> None:
    assert score([*STEADY, 900.0], trades=59.0) == 0.0
    assert score([*STEADY, 900.0], trades=60.0) > 0.7


def test_volume_spike_in_a_summary_of_few_buckets_needs_only_the_multiple() -> None:
    rows = blank_rows("market", 1)
    rows.values[0, COLUMN["volume_ratio"]] = 6.0
    assert VolumeSpike().judge_summary(rows).score.tolist() == pytest.approx([0.85])


def spike(**features: float) -> float:
    rows = window([*STEADY, 900.0])
    for name, value in features.items():
        rows.values[0, COLUMN[name]] = value
    return float(VolumeSpike().judge(rows, no_episodes()).score.sum())


def test_volume_spike_of_one_bucket_only_is_quiet() -> None:
    assert spike(lasting_volume_ratio=3.0, count_deviation=8.0) > 0.7
    assert spike(lasting_volume_ratio=1.1, count_deviation=8.0) < 0.7


def test_volume_spike_of_few_large_orders_is_quiet() -> None:
    assert spike(lasting_volume_ratio=3.0, count_deviation=1.0) < 0.7
