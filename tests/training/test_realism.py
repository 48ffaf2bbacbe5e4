"""Real or simulated: minutes matched for activity, markets held out, and what gives the simulation away."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from features.errors import TapeError
from features.readers import read_tape
from training.facts import Market, markets_of
from training.facts.minute_features import COLUMNS, LEVELS, SHAPES, minute_features, tick_of
from training.realism import judge, matched, minutes_at, realism, table_of

PUMPS = Path(__file__).parents[3] / "shared" / "data" / "pumps"
START = 1_714_521_600 * 1_000_000_000


def random_minutes(n_groups: int, shift: float = 0.0, seed: int = 0, each: int = 60) -> pd.DataFrame:
    """Return minutes whose features are noise; `gap_cv` is moved by `shift`."""
    rng = np.random.default_rng(seed)
    size = n_groups * each
    frame = pd.DataFrame(rng.standard_normal((size, len(COLUMNS))), columns=[*COLUMNS])
    frame["gap_cv"] += shift
    frame["takers"], frame["hour_takers"] = rng.integers(3, 40, size), rng.integers(30, 900, size)
    return frame.assign(group=np.repeat([f"g{i}" for i in range(n_groups)], each))


def market_of(folder: Path, unit: float = 1.0, price_unit: float = 1.0, seed: int = 0) -> Market:
    """Return three hours of random trades; prices and sizes in other units if asked."""
    rng = np.random.default_rng(seed)
    n = 2_000
    time = START + np.sort(rng.uniform(0, 10_800, n) * 1e9).astype(np.int64)
    price = (1_000 + rng.integers(-3, 4, n).cumsum()) * price_unit
    frame = pd.DataFrame({"timestamp": pd.to_datetime(time, utc=True), "symbol": "A/B", "price": price})
    frame["quantity"], frame["aggressor"] = rng.integers(1, 400, n) * unit, rng.choice(["buy", "sell"], n)
    frame.to_parquet(folder / f"t{seed}.parquet")
    return next(markets_of(read_tape(folder / f"t{seed}.parquet")))


def test_minute_features_do_not_depend_on_the_units_of_price_and_size(tmp_path: Path) -> None:
    plain = minute_features(market_of(tmp_path))
    scaled = minute_features(market_of(tmp_path, unit=1e-3, price_unit=1e-2))
    assert len(plain) > 100
    pd.testing.assert_frame_equal(plain, scaled, rtol=1e-6, atol=1e-9)


def test_minute_features_of_one_minute_are_as_counted_by_hand(tmp_path: Path) -> None:
    market = market_of(tmp_path)
    found = minute_features(market, least=3)
    table = pd.DataFrame(
        {"minute": market.trades.time // 60_000_000_000, "side": market.trades.side, "price": market.trades.price}
    )
    minutes = market.minutes.number[60:]
    counts = table.groupby("minute").size().reindex(minutes, fill_value=0)
    kept = [minute for minute in minutes if counts[minute] >= 3]
    assert found["takers"].tolist() == [counts[minute] for minute in kept]
    for row, minute in enumerate(kept[:20]):
        mine = table[table["minute"] == minute]
        side, price = mine["side"].to_numpy(), mine["price"].to_numpy()
        step = np.diff(price)
        assert found["buy_share"][row] == pytest.approx(np.mean(side > 0))
        assert found["side_changes"][row] == pytest.approx(np.mean(side[1:] != side[:-1]))
        assert found["unchanged_share"][row] == pytest.approx(np.mean(step == 0))
        assert found["reversals"][row] == pytest.approx(np.sum(step[1:] * step[:-1] < 0) / (len(step) - 1))
        assert found["prices_per_taker"][row] == pytest.approx(len(set(price)) / len(price))
        assert found["range_ticks"][row] == pytest.approx(math.log1p(np.ptp(price)))
        assert found["hour_takers"][row] == pytest.approx(table["minute"].between(minute - 60, minute - 1).sum())


def test_minute_features_of_a_short_tape_are_none(tmp_path: Path) -> None:
    frame = pd.DataFrame({"timestamp": pd.to_datetime([START], utc=True), "symbol": "A", "price": 1.0, "quantity": 1.0})
    frame.to_parquet(tmp_path / "t.parquet")
    assert minute_features(next(markets_of(read_tape(tmp_path / "t.parquet")))).empty


def test_tick_is_the_smallest_common_step() -> None:
    assert tick_of(np.array([1.00, 1.15, 1.25])) == pytest.approx(0.05)
    assert math.isnan(tick_of(np.ones(5)))


def test_matched_minutes_are_as_many_of_each_kind_in_every_cell() -> None:
    real, simulated = random_minutes(3), random_minutes(2, seed=1)
    simulated["takers"] = 20.0
    first, second = matched(real, simulated, np.random.default_rng(0), 10_000)
    assert len(first) == len(second) == len(np.unique(first)) == len(np.unique(second))
    assert real["takers"].iloc[first].between(16, 31).all()


def test_judge_of_two_samples_of_one_kind_cannot_tell() -> None:
    found = judge(random_minutes(8), random_minutes(8, seed=1))
    assert found.accuracy == pytest.approx(0.5, abs=0.08)
    assert found.auc == pytest.approx(0.5, abs=0.08)
    assert found.interval[0] < 0.52
    assert found.interval[1] > 0.48


def test_judge_names_what_gives_the_simulation_away() -> None:
    found = judge(random_minutes(4), random_minutes(4, shift=3.0, seed=1))
    assert found.accuracy > 0.9
    assert found.give_aways[0].feature == "gap_cv"
    assert found.give_aways[0].importance == max(one.importance for one in found.give_aways if one.feature in SHAPES)
    assert all(math.isnan(one.importance) for one in found.give_aways if one.feature in LEVELS)


def test_judge_of_markets_too_busy_says_how_few_have_a_like() -> None:
    simulated = random_minutes(8, seed=1)
    simulated["takers"] = np.where(np.arange(len(simulated)) < 240, 40.0, 900.0)
    found = judge(random_minutes(8).assign(takers=np.tile([4.0, 40.0], 240)), simulated)
    assert found.overlap == pytest.approx(0.5)


def test_judge_twice_with_one_seed_is_the_same() -> None:
    first, second = (
        judge(random_minutes(3, each=40), random_minutes(3, shift=1.0, seed=1, each=40), seed=7) for _ in range(2)
    )
    assert (first.accuracy, first.auc, first.fold_aucs) == (second.accuracy, second.auc, second.fold_aucs)


def test_judge_of_minutes_without_like_activity_says_so() -> None:
    with pytest.raises(TapeError, match="minutes of like activity"):
        judge(random_minutes(4), random_minutes(4).assign(hour_takers=1e6))


def test_minutes_at_a_tape_that_is_too_short_says_so(tmp_path: Path) -> None:
    frame = pd.DataFrame({"timestamp": pd.to_datetime([START], utc=True), "symbol": "A", "price": 1.0, "quantity": 1.0})
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TapeError, match="an hour of trading"):
        minutes_at(tmp_path / "t.parquet", real=False)


def test_table_of_realism_fits_80_columns_and_figures_are_json() -> None:
    found = judge(random_minutes(4), random_minutes(4, shift=3.0, seed=1))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table_of(found))
    assert "gap_cv" in capture.get()
    assert "…" not in capture.get()
    assert json.loads(json.dumps(found.figures()))["minutes"] == found.minutes


@pytest.fixture
def pumps() -> Path:
    if not PUMPS.is_dir():
        pytest.skip("the recorded pump tapes are not beside the repository (../shared/data/pumps)")
    return PUMPS


@pytest.mark.slow
def test_judge_of_real_tapes_against_other_real_ones_cannot_tell(pumps: Path) -> None:
    minutes = minutes_at(pumps, real=True, most_tapes=30)
    coins = sorted(minutes["group"].unique())
    first = minutes["group"].isin(coins[::2])
    found = judge(minutes[first], minutes[~first], most_minutes=2_000)
    # Coins differ for good, and there are but 35 of them: eight halvings at random gave 0.43 to 0.58, 0.51 on average.
    assert found.accuracy == pytest.approx(0.5, abs=0.18)


@pytest.mark.slow
def test_realism_of_random_walks_is_told_from_real_tapes(pumps: Path, tmp_path: Path) -> None:
    (tmp_path / "tapes").mkdir()
    (tmp_path / "labels.csv").write_text("typology,venue,symbol,accounts,start,end\n", encoding="utf-8")
    for seed in range(3):
        market_of(tmp_path / "tapes", seed=seed)
    found = realism(pumps, tmp_path, most_tapes=12)
    assert found.accuracy > 0.9
    assert found.simulated_markets == 3
