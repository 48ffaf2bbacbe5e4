"""Stylised facts: estimators on series with known answers, taker orders and minutes, the table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from features.errors import TapeError
from features.readers import read_tape
from features.time_units import MINUTE_NS
from training.facts import FACTS, Market, compare, markets_at, markets_of, measure, table_of
from training.facts.market import Takers, gaps_s
from training.facts.returns import spaced_changes
from training.facts.sources import ALTCOINS
from training.facts.statistics import (
    autocorrelation,
    branching,
    decay,
    excess_kurtosis,
    hill,
    weibull_shape,
    weighted_median,
)
from training.facts.trades import impact_exponent, one_digit_share

PUMPS = Path(__file__).parents[3] / "shared" / "data" / "pumps"
SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND


# ------------------------------------------------------------------------------------------------------- statistics


@pytest.mark.parametrize("exponent", [1.5, 3.0])
def test_hill_of_a_pareto_sample_is_the_exponent_it_was_drawn_with(exponent: float) -> None:
    sample = np.random.default_rng(0).pareto(exponent, 100_000) + 1.0
    assert hill(sample) == pytest.approx(exponent, rel=0.05)


@given(st.floats(1e-6, 1e6))
def test_hill_does_not_depend_on_the_unit(unit: float) -> None:
    sample = np.random.default_rng(0).pareto(2.0, 500) + 1.0
    assert hill(unit * sample) == pytest.approx(hill(sample))


@pytest.mark.parametrize("shape", [0.4, 1.0, 2.5])
def test_weibull_shape_of_a_weibull_sample_is_its_shape(shape: float) -> None:
    sample = 7.0 * np.random.default_rng(0).weibull(shape, 50_000)
    assert weibull_shape(sample) == pytest.approx(shape, rel=0.02)


@pytest.mark.parametrize("others", [0, 3, 15])
def test_branching_of_arrivals_that_each_bring_others_is_one_less_the_root_of_their_share(others: int) -> None:
    parents = np.random.default_rng(0).poisson(3.0, 50_000)
    assert branching(np.asarray(parents * (others + 1.0), dtype=np.float64)) == pytest.approx(
        1 - 1 / math.sqrt(others + 1), abs=0.02
    )


@pytest.mark.parametrize("lag", [1, 3])
def test_autocorrelation_of_an_autoregression_is_its_power(lag: int) -> None:
    noise = np.random.default_rng(0).standard_normal(100_000)
    series = np.empty_like(noise)
    series[0] = noise[0]
    for i in range(1, len(noise)):
        series[i] = 0.8 * series[i - 1] + noise[i]
    assert autocorrelation(series, lag) == pytest.approx(0.8**lag, abs=0.02)


def test_autocorrelation_with_unknown_values_leaves_their_pairs_out() -> None:
    series = np.tile([1.0, -1.0], 200)
    series[100] = np.nan
    assert autocorrelation(series, 1) == pytest.approx(-1.0)


def test_decay_of_runs_of_power_law_length_is_their_exponent_less_one() -> None:
    # Lillo, Mike & Farmer 2005: orders cut into pieces, P(length > x) ~ x^-1.5, make signs whose memory is x^-0.5.
    rng = np.random.default_rng(1)
    lengths = np.ceil(rng.pareto(1.5, 300_000) + 1e-9).astype(int)
    signs = np.repeat(rng.choice([-1.0, 1.0], len(lengths)), lengths)[:1_000_000]
    assert decay(signs, (1, 2, 4, 8, 16, 32, 64, 128)) == pytest.approx(0.5, abs=0.12)


def test_excess_kurtosis_is_0_of_a_normal_and_3_of_a_laplace_sample() -> None:
    rng = np.random.default_rng(0)
    assert excess_kurtosis(rng.standard_normal(200_000)) == pytest.approx(0.0, abs=0.05)
    assert excess_kurtosis(rng.laplace(size=200_000)) == pytest.approx(3.0, abs=0.3)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 9)), min_size=1, max_size=40))
def test_weighted_median_is_the_lower_median_of_repeated_values(pairs: list[tuple[int, int]]) -> None:
    repeated = sorted(value for value, weight in pairs for _ in range(weight))
    values, weights = (np.array(column, float) for column in zip(*pairs, strict=True))
    assert weighted_median(values, weights) == repeated[(len(repeated) - 1) // 2]


@pytest.mark.parametrize("function", [hill, weibull_shape, branching, excess_kurtosis])
def test_statistics_of_a_small_sample_are_unknown(function: Any) -> None:
    assert math.isnan(function(np.arange(1.0, 20.0)))


def test_one_digit_share_of_sizes_is_told_in_any_unit() -> None:
    sizes = np.tile([20.0, 25.0, 300.0, 41.0], 50)
    assert one_digit_share(sizes) == one_digit_share(sizes / 1000.0) == pytest.approx(0.5)


def test_impact_exponent_of_root_impact_is_a_half() -> None:
    # The middle moves by 1e-4 sqrt(value) with each order; trades stand a fixed half spread off it.
    rng = np.random.default_rng(0)
    n = 50_000
    side, value = rng.choice([-1, 1], n).astype(np.int8), rng.pareto(3.0, n) + 0.1
    after = np.cumsum(side * 1e-4 * np.sqrt(value))
    price = np.exp(after + side * 1e-5)
    takers = Takers(np.arange(n), side, price, price, value, value, np.ones(n, np.int64))
    assert impact_exponent(takers) == pytest.approx(0.5, abs=0.1)


# ------------------------------------------------------------------------------------------------------------ market


def trades_frame(time_s: Any, price: Any, side: Any = "buy", quantity: Any = 1.0) -> pd.DataFrame:
    time = pd.to_datetime(START + np.rint(np.asarray(time_s) * 1e9).astype(np.int64), utc=True)
    return pd.DataFrame({"timestamp": time, "symbol": "A/B", "price": price, "quantity": quantity, "aggressor": side})


def market_of(frame: pd.DataFrame, folder: Path, left_out: list[tuple[int, int]] | None = None) -> Market:
    frame.to_parquet(folder / "t.parquet")
    return next(markets_of(read_tape(folder / "t.parquet"), {"A/B": left_out or []}))


def test_takers_without_ids_are_runs_of_one_time_and_side(tmp_path: Path) -> None:
    frame = trades_frame(
        [0, 0, 0, 1, 1], [10.0, 11, 11, 12, 13], ["buy", "buy", "sell", "sell", "sell"], [1, 2, 3, 4, 5]
    )
    takers = market_of(frame, tmp_path).takers
    assert takers.fills.tolist() == [2, 1, 2]
    assert takers.side.tolist() == [1, -1, -1]
    np.testing.assert_allclose(takers.quantity, [3, 3, 9])
    np.testing.assert_allclose(takers.value, [32, 33, 113])
    np.testing.assert_allclose([takers.first, takers.last], [[10, 11, 12], [11, 11, 13]])


def test_takers_with_ids_are_the_orders_they_name(tmp_path: Path) -> None:
    frame = trades_frame([0, 0, 0.5, 0.5], [10.0, 10, 10, 10])
    frame["buy_order_id"], frame["sell_order_id"] = ["x", "y", "y", "z"], ["p", "q", "r", "s"]
    assert market_of(frame, tmp_path).takers.fills.tolist() == [1, 2, 1]


def test_minutes_near_what_is_left_out_do_not_count(tmp_path: Path) -> None:
    frame = trades_frame(np.arange(0, 600, 30.0), np.arange(20) + 100.0)
    span = (START + 3 * MINUTE_NS, START + 6 * MINUTE_NS - 1)
    market = market_of(frame, tmp_path, [span])
    assert np.flatnonzero(~market.minutes.counted).tolist() == [3, 4, 5]
    assert np.isnan(market.minutes.takers[3:6]).all()
    assert np.nansum(market.minutes.takers) == len(market.takers)
    assert gaps_s(market).max() == pytest.approx(30.0)


def test_minutes_of_a_long_silence_do_not_count(tmp_path: Path) -> None:
    frame = trades_frame([0, 30, 8 * 3600, 8 * 3600 + 60], [1.0, 2, 3, 4])
    minutes = market_of(frame, tmp_path).minutes
    assert np.flatnonzero(minutes.counted).tolist() == [0, 481]


def test_spaced_changes_add_up_and_skip_what_does_not_count(tmp_path: Path) -> None:
    price = np.exp(np.random.default_rng(0).normal(0, 0.01, 40).cumsum())
    frame = trades_frame(60.0 * np.arange(40), price)
    market = market_of(frame, tmp_path, [(START + 25 * MINUTE_NS, START + 26 * MINUTE_NS)])
    # The first span begins before anything was known, the third holds the minutes that are left out.
    np.testing.assert_allclose(spaced_changes(market, 10), np.log(price[[19, 39]] / price[[9, 29]]), rtol=1e-6)


# ------------------------------------------------------------------------------------------------------------- facts


def test_measure_of_hardly_any_trades_knows_every_fact_as_unknown(tmp_path: Path) -> None:
    found = measure(market_of(trades_frame([0, 1, 2], [1.0, 2, 3]), tmp_path))
    told = {fact.name for fact in FACTS}
    assert set(found) >= told
    assert {name for name in told if not math.isnan(found[name])} <= {"takers_per_minute"}


def test_facts_have_bands_sources_and_titles_that_fit() -> None:
    assert len({fact.name for fact in FACTS}) == len(FACTS)
    for fact in FACTS:
        assert fact.low < fact.high
        assert len(fact.title) <= 26
        assert bool(fact.sources) == bool(fact.covers) == (fact.low > -math.inf) == (fact.high < math.inf)


@pytest.mark.parametrize(("value", "verdict"), [(0.0, "below"), (1.5, "inside"), (9.0, "above"), (math.nan, "unknown")])
def test_verdict_of_a_value_tells_where_it_lies(value: float, verdict: str) -> None:
    assert next(fact for fact in FACTS if fact.name == "size_tail").verdict(value) == verdict


def noise_tape(folder: Path, hours: float = 6.0, seed: int = 0) -> Path:
    """Write a tape of chance: Poisson trades of one size about a normal random walk, with orders that never fill."""
    rng = np.random.default_rng(seed)
    n = int(hours * 3600 / 5)
    time = np.sort(rng.uniform(0, hours * 3600, n))
    price = np.round(100 * np.exp(rng.normal(0, 1e-4, n).cumsum()), 2)
    folder.mkdir()
    trades_frame(time, price, rng.choice(["buy", "sell"], n)).to_parquet(folder / "trades.parquet")
    orders = trades_frame(time, np.round(price * 0.99, 2)).drop(columns="aggressor")
    orders = orders.assign(order_id=[f"o{i}" for i in range(n)], event="new", side="buy", account_id="a")
    orders.to_parquet(folder / "orders.parquet")
    return folder


def test_compare_of_a_tape_of_chance_finds_no_clusters_and_no_memory(tmp_path: Path) -> None:
    found = compare(noise_tape(tmp_path / "noise"))
    values = found["simulated"].astype(float)
    assert values["gap_shape"] == pytest.approx(1.0, abs=0.05)
    assert values["sign_memory_1"] == pytest.approx(0.0, abs=0.05)
    assert found.loc["gap_shape", "verdict"] == "above"
    assert found.loc["sign_memory_1", "verdict"] == "below"
    assert found.loc["branching", "verdict"] == "below"
    assert found.loc["spread_bps", "verdict"] == "unknown"
    assert found["real"].isna().all()


def shown(found: pd.DataFrame) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table_of(found))
    return capture.get()


def test_table_of_facts_fits_80_columns_and_names_every_fact(tmp_path: Path) -> None:
    found = compare(noise_tape(tmp_path / "noise"), noise_tape(tmp_path / "other", seed=1))
    text = shown(found)
    assert all(fact.title in text for fact in FACTS)
    assert "…\n" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "Cont 2001" in text


def test_table_of_markets_of_unlike_activity_says_so(tmp_path: Path) -> None:
    found = compare(noise_tape(tmp_path / "noise"))
    assert "taker orders a minute, the real" not in shown(found)
    found["real"] = found["simulated"] / 10.0
    assert "have 12 taker orders a minute, the real ones 1.2" in shown(found)


def test_compare_without_a_trade_says_so(tmp_path: Path) -> None:
    noise_tape(tmp_path / "noise")
    (tmp_path / "noise" / "trades.parquet").unlink()
    with pytest.raises(TapeError, match="must hold trades"):
        compare(tmp_path / "noise")


@pytest.fixture(scope="module")
def pumps() -> Path:
    if not PUMPS.is_dir():
        pytest.skip("the recorded pump tapes are not beside the repository (../shared/data/pumps)")
    return PUMPS


def test_markets_at_real_tapes_leave_the_hours_around_known_pumps_out(pumps: Path) -> None:
    market = next(markets_at(pumps / "tapes" / "ADX_2019-07-26_17.59.parquet"))
    onset = np.array([pd.Timestamp("2019-07-26T17:59Z").value])
    assert market.is_left_out(onset + np.array([-50, 0, 50]) * MINUTE_NS).all()
    assert not market.is_left_out(onset + np.array([-70, 70]) * MINUTE_NS).any()


@pytest.mark.slow
def test_compare_of_real_tapes_lies_inside_the_bands_drawn_from_them(pumps: Path) -> None:
    found = compare(pumps, most_tapes=12)
    judged = found[[ALTCOINS in sources for sources in found["sources"]]]
    assert judged["verdict"].eq("inside").all(), judged.loc[judged["verdict"] != "inside", ["simulated", "low", "high"]]
