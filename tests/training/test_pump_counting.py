from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from training.pump_counting import Alarms, Count, Pumps, best_threshold, curve, interval, together

S = 1_000_000_000
DAY, HOUR = 86_400 * S, 3_600 * S
QUIET = 300 * S


@dataclass(frozen=True)
class Tape:
    tape: str
    venue: str
    symbol: str
    start: int
    end: int


def pumps_of(*tapes: Tape, onset: list[int], known: list[tuple[str, int]] | None = None) -> Pumps:
    return Pumps(tapes, np.array(onset), pd.DataFrame(known or [], columns=["symbol", "time_ns"]))  # type: ignore[arg-type]


ONE = Tape("one", "binance", "A/BTC", 0, 2 * DAY)


def counted(*end: int, onset: int = DAY, known: list[tuple[str, int]] | None = None) -> Alarms:
    times = np.array(end)
    count = Count.of(pumps_of(ONE, onset=[onset], known=known), [0], np.zeros(len(times), np.int64), times)
    return count.alarms(np.ones(len(times), dtype=bool), QUIET)


@pytest.mark.parametrize(
    ("late_s", "caught"), [(-60, False), (-59, True), (0, True), (5, True), (120, True), (121, False)]
)
def test_alarms_at_the_borders_of_the_hit_window_catch_or_miss(late_s: int, *, caught: bool) -> None:
    found = counted(DAY + late_s * S)
    assert found.caught.tolist() == [caught]
    assert found.false == 0
    assert found.delay_s[0] == pytest.approx(late_s) if caught else np.isnan(found.delay_s[0])


@pytest.mark.parametrize(("away", "false"), [(HOUR, 0), (HOUR + 1, 1), (-HOUR, 0), (-HOUR - 1, 1)])
def test_alarms_more_than_an_hour_from_the_pump_are_false(away: int, false: int) -> None:
    assert counted(DAY + away).false == false


def test_alarms_near_another_known_pump_of_the_coin_only_are_not_false() -> None:
    assert counted(5 * HOUR, known=[("A/BTC", 5 * HOUR + 60 * S)]).false == 0
    assert counted(5 * HOUR, known=[("B/BTC", 5 * HOUR)]).false == 1


def test_alarms_opened_before_the_window_swallow_the_pump() -> None:
    grows = counted(*(DAY + late * S for late in (-200, -50, 60)))
    assert grows.caught.tolist() == [False]
    reopens = counted(*(DAY + late * S for late in (-400, -50, 60)))
    assert reopens.delay_s.tolist() == [-50.0]


@pytest.mark.parametrize(("gap", "false"), [(QUIET, 1), (QUIET + 1, 2)])
def test_alarms_after_quiet_open_anew(gap: int, false: int) -> None:
    assert counted(HOUR, HOUR + gap).false == false


def test_count_overlapping_tapes_of_a_coin_count_each_day_and_alert_once() -> None:
    later = Tape("later", "binance", "A/BTC", DAY, 4 * DAY)
    pumps = pumps_of(ONE, later, onset=[12 * HOUR, 3 * DAY])
    market, end = np.array([0, 1, 1]), np.array([DAY + 5 * HOUR, DAY + 5 * HOUR, 2 * DAY + 5 * HOUR])
    both = Count.of(pumps, [0, 1], market, end)
    found = both.alarms(np.ones(3, dtype=bool), QUIET)
    assert (found.coin_days, found.false, found.false_rate) == (4.0, 2, 0.5)
    alone = Count.of(pumps, [1], market, end).alarms(np.ones(3, dtype=bool), QUIET)
    assert (alone.coin_days, alone.false) == (3.0, 2)


def test_spans_of_different_coins_do_not_cover_each_other() -> None:
    other = Tape("other", "binance", "B/BTC", DAY, 3 * DAY)
    assert pumps_of(ONE, other, onset=[DAY, 2 * DAY]).spans([0, 1]) == {0: (0, 2 * DAY), 1: (DAY, 3 * DAY)}


def test_spans_of_a_tape_within_an_earlier_one_are_empty() -> None:
    inner = Tape("inner", "binance", "A/BTC", HOUR, DAY)
    assert pumps_of(ONE, inner, onset=[DAY, DAY]).spans([0, 1])[1] == (DAY, DAY)


def scored() -> tuple[Count, np.ndarray]:
    # A pump at .9, false alerts at .8, .7 and .6 over two days.
    end = np.array([2 * HOUR, 5 * HOUR, 8 * HOUR, DAY + 5 * S])
    return Count.of(pumps_of(ONE, onset=[DAY]), [0], np.zeros(4, np.int64), end), np.array([0.6, 0.8, 0.7, 0.9])


@pytest.mark.parametrize(("target", "threshold", "false"), [(0.0, 0.9, 0), (0.5, 0.8, 1), (1.4, 0.7, 2), (9.0, 0.6, 3)])
def test_best_threshold_is_the_lowest_that_costs_no_more(target: float, threshold: float, false: int) -> None:
    count, score = scored()
    chosen, found = best_threshold(count, score, target, QUIET)
    assert (chosen, found.false, found.recall) == (threshold, false, 1.0)


def test_best_threshold_without_any_that_is_quiet_enough_alerts_never() -> None:
    count, score = scored()
    chosen, found = best_threshold(count, -score, 0.0, QUIET)
    assert (chosen, found.recall, found.false) == (float("inf"), 0.0, 0)


def test_curve_goes_from_the_strictest_threshold_to_the_highest_rate() -> None:
    count, score = scored()
    rate, recall = curve(count, score, QUIET, 1.0)
    assert (rate.tolist(), recall.tolist()) == ([0.0, 0.5, 1.0], [1.0, 1.0, 1.0])


def test_together_adds_alerts_and_days_of_folds() -> None:
    one = Alarms(np.array([0]), np.array([True]), np.array([5.0]), 1, 2.0)
    two = Alarms(np.array([1]), np.array([False]), np.array([np.nan]), 2, 4.0)
    figures = together([one, two]).figures()
    assert figures["recall"] == 0.5
    assert figures["false_per_coin_day"] == 0.5
    assert figures["median_delay_s"] == 5.0


def test_figures_without_a_catch_have_no_delay() -> None:
    assert np.isnan(Alarms(np.array([0]), np.array([False]), np.array([np.nan]), 0, 1.0).figures()["median_delay_s"])


def test_interval_holds_the_mean_and_repeats_itself() -> None:
    values = np.array([1.0] * 8 + [0.0] * 2)
    low, high = interval(values)
    assert low < 0.8 < high
    assert interval(values) == (low, high)
