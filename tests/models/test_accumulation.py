from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accumulation import (
    FILL_COLUMNS,
    fills_from_trades,
    flag_accumulation,
    symbols_without_rate,
    write_csv,
)
from models.rules.one_sided_params import OthersParams, Params

AS_OF = pd.Timestamp("2026-03-09 00:00:00")
MIRROR = {"BUY": "SELL", "SELL": "BUY"}
Fill = tuple[float, str, float]


def table(fills: list[Fill], user: str = "u", symbol: str = "BTCUSDT") -> pd.DataFrame:
    """Return fills given as (days before AS_OF, side, dollars)."""
    rows = [(AS_OF - pd.Timedelta(days=days), user, symbol, side, dollars, 1.0) for days, side, dollars in fills]
    return pd.DataFrame(rows, columns=FILL_COLUMNS)


def history(proportions: list[float], dollars: float = 100.0) -> list[Fill]:
    """Return a buy and a sell for each day before the analysis day, with these buy proportions."""
    return [
        (1.5 + day, side, value)
        for day, share in enumerate(proportions)
        for side, value in (("BUY", share * dollars), ("SELL", (1 - share) * dollars))
    ]


def analysis(buys: int = 9, sells: int = 1, dollars: float = 2000.0) -> list[Fill]:
    return [(0.5, "BUY", dollars)] * buys + [(0.5, "SELL", dollars)] * sells


HABIT = [0.4, 0.5, 0.6, 0.5, 0.5]


def flags(fills: list[Fill], **changes: Any) -> pd.DataFrame:
    return flag_accumulation(table(fills), Params(**changes), as_of=AS_OF)


def test_flag_accumulation_of_the_worked_example_gives_every_number() -> None:
    (flag,) = flags(history(HABIT) + analysis()).to_dict("records")
    # Daily buy proportions .4 .5 .6 .5 .5: mean .5, squared deviations .01 + .01 over 4, root .0707107.
    # Analysis: 9 × 2,000 of 10 × 2,000 USD bought, .9; (.9 - .5) / .0707107 = 5.656854 deviations.
    utc = "2026-03-{:02d}T00:00:00+00:00".format
    assert {name: flag[name] for name in ("user_id", "symbol_pair", "typology", "side_flagged")} == {
        "user_id": "u",
        "symbol_pair": "BTCUSDT",
        "typology": "excessive_accumulation_own",
        "side_flagged": "BUY",
    }
    assert [flag[name].isoformat() for name in ("historical_start", "historical_end")] == [utc(1), utc(8)]
    assert [flag[name].isoformat() for name in ("analysis_start", "analysis_end")] == [utc(8), utc(9)]
    assert {
        name: flag[name] for name in flag if str(name).startswith("analysis_") and isinstance(flag[name], int | float)
    } == {
        "analysis_trade_count": 10,
        "analysis_buy_count": 9,
        "analysis_sell_count": 1,
        "analysis_total_usd": 20000.0,
        "analysis_buy_usd": 18000.0,
        "analysis_sell_usd": 2000.0,
        "analysis_buy_proportion": 0.9,
        "analysis_sell_proportion": 0.1,
    }
    assert (flag["historical_trade_count"], flag["historical_buy_count"], flag["historical_sell_count"]) == (10, 5, 5)
    assert flag["historical_unique_days"] == 5
    assert flag["historical_total_usd"] == pytest.approx(500.0)
    assert flag["historical_buy_usd"] == pytest.approx(250.0)
    assert flag["historical_sell_usd"] == pytest.approx(250.0)
    assert flag["historical_buy_proportion"] == pytest.approx(0.5)
    assert flag["historical_sell_proportion"] == pytest.approx(0.5)
    assert flag["historical_mean"] == pytest.approx(0.5)
    assert flag["historical_std"] == pytest.approx(0.0707107, abs=1e-7)
    assert flag["deviation_stds"] == pytest.approx(5.656854, abs=1e-6)
    assert {name: flag[f"threshold_{name}"] for name in Params.model_fields} == Params().model_dump()


def test_flag_accumulation_of_the_mirrored_example_flags_offloading_alike() -> None:
    mirrored = [(days, MIRROR[side], dollars) for days, side, dollars in history(HABIT) + analysis()]
    (bought,) = flags(history(HABIT) + analysis()).to_dict("records")
    (sold,) = flags(mirrored).to_dict("records")
    assert (sold["typology"], sold["side_flagged"]) == ("excessive_offloading_own", "SELL")
    assert sold["analysis_sell_usd"] == bought["analysis_buy_usd"]
    assert sold["historical_mean"] == pytest.approx(bought["historical_mean"])
    assert sold["deviation_stds"] == pytest.approx(bought["deviation_stds"])


# For each parameter: fills that just reach it, and fills that just miss it.
BOUNDARIES: dict[str, tuple[dict[str, Any], list[Fill], list[Fill]]] = {
    "analysis_window: the last fill of 2 days counts, at exactly 2 days it is history": (
        {"analysis_window": 2, "analysis_minimum_transaction_count_threshold": 10},
        [(d + 1, s, v) for d, s, v in history(HABIT)] + analysis(buys=9, sells=0) + [(1.999, "BUY", 2000.0)],
        [(d + 1, s, v) for d, s, v in history(HABIT)] + analysis(buys=9, sells=0) + [(2.0, "BUY", 2000.0)],
    ),
    "historical_window: 7 days back count, 8 do not": (
        {},
        [*history(HABIT[:4]), (7.999, "BUY", 50.0), (7.999, "SELL", 50.0), *analysis()],
        [*history(HABIT[:4]), (8.0, "BUY", 50.0), (8.0, "SELL", 50.0), *analysis()],
    ),
    "analysis_minimum_aggregate_dollar_threshold": (
        {},
        history(HABIT) + analysis(dollars=1000.0),
        history(HABIT) + analysis(dollars=999.99),
    ),
    "analysis_minimum_transaction_count_threshold": (
        {"analysis_minimum_transaction_count_threshold": 10},
        history(HABIT) + analysis(buys=9, sells=1),
        history(HABIT) + analysis(buys=9, sells=0),
    ),
    "historical_minimum_number_transactions": (
        {},
        history(HABIT) + analysis(),
        history(HABIT)[1:] + analysis(),
    ),
    "historical_minimum_number_unique_days": (
        {"historical_minimum_number_transactions": 8},
        history(HABIT) + analysis(),
        history(HABIT[:4]) + analysis(),
    ),
    "analysis_buy_proportion_threshold": (
        {},
        history(HABIT) + analysis(buys=7, sells=3),
        [*history(HABIT), *analysis(buys=7, sells=2), (0.5, "SELL", 2000.01)],
    ),
    "analysis_buy_trade_count_threshold": (
        {},
        history(HABIT) + analysis(buys=5, sells=1),
        history(HABIT) + analysis(buys=4, sells=1, dollars=2500.0),
    ),
    "analysis_sell_trade_count_threshold": (
        {},
        history(HABIT) + analysis(buys=1, sells=5),
        history(HABIT) + analysis(buys=1, sells=4, dollars=2500.0),
    ),
    "deviation_multiple: above, not at, the mean and its deviations": (
        {"deviation_multiple": 5.6568},
        history(HABIT) + analysis(),
        history([0.3, 0.5, 0.7, 0.5, 0.5]) + analysis(),
    ),
}


@pytest.mark.parametrize(("changes", "at", "_below"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_flag_accumulation_at_a_threshold_flags(changes: dict[str, Any], at: list[Fill], _below: list[Fill]) -> None:
    assert len(flags(at, **changes)) == 1


@pytest.mark.parametrize(("changes", "_at", "below"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_flag_accumulation_below_a_threshold_is_quiet(
    changes: dict[str, Any], _at: list[Fill], below: list[Fill]
) -> None:
    assert len(flags(below, **changes)) == 0


@pytest.mark.parametrize("share", [0.8, 0.7, 0.1 + 0.2 + 0.5])
def test_flag_accumulation_of_a_constant_habit_flags_only_a_rise(share: float) -> None:
    steady = history([share] * 5, dollars=333.33)
    same = [(0.5, "BUY", share * 3000.0)] * 5 + [(0.5, "SELL", (1 - share) * 3000.0)] * 5
    assert len(flags(steady + same)) == 0
    (flag,) = flags([*steady, *same, (0.5, "BUY", 100.0)]).to_dict("records")
    assert flag["historical_std"] == 0.0
    assert flag["deviation_stds"] == np.inf


def test_flag_accumulation_with_history_of_one_day_abstains() -> None:
    one_day = [(1.5, "BUY", 10.0), (1.6, "SELL", 90.0)] * 5
    assert len(flags(one_day + analysis(), historical_minimum_number_unique_days=1)) == 0


def test_flag_accumulation_without_history_abstains() -> None:
    assert len(flags(analysis())) == 0


def test_flag_accumulation_without_fills_gives_no_rows_with_the_columns() -> None:
    nothing = flag_accumulation(pd.DataFrame(columns=FILL_COLUMNS), Params())
    assert len(nothing) == 0
    assert list(nothing.columns) == list(flags(history(HABIT) + analysis()).columns)


def test_flag_accumulation_of_a_steady_investor_is_quiet() -> None:
    assert len(flags(history([0.9, 1.0, 0.8, 0.95, 0.85]) + analysis())) == 0


def test_flag_accumulation_with_an_unknown_rate_in_the_windows_abstains() -> None:
    assert len(flags([*history(HABIT), *analysis(), (0.6, "SELL", float("nan"))])) == 0


def test_flag_accumulation_with_an_unknown_rate_before_the_windows_judges() -> None:
    assert len(flags([*history(HABIT), *analysis(), (9.0, "SELL", float("nan"))])) == 1


def test_flag_accumulation_without_as_of_takes_the_last_fill() -> None:
    fills = table([*history(HABIT), *analysis()[1:], (0.25, "BUY", 2000.0)])
    (flag,) = flag_accumulation(fills, Params()).to_dict("records")
    assert flag["analysis_end"] == pd.Timestamp("2026-03-08 18:00:00", tz="UTC")


def test_flag_accumulation_does_not_see_fills_after_as_of() -> None:
    later = [*history(HABIT), *analysis(), (-0.5, "SELL", 1e6)]
    assert len(flags(later)) == 1


def test_flag_accumulation_of_two_symbols_joins_them_per_user_only() -> None:
    halves = pd.concat(
        [table(history(HABIT) + analysis(buys=4, sells=0), symbol=symbol) for symbol in ("BTCUSDT", "ETHUSDT")]
    )
    assert len(flag_accumulation(halves, Params(), as_of=AS_OF)) == 0
    (flag,) = flag_accumulation(halves, Params(), as_of=AS_OF, per="user").to_dict("records")
    assert (flag["symbol_pair"], flag["analysis_buy_count"]) == ("*", 8)


def test_flag_accumulation_of_several_users_judges_each_alone() -> None:
    fills = [*history(HABIT), *analysis()]
    quiet = [*history(HABIT), *analysis(buys=5, sells=5)]
    both = pd.concat([table(quiet, "b"), table(fills, "c"), table(fills, "a")])
    assert flag_accumulation(both, Params(), as_of=AS_OF)["user_id"].tolist() == ["a", "c"]


@pytest.mark.parametrize(
    "change",
    [
        lambda fills: fills.assign(timestamp=fills["timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S")),
        lambda fills: fills.assign(timestamp=fills["timestamp"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")),
        lambda fills: fills.assign(side=fills["side"].str.lower()),
        lambda fills: fills.assign(price_usd=fills["price_usd"] / 4, amount=fills["amount"] * 4),
        lambda fills: fills.sample(frac=1.0, random_state=7),
    ],
    ids=["text times", "other zone", "lower case", "amount", "shuffled"],
)
def test_flag_accumulation_of_the_same_fills_written_otherwise_is_the_same(
    change: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    fills = table(history(HABIT) + analysis())
    written = flag_accumulation(change(fills), Params(), as_of=AS_OF)
    pd.testing.assert_frame_equal(written, flag_accumulation(fills, Params(), as_of=AS_OF))


def slow_flags(fills: list[Fill], params: Params) -> set[str]:
    """Return the flagged sides of one user, computed one number at a time."""
    days = [(int(np.floor(days)), side, dollars) for days, side, dollars in fills]
    recent = [(side, usd) for day, side, usd in days if day == 0]
    past = [(day, side, usd) for day, side, usd in days if 1 <= day < 8]
    flagged = set()
    for wanted in ("BUY", "SELL"):
        total = sum(usd for _, usd in recent)
        count = sum(side == wanted for side, _ in recent)
        daily = [
            sum(usd for d, side, usd in past if d == day and side == wanted)
            / sum(usd for d, _, usd in past if d == day)
            for day in sorted({day for day, _, _ in past})
        ]
        if len(recent) < 5 or count < 5 or total < 10000 or len(past) < 10 or len(daily) < 5:
            continue
        share = sum(usd for side, usd in recent if side == wanted) / total
        mean = sum(daily) / len(daily)
        std = (sum((value - mean) ** 2 for value in daily) / (len(daily) - 1)) ** 0.5
        if share >= params.analysis_buy_proportion_threshold and share > mean + params.deviation_multiple * std + 1e-9:
            flagged.add(wanted)
    return flagged


FILLS = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(["BUY", "BUY", "SELL"]), st.sampled_from([500.0, 1500.0, 4000.0])),
    min_size=20,
    max_size=60,
)


@given(past=FILLS, recent=st.integers(3, 12), sells=st.integers(0, 3))
def test_flag_accumulation_of_random_fills_agrees_with_the_slow_oracle(
    past: list[tuple[int, str, float]], recent: int, sells: int
) -> None:
    fills = [(day + 1.5, side, dollars) for day, side, dollars in past] + analysis(recent, sells)
    assert set(flags(fills)["side_flagged"]) == slow_flags(fills, Params())


def test_write_csv_of_flags_writes_iso_times_and_all_columns(tmp_path: Path) -> None:
    found = flags(history(HABIT) + analysis())
    write_csv(found, tmp_path / "flags.csv")
    with (tmp_path / "flags.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert list(row) == list(found.columns)
    assert row["analysis_start"] == "2026-03-08T00:00:00.000000Z"
    assert float(row["analysis_total_usd"]) == 20000.0


def test_write_csv_without_flags_writes_the_header(tmp_path: Path) -> None:
    write_csv(flags(analysis()), tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text().startswith("user_id,symbol_pair,typology,side_flagged,analysis_start")


TRADES = pd.DataFrame(
    {
        "timestamp": pd.to_datetime(["2026-03-01 10:00", "2026-03-01 12:00", "2026-03-01 13:00"], utc=True),
        "symbol": ["BTC/USD", "BTC/EUR", "BTCUSDT"],
        "price": [100.0, 100.0, 100.0],
        "quantity": [1.0, 2.0, 3.0],
        "buyer_id": ["a", "b", None],
        "seller_id": ["c", "a", "d"],
    }
)
RATES = pd.DataFrame(
    {
        "timestamp": pd.to_datetime(["2026-03-01 13:00", "2026-03-01 11:00"], utc=True),
        "currency": ["EUR", "EUR"],
        "usd": [9.0, 1.1],
    }
)


def test_fills_from_trades_gives_a_fill_for_each_known_side_at_the_last_rate() -> None:
    fills = fills_from_trades(TRADES, RATES)
    assert fills.columns.tolist() == FILL_COLUMNS
    assert fills[["user_id", "side"]].to_numpy().tolist() == [
        ["a", "BUY"],
        ["c", "SELL"],
        ["b", "BUY"],
        ["a", "SELL"],
        ["d", "SELL"],
    ]
    np.testing.assert_allclose(fills["price_usd"], [100.0, 100.0, 110.0, 110.0, 100.0])
    assert symbols_without_rate(fills) == []


def test_fills_from_trades_without_rates_knows_only_dollar_prices() -> None:
    assert symbols_without_rate(fills_from_trades(TRADES)) == ["BTC/EUR"]


def test_fills_from_trades_priced_in_usd_needs_no_rates() -> None:
    assert symbols_without_rate(fills_from_trades(TRADES, priced_in_usd=True)) == []


def test_fills_from_trades_without_accounts_gives_none() -> None:
    assert fills_from_trades(TRADES[["timestamp", "symbol", "price", "quantity"]]).empty


def crowd(shares: list[float], recent: list[float]) -> pd.DataFrame:
    """Return peers with a history: each buys its share on every day, and its recent share on 20 occasions today."""
    tables = []
    for number, (share, today) in enumerate(zip(shares, recent, strict=True)):
        now = [(0.2 + n / 50.0, "BUY" if n < round(20 * today) else "SELL", 100.0) for n in range(20)]
        tables.append(table(history([share] * 5) + now, f"peer{number}"))
    return pd.concat(tables)


PEERS = crowd([0.5] * 7, [0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65])
TWELVE = [(0.2 + n / 40.0, "BUY", 2_000.0) for n in range(12)]


def others(fills: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return flag_accumulation(fills, Params(), AS_OF, others=OthersParams(**changes))


def test_flag_accumulation_against_others_gives_peers_and_multiple() -> None:
    (flag,) = others(pd.concat([PEERS, table(history([0.9] * 5) + TWELVE)])).to_dict("records")
    assert (flag["user_id"], flag["typology"], flag["side_flagged"]) == ("u", "excessive_accumulation_others", "BUY")
    # Shares .35 ... .65: median .5, median absolute deviation .1, times 1.4826; 20 occasions explain .25 / 20 of its
    # square, and the user's twelve bring .25 / 12: root of .02198 - .0125 + .02083 = .17413.
    assert (flag["peer_count"], flag["peer_median"]) == (7, 0.5)
    assert flag["peer_std"] == pytest.approx(0.17413, abs=1e-4)
    assert flag["deviation_stds"] == pytest.approx(0.5 / 0.17413, rel=1e-3)
    assert flag["usual_multiple"] == pytest.approx(24_000.0 / 90.0)
    assert flag["threshold_minimum_peers"] == 5


@pytest.mark.parametrize(
    "fills",
    [
        pd.concat([PEERS[PEERS["user_id"] < "peer4"], table(history(HABIT) + TWELVE)]),
        pd.concat([crowd([0.5] * 7, [0.9, 0.95, 1.0, 0.9, 0.95, 1.0, 1.0]), table(history(HABIT) + TWELVE)]),
        pd.concat([PEERS, table(history([0.9] * 5, dollars=20_000.0) + TWELVE)]),
        pd.concat([PEERS, table(TWELVE)]),
    ],
    ids=["four peers", "a day on which all buy", "who buys so much every day", "who only came to buy"],
)
def test_flag_accumulation_against_others_leaves_the_innocent_alone(fills: pd.DataFrame) -> None:
    assert others(fills).empty


def test_flag_accumulation_against_others_judges_newcomers_if_asked() -> None:
    fills = pd.concat([PEERS, table(TWELVE)])
    asked = {"historical_minimum_number_transactions": 0, "historical_minimum_number_unique_days": 0}
    assert others(fills, **asked)["user_id"].tolist() == ["u"]
    sold = fills.assign(side=fills["side"].map(MIRROR))
    assert others(sold, **asked)["typology"].tolist() == ["excessive_offloading_others"]
