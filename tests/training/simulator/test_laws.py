"""Every tape keeps the laws of a market, its labels are true, and the same setup gives the same tape."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ParameterError
from features.readers import read_tape
from training.simulator import Planned, SimulatedTape, default_setup, simulate, simulate_setup, simulate_tape
from training.simulator.recording import Recorded
from training.simulator.simulate import play
from training.simulator.sinks import Memory

DIGEST = "32253a4b55ee9e8e094792b3ff102defc0090b3ca441a70dca3de51957092dcf"


@pytest.fixture(scope="module")
def abused() -> SimulatedTape:
    return simulate_tape(symbols=5, venues=2, hours=1.5, seed=7, abuse_rate=1.5)


@pytest.fixture(scope="module")
def clean() -> SimulatedTape:
    return simulate_tape(symbols=6, hours=1.0, seed=3, abuse_rate=0.0)


def _lots(column: pd.Series) -> pd.Series:
    return (column * 1e8).round().astype("int64")


def _digest(tape: SimulatedTape) -> str:
    """Return a fingerprint of a tape's content, whatever library wrote it."""
    digest = hashlib.sha256()
    for table in (tape.trades, tape.orders, tape.accounts):
        for name in table.column_names:
            column = table[name].combine_chunks()
            values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
            texts = values.to_numpy(zero_copy_only=False)
            digest.update(name.encode())
            digest.update(np.asarray(texts).tobytes() if texts.dtype != object else "\0".join(map(str, texts)).encode())
    for frame in (tape.labels, tape.innocent):
        digest.update(frame.to_csv(index=False, lineterminator="\n").encode())
    return digest.hexdigest()


def test_fills_match_trades(abused: SimulatedTape) -> None:
    orders, trades = abused.orders.to_pandas(), abused.trades.to_pandas()
    fills = orders[orders["event"] == "fill"]
    filled = _lots(fills["quantity"]).groupby(fills["order_id"]).sum()
    bought = _lots(trades["quantity"]).groupby(trades["buy_order_id"]).sum()
    sold = _lots(trades["quantity"]).groupby(trades["sell_order_id"]).sum()
    pd.testing.assert_series_equal(
        filled.sort_index(), bought.add(sold, fill_value=0).astype("int64").sort_index(), check_names=False
    )


def test_every_order_is_used_up_by_what_is_said_about_it(abused: SimulatedTape) -> None:
    orders = abused.orders.to_pandas()
    size, leaves = _lots(orders["quantity"]), _lots(orders["leaves_quantity"])
    change = np.where(orders["event"].isin(["new", "replace"]), 0, -size)
    previous = leaves.groupby(orders["order_id"]).shift()
    told = np.where(orders["event"].isin(["new", "replace"]), size, previous + change)
    kept = orders["event"] != "reject"
    assert (leaves[kept] == told[kept]).all()
    assert (leaves >= 0).all()
    first = orders.groupby("order_id")["event"].first()
    assert first.isin(["new", "reject"]).all()
    assert not orders[orders["event"] == "new"]["order_id"].duplicated().any()


def test_trades_name_the_accounts_of_their_orders(abused: SimulatedTape) -> None:
    orders, trades = abused.orders.to_pandas(), abused.trades.to_pandas()
    owner = orders.drop_duplicates("order_id").set_index("order_id")["account_id"]
    assert (trades["buy_order_id"].map(owner) == trades["buyer_id"]).all()
    assert (trades["sell_order_id"].map(owner) == trades["seller_id"]).all()
    assert trades["trade_id"].is_unique
    assert set(orders["account_id"]) <= set(abused.accounts["account_id"].to_pylist())


def test_time_never_runs_back_and_stays_within_the_tape(abused: SimulatedTape) -> None:
    for table in (abused.trades, abused.orders):
        times = table["timestamp"].to_numpy()
        assert (np.diff(times) >= np.timedelta64(0)).all()
        assert times[-1] - times[0] <= np.timedelta64(90, "m")
        assert (np.diff(table["sequence"].to_numpy()) > 0).all()


def _crossed(orders: pd.DataFrame) -> int:
    """Return how often the book of one market stands crossed, replayed from its messages alone."""
    live: dict[str, tuple[str, float]] = {}
    depth: dict[str, dict[float, int]] = {"buy": {}, "sell": {}}
    crossed = 0
    columns = ("order_id", "side", "price", "event", "leaves_quantity")
    moments = orders["timestamp"].ne(orders["timestamp"].shift(-1)).to_numpy()
    rows = zip(*(orders[name] for name in columns), moments, strict=True)
    for order, side, price, event, leaves, last in rows:
        limit = price
        if order in live:
            old_side, old_price = live.pop(order)
            depth[old_side][old_price] -= 1
            if not depth[old_side][old_price]:
                del depth[old_side][old_price]
            limit = old_price if event == "fill" else price
        if leaves > 0:
            live[order] = (side, limit)
            depth[side][limit] = depth[side].get(limit, 0) + 1
        if last and depth["buy"] and depth["sell"]:
            crossed += max(depth["buy"]) >= min(depth["sell"])
    return crossed


def test_no_book_is_ever_crossed_in_continuous_trading(clean: SimulatedTape) -> None:
    setup = default_setup(symbols=1, hours=0.5, seed=5, abuse_rate=0.0)
    quiet = simulate_tape(setup=setup)
    assert _crossed(quiet.orders.to_pandas()) == 0
    assert clean.orders.num_rows > 0


def test_holdings_are_conserved() -> None:
    setup = default_setup(symbols=2, venues=2, hours=0.5, seed=2, abuse_rate=2.0)
    sink = Memory()
    room = play(setup, 0, sink, Recorded(), lambda _: None)
    exchange = room.world.exchange
    assert (exchange.position.sum(axis=0) == 0).all()
    assert (exchange.cash.sum(axis=0) == 0).all()
    trades = sink.table("trades").to_pandas()
    scale = {m.symbol.name: 10.0**m.symbol.lot_decimals for m in room.markets}
    bought = (trades["quantity"] * trades["symbol"].map(scale)).groupby(trades["buyer_id"]).sum().round()
    sold = (trades["quantity"] * trades["symbol"].map(scale)).groupby(trades["seller_id"]).sum().round()
    net = bought.sub(sold, fill_value=0)
    held = pd.Series(exchange.position.sum(axis=1), index=[a.account_id for a in room.population.accounts])
    assert (held.reindex(net.index) == net).all()


def test_books_say_what_the_orders_show() -> None:
    tape = simulate_tape(setup=default_setup(symbols=1, hours=0.2, seed=4, abuse_rate=0.0, books=True))
    levels = tape.books.to_pandas()
    last = levels.groupby(["side", "price"])["quantity"].last()
    orders = tape.orders.to_pandas()
    alive = orders.groupby("order_id").last()
    limit = orders[orders["event"].isin(["new", "replace"])].groupby("order_id")["price"].last()
    alive = alive[alive["leaves_quantity"] > 0]
    rests = alive["leaves_quantity"].groupby([alive["side"], limit.reindex(alive.index)]).sum()
    shown = last[last > 0]
    assert _lots(shown).to_dict() == _lots(rests).to_dict()


def test_labels_cite_what_is_in_the_tape_and_belongs_to_the_accused(abused: SimulatedTape) -> None:
    orders = abused.orders.to_pandas().drop_duplicates("order_id").set_index("order_id")
    trades = abused.trades.to_pandas().set_index("trade_id")
    assert len(abused.labels) >= 5
    for label in abused.labels.to_dict("records"):
        accused = set(label["accounts"].split(";"))
        cited = orders.loc[[order for order in label["order_ids"].split(";") if order]]
        assert set(cited["account_id"]) <= accused
        assert set(cited["symbol"]) <= {label["symbol"]}
        assert set(cited["venue"]) <= {label["venue"]}
        fills = trades.loc[[trade for trade in label["trade_ids"].split(";") if trade]]
        assert (fills["buyer_id"].isin(accused) | fills["seller_id"].isin(accused)).all()
        assert fills["timestamp"].between(pd.Timestamp(label["start"]), pd.Timestamp(label["end"])).all()
        assert 0.0 <= label["severity"] <= 1.0
        assert label["start"] <= label["end"]


def test_clean_tapes_have_look_alikes_and_no_label(clean: SimulatedTape) -> None:
    assert len(clean.labels) == 0
    assert {"market_maker", "latency_sensitive_quoter", "omnibus_account"} <= set(clean.innocent["kind"])


def test_same_setup_same_tape_on_every_machine() -> None:
    tape = simulate_tape(symbols=3, venues=2, hours=0.25, seed=9, abuse_rate=3.0)
    assert _digest(tape) == DIGEST


def test_other_seed_other_tape() -> None:
    tapes = [simulate_tape(symbols=1, hours=0.1, seed=seed, abuse_rate=0.0) for seed in (1, 2)]
    assert tapes[0].trades.num_rows != tapes[1].trades.num_rows


def test_simulate_writes_what_simulate_tape_returns(tmp_path: Path) -> None:
    out = simulate(tmp_path / "set", symbols=2, hours=0.3, seed=3, abuse_rate=4.0, tapes=2)
    tape = simulate_tape(symbols=2, hours=0.3, seed=3, abuse_rate=4.0, number=1)
    folder = out / "tapes" / "tape-001"
    assert pq.read_table(folder / "trades.parquet").equals(tape.trades)
    assert pq.read_table(folder / "orders.parquet").equals(tape.orders)
    read = read_tape(folder)
    assert read.trades is not None
    assert read.orders is not None
    assert (read.trades.num_rows, read.orders.num_rows) == (tape.trades.num_rows, tape.orders.num_rows)
    labels = pd.read_csv(out / "labels.csv").query("tape == 'tape-001'")
    assert labels["order_ids"].fillna("").tolist() == tape.labels["order_ids"].tolist()
    assert (out / "simulation.json").exists()


def test_simulate_that_fails_leaves_the_old_tape(tmp_path: Path) -> None:
    out = simulate(tmp_path / "set", symbols=1, hours=0.1, seed=3, abuse_rate=0.0)
    before = (out / "tapes" / "tape-000" / "trades.parquet").read_bytes()
    setup = default_setup(symbols=1, hours=0.1, seed=4, abuse_rate=0.0)
    wrong = Planned("spoofing", at_h=5.0)
    with pytest.raises(ParameterError, match=r"at_h must be from 0 to below 0\.1, was 5"):
        simulate_setup(out, type(setup)(**{**vars(setup), "planned": (wrong,)}))
    assert (out / "tapes" / "tape-000" / "trades.parquet").read_bytes() == before
    assert not list(out.glob("tapes/.*"))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"symbols": 0}, "symbols must be from 1 to 500, was 0"),
        ({"venues": 21}, "venues must be from 1 to 20, was 21"),
        ({"hours": 0.0}, "hours must be from 0.1 to 744, was 0.0"),
        ({"seed": -1}, "seed must be zero or more, was -1"),
        ({"abuse_rate": -0.5}, "abuse_rate must be from 0 to 10, was -0.5"),
        ({"tapes": 0}, "tapes must be one or more, was 0"),
        ({"typologies": ("jousting",), "abuse_rate": 1.0}, "typologies must be of .*; was jousting"),
    ],
)
def test_simulate_refuses_what_is_out_of_range(tmp_path: Path, argument: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        simulate(tmp_path, **argument)  # type: ignore[arg-type]
