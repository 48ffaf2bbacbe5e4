"""Batch and live are one fold: the same bits however the events were cut, delayed, sharded or interrupted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from features.catalogue import GRAINS, grain_of
from features.encoding import Lots, encode
from features.events import Vocabulary
from features.fold import Folded, MarketFold, Windows
from features.order import END_OF_TIME, total_order
from features.readers import Tape, read_tape
from features.rows import Rows
from models.alert import Alert
from models.bundle import Bundle
from models.calibration import Opening, fit_calibrator
from models.classifier import Classifier
from models.combination import DETECTORS
from models.isolation_forest import IsolationForest
from models.market_watch import MarketWatch
from models.parameters import Parameters, parse_parameters
from models.surveillance import Surveillance, windows_of
from tests.contracts.market_writer import SECOND, Message, Writer
from training.experiment import IsolationForest as ForestSettings
from training.fit import fit_isolation_forest
from training.fit_classifiers import Labelled, fit_classifiers

LATENESS_S = 5.0
OWNERS = pa.table({"account_id": ["zoe", "abe"], "owner_id": ["firm", "firm"]})
NUMBERS = {"price", "quantity", "leaves_quantity", "sequence", "snapshot"}
RULES = {
    "pump_and_dump", "wash_trading", "spoofing", "volume_spike", "price_anomaly", "timing_anomaly",
    "concentrated_trading", "vanishing_wall", "liquidity_withdrawal",
}  # fmt: skip
# Thresholds so low that a small tape fires every rule, again and again.
EAGER = parse_parameters(
    {
        "alerts": {"confidence_threshold": 0.2, "quiet_s": 120.0, "quiet_s_by_typology": {}},
        "events": {"lot": 1e-3, "allowed_lateness_s": LATENESS_S},
        "windows": {"market": {"buckets": 10}, "fast": {"buckets": 60}},
        "pump_and_dump": {"rise_threshold": 0.01, "surge_threshold": 2.0, "rush_order_threshold": 1.0,
                          "volatility_multiple": 0.0, "least_crowd": 1.0},
        "wash_trading": {"wash_trade_threshold": 0.3, "minimum_meetings": 3, "minimum_surprise": 0.5,
                         "minimum_self_trades": 1},
        "spoofing": {"bait_multiple": 3.0, "depth_multiple": 1.5},
        "volume_spike": {"volume_spike_multiplier": 1.5, "deviation_multiple": 0.5, "minimum_trades": 10},
        "price_anomaly": {"price_change_threshold": 0.02, "deviation_multiple": 2.0, "minimum_move": 0.005},
        "timing_anomaly": {"regularity_threshold": 0.05, "deviation_multiple": 0.5, "minimum_burstiness": 0.05,
                           "minimum_trades": 5},
        "concentrated_trading": {"concentration_threshold": 0.3, "minimum_accounts": 2, "minimum_trades": 5,
                                 "even_multiple": 1.0, "maker_net_ratio": 0.01, "maker_taker_ratio": 0.01},
        "vanishing_wall": {"wall_multiple": 2.0, "wall_share": 0.1, "minimum_walls": 1, "minimum_levels": 1,
                           "distance_spreads": 100.0},
        "liquidity_withdrawal": {"depth_ratio": 0.5, "least_ratio": 0.9, "pulled_share": 0.3, "maximum_move": 50.0},
    }
)  # fmt: skip


@dataclass
class Seen:
    """All that came out, by market: folded rows and alert revisions."""

    folded: dict[tuple[str, str], list[tuple[Folded, Vocabulary]]]
    alerts: dict[tuple[str, str], list[str]]
    late: int = 0

    def add(self, alerts: list[Alert]) -> None:
        for alert in alerts:
            # repr tells floats apart to the last bit.
            self.alerts.setdefault((alert.venue, alert.symbol), []).append(repr(alert))


class Recording(Surveillance):
    """A surveillance that also keeps the rows it judged."""

    seen: Seen

    def _raise(self, watches: Sequence[MarketWatch], folded: Sequence[Folded]) -> list[Alert]:
        for watch, part in zip(watches, folded, strict=True):
            key = (watch.alerts.venue, watch.alerts.symbol)
            self.seen.folded.setdefault(key, []).append((part, self.vocabulary))
        return super()._raise(watches, folded)


def recording(surveillance: Recording, seen: Seen) -> Recording:
    surveillance.seen = seen
    return surveillance


@st.composite
def markets(draw: st.DrawFn) -> list[Message]:
    messages: list[Message] = []
    for symbol in ("BTC/USD", "ETH/USD"):
        writer = Writer(symbol, draw(st.integers(0, 10_000)))
        writer.background()
        writer.wash(draw(st.integers(0, 600)))
        writer.spoof(draw(st.integers(0, 1200)))
        writer.spoof(draw(st.integers(1200, 2300)))
        writer.pump(2400.0 + draw(st.integers(0, 30)))
        writer.book()
        messages += writer.messages
    return [{**message, "sequence": number} for number, message in enumerate(messages)]


@dataclass(frozen=True)
class Delivery:
    """How the messages came."""

    cuts: frozenset[int]
    restarts: frozenset[int]
    ticks: frozenset[int]
    delay_seed: int
    sharded: bool


deliveries = st.builds(
    Delivery,
    cuts=st.frozensets(st.integers(1, 900), max_size=12),
    restarts=st.frozensets(st.integers(0, 12), max_size=4),
    ticks=st.frozensets(st.integers(0, 12), max_size=4),
    delay_seed=st.integers(0, 1000),
    sharded=st.booleans(),
)


def tape_of(messages: list[Message]) -> Tape:
    def table(rows: list[Message]) -> pa.Table | None:
        if not rows:
            return None
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        columns["timestamp"] = pa.array(columns["timestamp"], pa.int64()).cast(pa.timestamp("ns", "UTC"))
        texts = [name for name in columns if isinstance(columns[name], list) and name not in NUMBERS]
        return pa.table({**columns, **{name: pa.array(columns[name], pa.string()) for name in texts}})

    orders, books = (table([m for m in messages if name in m]) for name in ("event", "snapshot"))
    trades = table([m for m in messages if "trade_id" in m])
    return Tape("test", trades=trades, orders=orders, books=books, accounts=OWNERS)


def run_batch(messages: list[Message], bundle: Bundle | None) -> Seen:
    seen = Seen({}, {})
    surveillance = recording(Recording(EAGER, bundle), seen)
    seen.add(surveillance.push(encode(tape_of(messages), surveillance.vocabulary, Lots(1e-3))))
    seen.add(surveillance.finish())
    seen.late = surveillance.late
    return seen


def arrivals(messages: list[Message], seed: int) -> list[Message]:
    delay = np.random.default_rng(seed).uniform(0, (LATENESS_S - 0.01) * SECOND, len(messages))
    return [messages[k] for k in np.argsort([m["timestamp"] for m in messages] + delay, kind="stable")]


def run_live(messages: list[Message], delivery: Delivery, bundle: Bundle | None, seen: Seen) -> None:
    surveillance = recording(Recording(EAGER, bundle), seen)
    come = arrivals(messages, delivery.delay_seed)
    bounds = sorted({0, len(come), *(cut for cut in delivery.cuts if cut < len(come))})
    for number, (begin, end) in enumerate(pairwise(bounds)):
        batch = tape_of(come[begin:end])
        seen.add(surveillance.push(encode(batch, surveillance.vocabulary, Lots(1e-3), first_row=begin)))
        if number in delivery.ticks and end < len(come):
            seen.add(surveillance.advance(min(message["timestamp"] for message in come[end:])))
        if number in delivery.restarts:
            restored = Recording.restore(surveillance.snapshot(), EAGER, bundle)
            assert isinstance(restored, Recording)
            surveillance = recording(restored, seen)
    seen.add(surveillance.finish())
    seen.late += surveillance.late


def named(code: int, vocabulary: Vocabulary) -> str:
    return vocabulary.accounts[code] if code >= 0 else ""


def whole_scales(whole: Folded) -> list[tuple[str, Rows]]:
    return [(name, getattr(whole, name)) for name in ("market", "fast", "accounts", "books")]


def plain(parts: list[tuple[Folded, Vocabulary]]) -> dict[str, Any]:
    """Return rows and episodes with names for codes, and floats as bytes."""
    whole = parts[0][0]
    for folded, _ in parts[1:]:
        whole = whole.then(folded)
    out: dict[str, Any] = {}
    for scale, rows in whole_scales(whole):
        out[scale] = [row.tobytes() for row in rows.values]
        out[f"{scale} end"] = rows.end.tolist()
        out[f"{scale} top"] = [named(c, v) for f, v in parts for c in getattr(f, scale).top_entity]
        out[f"{scale} pair"] = [sorted(named(c, v) for c in pair) for f, v in parts for pair in getattr(f, scale).pair]
    for kind, episodes in whole.episodes.items():
        for name in ("row", "side", "start", "end", "figures"):
            out[f"{kind} {name}"] = getattr(episodes, name).tobytes()
        out[f"{kind} members"] = [[named(c, v) for c in who] for f, v in parts for who in f.episodes[kind].members]
    return out


def learned(grain: str) -> tuple[Classifier, IsolationForest]:
    values, number = np.random.default_rng(0).random((400, len(GRAINS[grain]))), np.arange(400)
    label = np.array(["none", "spoofing", "wash_trading", "pump_and_dump"])[number // 10 % 4]
    rows = Labelled(values, label, number // 10, np.ones(400), grain)
    small = {"random_forest": lambda seed: RandomForestClassifier(10, min_samples_leaf=5, random_state=seed)}
    few = ForestSettings(trees=10)
    forest = fit_isolation_forest(values[:200], values[200:299], seed=0, settings=few, grain=grain)
    return fit_classifiers(rows, seed=0, candidates=small).classifier, forest


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    models = {scale: learned(grain_of(scale)) for scale in ("market", "fast", "account")}
    score, shares = np.linspace(0, 1, 100), {"spoofing": 0.6, "volume_spike": 0.2}
    return Bundle(
        classifiers={scale: classifier for scale, (classifier, _) in models.items()},
        isolation_forests={scale: forest for scale, (_, forest) in models.items()},
        combination={name: {"bias": 0.5, "weight": [1.0, 0.5, 0.25], "absent": [0.0, 0.5, 0.1]} for name in RULES},
        calibrators={name: fit_calibrator(score, score > least) for name, least in shares.items()},
        parameters="p", calibrated_on="simulated", created_from="d",
        onsets={"fast": models["fast"][0]}, opening=Opening((-2.0, 2.0), (0.9, 1.1), (0.2, 0.6)),
        detectors={"spoofing": dict.fromkeys(DETECTORS, fit_calibrator(score, score > 0.4))},
    )  # fmt: skip


def assert_live_is_batch(messages: list[Message], delivery: Delivery, bundle: Bundle | None) -> Seen:
    batch, live = run_batch(messages, bundle), Seen({}, {})
    symbols = {message["symbol"] for message in messages}
    for shard in [[symbol] for symbol in sorted(symbols)] if delivery.sharded else [sorted(symbols)]:
        run_live([message for message in messages if message["symbol"] in shard], delivery, bundle, live)
    assert live.late == batch.late == 0
    assert live.alerts == batch.alerts
    assert live.folded.keys() == batch.folded.keys()
    for market, parts in batch.folded.items():
        assert plain(live.folded[market]) == plain(parts)
    return batch


@given(messages=markets(), delivery=deliveries)
@settings(max_examples=15)
def test_live_under_the_rules_alone_gives_what_batch_gives(messages: list[Message], delivery: Delivery) -> None:
    assert assert_live_is_batch(messages, delivery, None).alerts


@given(messages=markets(), delivery=deliveries)
@settings(max_examples=8)
def test_live_under_a_bundle_gives_what_batch_gives(
    bundle: Bundle, messages: list[Message], delivery: Delivery
) -> None:
    assert assert_live_is_batch(messages, delivery, bundle).alerts


def test_tapes_of_this_test_fire_every_rule() -> None:
    fired: set[str] = set()
    for seed in range(3):
        writer = Writer("BTC/USD", seed)
        writer.background()
        writer.wash(300.0)
        writer.spoof(1000.0)
        writer.pump(2405.0)
        writer.book()
        messages = [{**message, "sequence": k} for k, message in enumerate(writer.messages)]
        for revisions in run_batch(messages, None).alerts.values():
            fired |= {rule for rule in RULES for text in revisions if f"typology='{rule}'" in text}
    assert fired == RULES


def test_one_event_at_a_time_gives_what_batch_gives() -> None:
    writer = Writer("BTC/USD", 3)
    writer.background()
    writer.spoof(600.0)
    writer.book()
    messages = [{**message, "sequence": k} for k, message in enumerate(writer.messages)]
    every = Delivery(frozenset(range(len(messages))), frozenset({5}), frozenset(), 1, sharded=False)
    assert assert_live_is_batch(messages, every, None).alerts


def test_fold_interrupted_anywhere_gives_the_same_bits() -> None:
    writer = Writer("BTC/USD", 4)
    writer.background()
    writer.wash(100.0)
    writer.spoof(600.0)
    writer.book()
    vocabulary = Vocabulary()
    messages = [{**message, "sequence": k} for k, message in enumerate(writer.messages)]
    events = total_order(encode(tape_of(messages), vocabulary, Lots(1e-3)))
    entity, counter = vocabulary.entities(events.account), vocabulary.entities(events.counter)
    whole = MarketFold(0).fold(events, entity, counter)
    for cut in range(1, len(events), 37):
        first = MarketFold(0)
        begun = first.fold(events.take(slice(0, cut)), entity[:cut], counter[:cut])
        second = MarketFold(0)
        second.restore(first.snapshot())
        ended = second.fold(events.take(slice(cut, len(events))), entity[cut:], counter[cut:])
        assert plain([(begun.then(ended), vocabulary)]) == plain([(whole, vocabulary)])


def test_books_beside_a_market_change_no_bit_of_its_other_rows_and_alerts() -> None:
    writer = Writer("BTC/USD", 5)
    writer.background()
    writer.wash(300.0)
    writer.spoof(1000.0)
    writer.pump(2405.0)
    writer.book()
    messages = [{**message, "sequence": k} for k, message in enumerate(writer.messages)]
    with_books, without = (run_batch(m, None) for m in (messages, [m for m in messages if "snapshot" not in m]))
    (market,) = with_books.folded
    rows, bare = (plain(seen.folded[market]) for seen in (with_books, without))
    assert rows.pop("books")
    assert not bare.pop("books")
    assert {name: rows[name] for name in rows if "books" not in name} == {n: bare[n] for n in bare if "books" not in n}
    # Of an open alert of a book the others know that it is related, and nothing else.
    said = [[re.sub(r"related=\([^)]*\)", "", text) for text in seen.alerts[market]] for seen in (with_books, without)]
    of_books = re.compile("typology='(vanishing_wall|liquidity_withdrawal)'")
    assert [text for text in said[0] if not of_books.search(text)] == said[1]
    assert said[1]


def test_live_on_a_real_pump_gives_what_batch_gives(pump_tape: Tape) -> None:
    parameters = Parameters()
    seen = []
    for cuts in ((), (1, 500, 501, 2000, 9000)):
        vocabulary = Vocabulary()
        surveillance = Surveillance(parameters, None, vocabulary)
        alerts: list[Alert] = []
        events = total_order(encode(pump_tape, vocabulary, Lots()))
        for rows in np.split(np.arange(len(events)), cuts):
            alerts += surveillance.push(events.take(rows))
            surveillance = Surveillance.restore(surveillance.snapshot(), parameters, None)
        seen.append([repr(alert) for alert in alerts + surveillance.finish()])
    assert seen[0]
    assert seen[0] == seen[1]


def test_fold_of_a_real_pump_in_pieces_gives_the_same_bits(pump_tape: Tape) -> None:
    vocabulary = Vocabulary()
    events = total_order(encode(pump_tape, vocabulary, Lots()))
    nobody: NDArray[np.int32] = vocabulary.entities(events.account)
    windows: Windows = windows_of(Parameters())
    whole = MarketFold(0, windows)
    batch = whole.fold(events, nobody, nobody).then(whole.advance(END_OF_TIME))
    live = MarketFold(0, windows)
    parts = [
        live.fold(events.take(rows), nobody[rows], nobody[rows]) for rows in np.array_split(np.arange(len(events)), 97)
    ]
    pieces = parts[0]
    for part in [*parts[1:], live.advance(END_OF_TIME)]:
        pieces = pieces.then(part)
    assert plain([(pieces, vocabulary)]) == plain([(batch, vocabulary)])


@pytest.fixture(scope="module")
def pump_tape() -> Tape:
    tapes = Path(__file__).parents[2].parent / "shared" / "data" / "pumps" / "tapes"
    if not tapes.is_dir():
        pytest.skip("the recorded pump tapes are not beside the repository (../shared/data/pumps)")
    return read_tape(tapes / "DNT_2020-03-04_19.00.parquet")
