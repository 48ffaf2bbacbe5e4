from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.catalogue import COLUMN
from features.rows import Rows, blank_rows, no_episodes
from models.rules.timing_anomaly import Params, TimingAnomaly
from tests.contracts.cases import CASES
from tests.models.told import confidence, episode, rule_of

NAME = "timing_anomaly"


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


def test_timing_anomaly_of_a_clock_fires_clearly_and_names_it() -> None:
    assert confidence(NAME) > 0.8
    found = rule_of(NAME).judge(blank_rows("market", 1), episode(NAME, {}))
    assert found.entity.tolist() == [5]


@pytest.mark.parametrize(
    ("figure", "enough", "short"),
    [("beat_share", 0.6, 0.4), ("digits", 9.0, 7.0), ("arrival_share", 0.6, 0.4), ("one_sided", 0.5, 0.7)],
)
def test_timing_anomaly_of_a_clock_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float
) -> None:
    assert confidence(NAME, **{figure: enough}) >= 0.7
    assert confidence(NAME, **{figure: short}) < 0.7


def test_timing_anomaly_of_a_clock_on_one_side_needs_a_pace_that_nobody_slices_at() -> None:
    assert confidence(NAME, one_sided=1.0, period_s=0.5) > 0.7
    assert confidence(NAME, one_sided=1.0, period_s=30.0) < 0.7


@pytest.mark.parametrize("name", CASES[NAME].look_alikes)
def test_timing_anomaly_is_quiet_on_look_alikes(name: str) -> None:
    assert confidence(NAME, **CASES[NAME].look_alikes[name]) < 0.7


def test_timing_anomaly_of_a_clock_in_a_regular_market_has_both_findings_with_their_own_evidence() -> None:
    rule, rows, clock = rule_of(NAME), window(-0.9), episode(NAME, {})
    found = rule.judge(rows, clock)
    assert (found.row.tolist(), found.entity.tolist(), found.episode.tolist()) == ([0, 0], [-1, 5], [-1, 0])
    of_market, of_clock = (rule.evidence(rows, 0, clock, number) for number in (-1, 0))
    assert {figure.name for figure in of_market} == {"arrival_burstiness", "trade_count"}
    assert {"beat_share", "period_s", "arrival_share"} <= {figure.name for figure in of_clock}
