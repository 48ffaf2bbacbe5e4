"""Pictures: order lives, heat map and best prices against slow oracles; what is written, and where links lead."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from features.errors import TapeError
from training.pictures import draw_dataset, draw_tape
from training.pictures.behaviour import behaviour_figure, dealings, is_behaviour
from training.pictures.book import depth
from training.pictures.draw import excerpts, one_of_each
from training.pictures.episode import densest_span, episode_figure
from training.pictures.ladder import Own
from training.pictures.lives import Lives
from training.pictures.panels import resting_of
from training.pictures.paper import time_axis
from training.pictures.planted import Episode, read_episodes
from training.pictures.recorded import Recorded, load
from training.pictures.spans import busiest, main_span, zoom_span
from training.simulator import simulate

MS, SECOND = 1_000_000, 1_000_000_000
START = 1_767_600_000 * SECOND
LOT = 1e-8
ORDER_COLUMNS = ["timestamp", "venue", "symbol", "order_id", "account_id", "event", "side", "price", "quantity"]


def order(ms: float, number: int, account: str, event: str, side: str, price: float, size: float) -> dict[str, Any]:
    time = pd.Timestamp(START + round(ms * MS), tz="UTC")
    values = [time, "x", "A/USD", f"o{number}", account, event, side, price, size]
    return dict(zip(ORDER_COLUMNS, values, strict=True))


def trade(ms: float, price: float, size: float, buyer: str, seller: str, aggressor: str | None) -> dict[str, Any]:
    return {
        "timestamp": pd.Timestamp(START + round(ms * MS), tz="UTC"), "venue": "x", "symbol": "A/USD",
        "price": price, "quantity": size, "buyer_id": buyer, "seller_id": seller, "aggressor": aggressor,
    }  # fmt: skip


def write_tape(folder: Path, orders: list[dict[str, Any]], trades: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("orders", orders), ("trades", trades)):
        if rows:
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    return folder


def random_orders(seed: int, n: int = 400) -> list[dict[str, Any]]:
    """Messages of a few hundred orders: re-priced, filled in part, cancelled, some never priced."""
    rng = np.random.default_rng(seed)
    left: dict[int, tuple[str, float, int]] = {}
    rows: list[dict[str, Any]] = []
    for number in range(n):
        ms = number * 5 + int(rng.integers(0, 5))
        if not left or rng.random() < 0.45:
            side = "buy" if rng.random() < 0.5 else "sell"
            price = float(rng.integers(90, 100) if side == "buy" else rng.integers(100, 110))
            size = int(rng.integers(1, 20))
            left[number] = (side, price, size)
            rows.append(order(ms, number, f"a{rng.integers(3)}", "new", side, price, size))
            continue
        which = int(rng.choice(list(left)))
        side, price, size = left.pop(which)
        event = str(rng.choice(["cancel", "fill", "replace", "expire"]))
        amount = int(rng.integers(1, size + 1)) if event == "fill" else size
        if event == "replace":
            price, amount = price + (1.0 if side == "sell" else -1.0), size + 1
            left[which] = (side, price, amount)
        elif event == "fill" and amount < size:
            left[which] = (side, price, size - amount)
        rows.append(order(ms, which, "a0", event, side, price, amount))
    return rows


def resting_at(rows: list[dict[str, Any]], time: int) -> dict[tuple[str, float], float]:
    """The slow oracle: what rests after all messages up to a time, by side and price."""
    book: dict[str, tuple[str, float, float]] = {}
    for row in rows:
        if row["timestamp"].value > time:
            break
        side, price, size = book.get(row["order_id"], (row["side"], row["price"], 0.0))
        if row["event"] in {"new", "replace"}:
            book[row["order_id"]] = (side, row["price"], row["quantity"])
        else:
            book[row["order_id"]] = (side, price, size - row["quantity"] if row["event"] == "fill" else 0.0)
    levels: dict[tuple[str, float], float] = {}
    for side, price, size in book.values():
        if size > 0:
            levels[side, price] = levels.get((side, price), 0.0) + size
    return levels


def levels_of(lives: Lives, time: int) -> dict[tuple[str, float], float]:
    alive = lives.take((lives.start <= time) & (lives.end > time))
    levels: dict[tuple[str, float], float] = {}
    for side, price, lots in zip(alive.side, alive.price, alive.lots, strict=True):
        key = ("buy" if side > 0 else "sell", float(price))
        levels[key] = levels.get(key, 0.0) + float(lots) * LOT
    return levels


def coscia(folder: Path) -> Path:
    """The cycle of the FCA's case within 609 ms, among a quiet market; inner times are ours."""
    quiet = [order(0, i, "maker", "new", "buy", 115.80 + i / 100, 20) for i in range(6)]
    quiet += [order(0, 10 + i, "maker", "new", "sell", 115.90 + i / 100, 20) for i in range(6)]
    bait = [(22, 115.87, 54), (23, 115.88, 85), (24, 115.89, 122)]
    own = [order(30_000, 20, "coscia", "new", "buy", 115.86, 17)]
    own += [order(30_100 + 20 * i, n, "coscia", "new", "sell", p, q) for i, (n, p, q) in enumerate(bait)]
    own += [
        order(30_400, 20, "coscia", "fill", "buy", 115.86, 3),
        order(30_605, 20, "coscia", "fill", "buy", 115.86, 14),
    ]
    own += [order(30_609, n, "coscia", "cancel", "sell", p, q) for n, p, q in bait]
    own += [order(60_000, 30, "maker", "new", "buy", 115.7, 5)]
    trades = [trade(ms, 115.86, q, "coscia", "other", "sell") for ms, q in ((30_400, 3), (30_605, 14))]
    return write_tape(folder, quiet + own, trades)


COSCIA = Episode("spoofing", "planted", ("x",), ("A/USD",), ("coscia",), START + 30 * SECOND, START + 30_609 * MS)


@pytest.fixture(scope="module")
def coscia_tape(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return load(coscia(tmp_path_factory.mktemp("coscia") / "t"))


@pytest.fixture(scope="session")
def pictured_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = simulate(tmp_path_factory.mktemp("pictured"), symbols=2, hours=0.5, seed=7, abuse_rate=4.0, tapes=1)
    labels = pd.read_csv(path / "labels.csv", dtype=str, keep_default_na=False)
    assert len(labels), "the simulated dataset must have episodes to draw"
    first = labels.iloc[0]
    look_alike = {"kind": "patient_executor", "tape": first["tape"], "order_ids": "", "trade_ids": ""}
    look_alike |= {name: first[name] for name in ("venue", "symbol", "accounts", "start", "end")}
    pd.DataFrame([look_alike]).to_csv(path / "innocent.csv", index=False)
    return path


def assert_shows_something(path: Path) -> None:
    pixels = imread(path)
    assert pixels.shape[0] > 200
    assert pixels.std() > 0.02


# ------------------------------------------------------------------------------------------ order lives and the book


@pytest.mark.parametrize("seed", range(5))
def test_order_lives_random_messages_rest_as_the_slow_oracle(tmp_path: Path, seed: int) -> None:
    rows = random_orders(seed)
    (market,) = load(write_tape(tmp_path / "t", rows, [])).markets
    for ms in (0, 37, 400, 901, 1_500, 1_980):
        expected = resting_at(rows, START + ms * MS)
        found = levels_of(market.lives, START + ms * MS)
        assert found.keys() == expected.keys()
        assert all(found[key] == pytest.approx(expected[key]) for key in expected)


@pytest.mark.parametrize("seed", range(3))
def test_depth_of_a_span_sums_to_the_mean_resting_quantity(tmp_path: Path, seed: int) -> None:
    rows = random_orders(seed)
    (market,) = load(write_tape(tmp_path / "t", rows, [])).markets
    span, columns = (START + 200 * MS, START + 1_200 * MS), 50
    book = depth(market.lives, span, (80.0, 120.0), columns)
    for side, grid in (("buy", book.bids), ("sell", book.asks)):
        for column in (0, 17, 49):
            times = [span[0] + column * 20 * MS + ms * MS for ms in range(20)]
            states = [resting_at(rows, time) for time in times]
            mean = np.mean([sum(size for (s, _), size in state.items() if s == side) for state in states])
            assert grid[:, column].sum() * LOT == pytest.approx(mean)


def test_depth_puts_each_price_on_its_own_level(coscia_tape: Recorded) -> None:
    (market,) = coscia_tape.markets
    moment = START + 30_300 * MS
    book = depth(market.lives, (moment, moment + MS), (115.845, 115.915), 1)
    levels = (book.high - book.low) / len(book.asks)
    prices = book.low + levels * (np.arange(len(book.asks)) + 0.5)
    asks = {round(float(p), 2): round(float(q) * LOT, 6) for p, q in zip(prices, book.asks[:, 0], strict=True) if q}
    assert asks == {115.87: 54.0, 115.88: 85.0, 115.89: 122.0, 115.90: 20.0, 115.91: 20.0}


@pytest.mark.parametrize("seed", range(3))
def test_touch_random_messages_is_best_bid_and_ask_of_the_oracle(tmp_path: Path, seed: int) -> None:
    rows = random_orders(seed)
    (market,) = load(write_tape(tmp_path / "t", rows, [])).markets
    for ms in range(100, 1_900, 90):
        time = START + ms * MS
        levels = resting_at(rows, time)
        best = market.touch.between(time, time + 1)
        bids, asks = ([price for (s, price) in levels if s == side] for side in ("buy", "sell"))
        assert best.bid[0] == pytest.approx(max(bids, default=math.nan), nan_ok=True)
        assert best.ask[0] == pytest.approx(min(asks, default=math.nan), nan_ok=True)


def test_resting_of_own_orders_steps_with_each_message(coscia_tape: Recorded) -> None:
    (market,) = coscia_tape.markets
    own, _ = market.lives_of(coscia_tape.codes(["coscia"]))
    _, sells = resting_of(own, -1, (START + 30 * SECOND, START + 31 * SECOND))
    assert [round(x * LOT) for x in sells.tolist()] == [0, 54, 139, 261, 0, 0]


def test_order_without_price_never_rests(tmp_path: Path) -> None:
    rows = [order(0, 1, "a", "new", "buy", math.nan, 5), order(10, 2, "a", "new", "buy", 99.0, 5)]
    (market,) = load(write_tape(tmp_path / "t", [*rows, order(20, 2, "a", "cancel", "buy", 99.0, 5)], [])).markets
    assert market.lives.rests.tolist() == [False, True]


# ------------------------------------------------------------------------------------------------ what is shown when


def test_zoom_of_the_coscia_cycle_shows_it_whole_and_little_else(coscia_tape: Recorded) -> None:
    accounts, markets = coscia_tape.codes(["coscia"]), coscia_tape.markets
    owns = [Own(accounts, *market.lives_of(accounts)) for market in markets]
    zoom = densest_span(markets, owns, COSCIA, main_span(COSCIA, coscia_tape))
    assert zoom is not None
    assert zoom[0] <= COSCIA.start
    assert zoom[1] >= COSCIA.end
    assert zoom[1] - zoom[0] < SECOND


def test_zoom_of_evenly_spread_messages_holds_several(coscia_tape: Recorded) -> None:
    times = np.arange(100, dtype=np.int64) * SECOND
    zoom = zoom_span(times, np.zeros(100, np.int64), (0, 100 * SECOND))
    assert zoom is not None
    assert zoom[1] - zoom[0] <= 25 * SECOND
    assert ((times >= zoom[0]) & (times <= zoom[1])).sum() >= 6


def test_main_span_of_a_market_maker_all_day_is_five_minutes(coscia_tape: Recorded) -> None:
    whole = Episode("market_maker", "innocent", ("x",), ("A/USD",), ("maker",), START, START + 10_800 * SECOND)
    start, end = main_span(whole, coscia_tape)
    assert end - start == 300 * SECOND
    assert start <= START


def test_busiest_span_holds_the_most_times() -> None:
    times = np.array([0, 100, 101, 102, 400], np.int64)
    assert busiest(times, (0, 500), 10) == (100, 110)


def test_time_axis_of_milliseconds_says_utc_and_milliseconds() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    time_axis(axes, (START, START + 600 * MS))
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert "08:00:00.200" in labels
    assert axes.get_xlabel() == "UTC, 2026-01-05"


# --------------------------------------------------------------------------------------------------------- episodes


def test_read_episodes_several_venues_of_one_symbol_are_all_markets(tmp_path: Path, coscia_tape: Recorded) -> None:
    rows = [*random_orders(0, 50)]
    rows += [row | {"venue": "y", "order_id": f"y{row['order_id']}"} for row in rows]
    tape = load(write_tape(tmp_path / "tapes" / "t", rows, []))
    (tmp_path / "labels.csv").write_text(
        "typology,venue,symbol,accounts,start,end,order_ids,trade_ids,severity,tape\n"
        "cross_market_wash,x;y,A/USD,a0;a1,2026-01-05T08:00:00Z,2026-01-05T08:00:00.2Z,,,0.5,t\n",
        encoding="utf-8",
    )
    (episode,) = read_episodes(tmp_path)
    assert [market.venue for market in episode.markets(tape)] == ["x", "y"]
    assert episode.accounts == ("a0", "a1")
    assert math.isclose(episode.severity, 0.5)
    names = {axes.get_title(loc="left") for axes in episode_figure(tape, episode).axes}
    assert {"x   A/USD", "y   A/USD"} <= names


def test_read_episodes_rows_of_one_episode_are_one_on_several_markets(tmp_path: Path) -> None:
    times = "2026-01-05T08:00:00Z,2026-01-05T08:00:01Z"
    rows = [
        f"ramping,{venue},A,{who},{times},t,{name}"
        for venue, who, name in (("x", "a", 1), ("y", "b", 1), ("x", "c", 2))
    ]
    text = "\n".join(["typology,venue,symbol,accounts,start,end,tape,episode", *rows])
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    both, other = read_episodes(tmp_path)
    assert (both.venues, both.symbols, both.accounts) == (("x", "y"), ("A", "A"), ("a", "b"))
    assert other.accounts == ("c",)


def test_one_of_each_keeps_one_market_maker_a_market_and_counts_them(coscia_tape: Recorded) -> None:
    first, last = coscia_tape.span
    makers = [
        Episode("market_maker", "innocent", ("x",), ("A/USD",), (who,), first, last) for who in ("maker", "other")
    ]
    kept = one_of_each([*makers, COSCIA], coscia_tape)
    assert [(episode.kind, episode.alike) for episode in kept] == [("market_maker", 2), ("spoofing", 1)]
    assert kept[0].note == "looks like abuse, is none (one of 2)"


def test_read_episodes_without_start_names_file_and_column(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("typology,symbol,end\nspoofing,A,2026-01-05T08:00:00Z\n", encoding="utf-8")
    with pytest.raises(TapeError, match=r"labels\.csv: must have the columns .* lacks start"):
        read_episodes(tmp_path)


def test_episode_figure_of_coscia_writes_the_size_of_each_order(coscia_tape: Recorded) -> None:
    figure = episode_figure(coscia_tape, COSCIA)
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"17", "54", "85", "122"} <= texts
    told = " ".join(text.get_text() for text in figure.texts)
    assert "4 orders, 3 cancels, 2 fills, 2 trades" in told
    assert "609 ms" in told


@pytest.mark.parametrize("accounts", [(), ("nobody",)])
def test_episode_figure_without_known_accounts_is_drawn(coscia_tape: Recorded, accounts: tuple[str, ...]) -> None:
    episode = Episode("news", "innocent", ("x",), ("A/USD",), accounts, START, START + 40 * SECOND)
    assert len(episode_figure(coscia_tape, episode).axes) >= 2


def test_behaviour_figure_is_for_days_and_counts_every_trade(coscia_tape: Recorded) -> None:
    takeover = Episode("account_takeover", "planted", ("x",), ("A/USD",), ("coscia",), COSCIA.start, COSCIA.end)
    assert is_behaviour(takeover)
    assert not is_behaviour(COSCIA)
    done = dealings(coscia_tape, coscia_tape.codes(["coscia"]))
    assert done.value.sum() == pytest.approx(17 * 115.86)
    figure = behaviour_figure(coscia_tape, takeover)
    assert "2 trades in the episode" in " ".join(text.get_text() for text in figure.texts)


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.slow
def test_draw_dataset_draws_every_episode_and_every_link_resolves(pictured_dataset: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    page = draw_dataset(pictured_dataset, tmp_path / "out", lambda done, total: told.append((done, total)))
    episodes = read_episodes(pictured_dataset)
    assert told[-1][0] == told[-1][1] == len(episodes) + 1
    text = page.read_text(encoding="utf-8")
    assert "http" not in text
    links = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert links
    assert all((page.parent / link).is_file() for link in links)
    pictures = [path for path in (tmp_path / "out").rglob("*.png") if path.parent.name != "thumbs"]
    assert len(pictures) == len(episodes) + 1
    for path in pictures:
        assert_shows_something(path)
    assert text.count("<tr data-words") == len(episodes)
    assert "Patient executor" in text


def test_draw_tape_without_labels_draws_overview_and_busiest_minutes(tmp_path: Path) -> None:
    page = draw_tape(coscia(tmp_path / "t"), tmp_path / "out")
    assert_shows_something(tmp_path / "out" / "t" / "overview-1.png")
    assert "Busiest minutes" in page.read_text(encoding="utf-8")
    (episode,) = excerpts(load(tmp_path / "t"))
    assert episode.accounts in {("coscia",), ("other",)}


@pytest.mark.parametrize("kind", ["orders", "trades", "auction"])
def test_draw_tape_with_one_kind_of_event_does_not_fail(tmp_path: Path, kind: str) -> None:
    orders = random_orders(1, 60) if kind == "orders" else []
    side = None if kind == "auction" else "buy"
    trades = [trade(i, 100.0 + i % 3, 1.0, "a", "b", side) for i in range(20)] if kind != "orders" else []
    draw_tape(write_tape(tmp_path / "t", orders, trades), tmp_path / "out")
    assert_shows_something(tmp_path / "out" / "t" / "overview-1.png")


def test_draw_tape_with_a_single_event_does_not_fail(tmp_path: Path) -> None:
    draw_tape(write_tape(tmp_path / "t", [order(0, 1, "a", "new", "buy", 9.0, 1)], []), tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()


def test_draw_tape_episode_of_another_market_is_listed_without_picture(tmp_path: Path) -> None:
    other = Episode("spoofing", "planted", ("x",), ("B/USD",), ("a",), START, START + SECOND)
    page = draw_tape(coscia(tmp_path / "t"), tmp_path / "out", [other])
    assert page.read_text(encoding="utf-8").count("<tr data-words") == 1
    assert len(list((tmp_path / "out" / "t").glob("*.png"))) == 1


def test_transfers_beside_a_tape_are_read_in_order_and_drawn(tmp_path: Path) -> None:
    folder = coscia(tmp_path / "t")
    days = [START + ms * MS for ms in (30_500, 100, 30_000)]
    rows = {"timestamp": pd.to_datetime(days, utc=True), "account_id": ["coscia", "maker", "unseen"]}
    pd.DataFrame(rows | {"usd": [-9_000.0, 50.0, 70.0]}).to_parquet(folder / "transfers.parquet")
    tape = load(folder)
    assert tape.transfers.usd.tolist() == [50.0, 70.0, -9_000.0]
    assert tape.transfers.account.tolist() == [tape.code("maker"), -1, tape.code("coscia")]
    mule = Episode("mule_pattern", "planted", ("x",), ("A/USD",), ("coscia",), START, START + 31 * SECOND)
    panels = [axes.get_ylabel() for axes in behaviour_figure(tape, mule).axes]
    assert any(label.startswith("deposits up") for label in panels)
