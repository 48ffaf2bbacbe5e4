"""The simulated market keeps its laws, its labels are true, and its facts are those of a market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import ParameterError
from training.simulator import SimulatedTape, simulate, simulate_tape
from training.simulator.innocent import plan_innocent
from training.simulator.plan import NEWS, PARTICIPATE, PLACE, Planner
from training.simulator.population import populate
from training.simulator.symbols import markets


@pytest.fixture(scope="module")
def abused() -> SimulatedTape:
    return simulate_tape(symbols=4, hours=2.0, seed=7, abuse_rate=2.0)


@pytest.fixture(scope="module")
def clean() -> SimulatedTape:
    return simulate_tape(symbols=6, hours=1.0, seed=3, abuse_rate=0.0)


def _lots(column: pd.Series) -> pd.Series:
    return (column * 1e8).round().astype("int64")


def _replayed_touches(orders: pd.DataFrame) -> list[tuple[float, float]]:
    """Return best bid and ask after every moment, from the messages alone."""
    live: dict[str, tuple[str, float]] = {}
    depth: dict[str, dict[float, int]] = {"buy": {}, "sell": {}}
    touches = []
    rows = zip(
        orders["order_id"], orders["side"], orders["price"], orders["event"], orders["leaves_quantity"], strict=True
    )
    moments = orders["timestamp"].ne(orders["timestamp"].shift(-1)).to_numpy()
    for (order, side, price, event, leaves), last in zip(rows, moments, strict=True):
        if order in live:
            old_side, old_price = live.pop(order)
            depth[old_side][old_price] -= 1
            if not depth[old_side][old_price]:
                del depth[old_side][old_price]
            price = old_price if event == "fill" else price  # noqa: PLW2901 - a fill's price is the trade's
        if leaves > 0:
            live[order] = (side, price)
            depth[side][price] = depth[side].get(price, 0) + 1
        if last and depth["buy"] and depth["sell"]:
            touches.append((max(depth["buy"]), min(depth["sell"])))
    return touches


def _accounts(label: pd.Series) -> set[str]:
    return set(label["accounts"].split(";"))


def _cited_trades(tape: SimulatedTape, label: pd.Series) -> pd.DataFrame:
    trades: pd.DataFrame = tape.trades.to_pandas().set_index("trade_id")
    cited: pd.DataFrame = trades.loc[label["trade_ids"].split(";")]
    return cited


def _cited_orders(tape: SimulatedTape, label: pd.Series) -> pd.DataFrame:
    orders: pd.DataFrame = tape.orders.to_pandas()
    cited: pd.DataFrame = orders[orders["order_id"].isin(label["order_ids"].split(";"))]
    return cited


def test_fills_of_a_tape_match_its_trades(abused: SimulatedTape) -> None:
    orders, trades = abused.orders.to_pandas(), abused.trades.to_pandas()
    fills = orders[orders["event"] == "fill"]
    filled = _lots(fills["quantity"]).groupby(fills["order_id"]).sum()
    bought = _lots(trades["quantity"]).groupby(trades["buy_order_id"]).sum()
    sold = _lots(trades["quantity"]).groupby(trades["sell_order_id"]).sum()
    pd.testing.assert_series_equal(filled.sort_index(), pd.concat([bought, sold]).sort_index(), check_names=False)


def test_leaves_of_every_order_account_for_its_messages(abused: SimulatedTape) -> None:
    orders = abused.orders.to_pandas()
    orders = orders[~orders["order_id"].isin(orders.loc[orders["event"] == "replace", "order_id"])]
    signed = _lots(orders["quantity"]) * np.where(orders["event"] == "new", 1, -1)
    left = signed.groupby(orders["order_id"]).cumsum()
    assert (left == _lots(orders["leaves_quantity"])).all()
    assert (left >= 0).all()


def test_book_replayed_from_messages_is_never_crossed(abused: SimulatedTape) -> None:
    orders = abused.orders.to_pandas()
    for symbol in ("ADA/USD", "XTZ/USD"):
        touches = _replayed_touches(orders[orders["symbol"] == symbol])
        assert len(touches) > 1_000
        assert all(bid < ask for bid, ask in touches)


def test_every_maker_fill_was_first_in_price_and_time(abused: SimulatedTape) -> None:
    orders = abused.orders.to_pandas()
    orders = orders[orders["symbol"] == "ETH/USD"].head(60_000)
    queues: dict[str, dict[float, dict[str, None]]] = {"buy": {}, "sell": {}}
    resting: dict[str, tuple[float, float]] = {}
    checked, taker = 0, ""
    for row in orders.itertuples():
        price, leaves = resting.get(row.order_id, (row.price, 0.0))
        if row.event == "new":
            taker = row.order_id
        elif row.event == "fill" and row.order_id != taker:
            others = [p for p, queue in queues[row.side].items() if queue]
            assert price == (max(others) if row.side == "buy" else min(others))
            assert next(iter(queues[row.side][price])) == row.order_id
            checked += 1
        elif row.event == "replace" and (row.price != price or row.leaves_quantity > leaves):
            del queues[row.side][price][row.order_id]
            price = row.price
        queue = queues[row.side].setdefault(price, {})
        resting[row.order_id] = (price, row.leaves_quantity)
        queue[row.order_id] = None
        if row.leaves_quantity == 0:
            del queue[row.order_id]
    assert checked > 500


def test_trade_sides_belong_to_the_owners_of_their_orders(abused: SimulatedTape) -> None:
    orders, trades = abused.orders.to_pandas(), abused.trades.to_pandas()
    owner = orders.drop_duplicates("order_id").set_index("order_id")["account_id"]
    assert (owner.loc[trades["buy_order_id"]].to_numpy() == trades["buyer_id"].to_numpy()).all()
    assert (owner.loc[trades["sell_order_id"]].to_numpy() == trades["seller_id"].to_numpy()).all()


def test_sequence_of_a_tape_counts_both_tables_in_time_order(abused: SimulatedTape) -> None:
    both = pd.concat([t.select(["sequence", "timestamp"]).to_pandas() for t in (abused.orders, abused.trades)])
    both = both.sort_values("sequence")
    assert both["sequence"].tolist() == list(range(1, len(both) + 1))
    assert both["timestamp"].is_monotonic_increasing


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        simulate(tmp_path / name, symbols=2, hours=0.5, seed=seed, abuse_rate=2.0, tapes=2)
        for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    names = sorted(path.relative_to(first) for path in first.rglob("*.*"))
    assert len(names) == 8
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert (first / "tapes/tape-000/trades.parquet").read_bytes() != (
        other / "tapes/tape-000/trades.parquet"
    ).read_bytes()


def test_tapes_of_a_dataset_do_not_overlap_in_time(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    out = simulate(
        tmp_path, symbols=1, hours=0.2, seed=1, tapes=2, progress=lambda done, total: steps.append((done, total))
    )
    spans = [pq.read_table(out / f"tapes/tape-{i:03d}/orders.parquet")["timestamp"].to_pandas() for i in range(2)]
    assert spans[0].max() < spans[1].min()
    assert steps[-1][0] == steps[-1][1]


def test_clean_tape_has_no_label_but_trades_in_every_market(clean: SimulatedTape) -> None:
    assert clean.labels.empty
    assert clean.trades.to_pandas()["symbol"].nunique() == 6


def test_label_ids_exist_and_belong_to_the_accounts_named(abused: SimulatedTape) -> None:
    assert len(abused.labels) >= 10
    for _, label in abused.labels.iterrows():
        orders, trades = _cited_orders(abused, label), _cited_trades(abused, label)
        assert orders["order_id"].nunique() == len(label["order_ids"].split(";"))
        assert set(orders["account_id"]) <= _accounts(label)
        assert (trades["buyer_id"].isin(_accounts(label)) | trades["seller_id"].isin(_accounts(label))).all()
        assert set(trades["symbol"]) == {label["symbol"]}


def test_every_typology_is_planted(abused: SimulatedTape) -> None:
    planted = {"pump_and_dump", "wash_trading", "spoofing", "concentrated_trading"}
    assert set(abused.labels["typology"]) == planted


def test_wash_trades_are_between_the_accounts_named(abused: SimulatedTape) -> None:
    for _, label in abused.labels[abused.labels["typology"] == "wash_trading"].iterrows():
        trades = _cited_trades(abused, label)
        assert set(trades["buyer_id"]) | set(trades["seller_id"]) <= _accounts(label)


def test_spoofing_bait_is_pulled_soon_after_the_small_order_filled(abused: SimulatedTape) -> None:
    for _, label in abused.labels[abused.labels["typology"] == "spoofing"].iterrows():
        orders = _cited_orders(abused, label)
        times = orders["timestamp"].astype("int64").to_numpy()
        event, side = orders["event"].to_numpy(), orders["side"].to_numpy()
        wait = times[None, :] - times[:, None]
        pulled_after = (event == "fill")[:, None] & (event == "cancel")[None, :] & (side[:, None] != side[None, :])
        assert wait[pulled_after & (wait >= 0)].min() <= 3e9
        quantity = orders.groupby("event")["quantity"].sum()
        assert quantity["cancel"] > 3.0 * quantity["fill"]


def test_pump_raises_the_price_by_rush_orders_of_many_accounts(abused: SimulatedTape) -> None:
    trades = abused.trades.to_pandas()
    for _, label in abused.labels[abused.labels["typology"] == "pump_and_dump"].iterrows():
        start, end = pd.Timestamp(label["start"]), pd.Timestamp(label["end"])
        during = trades[(trades["symbol"] == label["symbol"]) & trades["timestamp"].between(start, end)]
        assert during["price"].max() / during["price"].iloc[0] > 1.05
        buys = during[during["aggressor"] == "buy"]
        assert buys.groupby(buys["timestamp"].dt.floor("ms"))["buyer_id"].nunique().max() >= 2
        assert buys["buyer_id"].nunique() >= 15
        assert during["price"].iloc[-1] < 0.98 * during["price"].max()


def test_concentrated_account_does_most_of_the_volume_against_many(abused: SimulatedTape) -> None:
    trades = abused.trades.to_pandas()
    for _, label in abused.labels[abused.labels["typology"] == "concentrated_trading"].iterrows():
        start, end = pd.Timestamp(label["start"]), pd.Timestamp(label["end"])
        during = trades[(trades["symbol"] == label["symbol"]) & trades["timestamp"].between(start, end)]
        own = during[(during["buyer_id"] == label["accounts"]) | (during["seller_id"] == label["accounts"])]
        assert own["quantity"].sum() >= 0.6 * during["quantity"].sum()
        assert len(set(own["buyer_id"]) | set(own["seller_id"])) >= 5


def test_market_makers_quote_two_sides_and_cancel_nearly_all(clean: SimulatedTape) -> None:
    orders = clean.orders.to_pandas()
    counts = orders.pivot_table(
        index=["symbol", "account_id"], columns="event", values="sequence", aggfunc="count", fill_value=0
    )
    busiest = counts.sort_values("new").groupby("symbol").tail(2)
    assert (busiest["cancel"] / busiest["new"] > 0.85).all()
    buys = (
        orders[orders["event"] == "new"]
        .groupby(["symbol", "account_id"])["side"]
        .agg(lambda side: (side == "buy").mean())
    )
    assert buys.loc[busiest.index].between(0.35, 0.65).all()


def test_normal_symbols_move_by_basis_points_a_minute(clean: SimulatedTape) -> None:
    trades = clean.trades.to_pandas().set_index("timestamp")
    for symbol in ("BTC/USD", "ETH/USD", "SOL/USD"):
        closes = trades.loc[trades["symbol"] == symbol, "price"].resample("1min").last().ffill()
        assert 2.0 < 1e4 * np.log(closes).diff().std() < 40.0


def test_innocent_plan_of_a_long_day_has_news_and_executors_without_tags() -> None:
    planner, rng = Planner(), np.random.default_rng(1)
    market = markets(1, rng)[0]
    plan_innocent(planner, market, populate(rng), 0, 48 * 3_600 * 10**9, rng)
    assert {NEWS, PARTICIPATE, PLACE} <= {action.kind for action in planner.actions}
    assert {action.tag for action in planner.actions} == {-1}


def test_ids_of_accounts_tell_no_roles(clean: SimulatedTape) -> None:
    accounts = clean.accounts.to_pandas()
    assert accounts["account_id"].is_unique
    assert accounts["account_id"].str.fullmatch(r"A\d{6}").all()
    assert (accounts["owner_id"].value_counts() > 1).sum() > 20


@pytest.mark.parametrize(
    ("name", "value"),
    [("symbols", 0), ("hours", 0.0), ("seed", -1), ("abuse_rate", -0.1), ("abuse_rate", float("nan")), ("tapes", 0)],
)
def test_simulate_argument_out_of_range_is_refused_by_name(tmp_path: Path, name: str, value: float) -> None:
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(ParameterError, match=f"{name} must be .*, was {value}"):
        simulate(tmp_path, **arguments)
