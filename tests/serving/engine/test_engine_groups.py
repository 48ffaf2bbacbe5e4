"""Batches that share a write to disk, watermarks of single markets, a full disk, and snapshots that a copy writes."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from features.errors import SchemaError, StoreError
from models.alert import Alert
from serving.engine.engine import Engine
from serving.engine.watcher import Watch
from serving.engine.wire import Ack, batches_of
from serving.settings import Settings
from tests.serving.engine.engines import END, Clock, Kept, Trades, batch


def test_engine_group_with_one_poisoned_batch_takes_the_others(
    start: Callable[..., Engine], watch: Watch, wash_trades: Trades, kept: Kept, whole: dict[str, Alert]
) -> None:
    huge = [{**wash_trades[0], "symbol": f"X{k}", "quantity": 9e7, "event_id": f"x{k}"} for k in range(150)]
    poisoned = batch([{**trade, "symbol": "X"} for trade in huge] * 2)
    engine = start()
    group = [batch(wash_trades[:150]), poisoned, batch(wash_trades[100:], watermark=END)]
    first, refused, last = engine.submit_all(group)
    assert first == Ack(150, 0, 0)
    assert isinstance(refused, SchemaError)
    assert "must move fewer than 2^60 lots a day" in str(refused)
    assert last == Ack(len(wash_trades) - 150, 50, 0)
    assert kept.alerts == whole
    start()
    assert kept.alerts == whole


def test_engine_on_a_full_disk_says_so_keeps_nothing_and_goes_on_when_there_is_room(
    start: Callable[..., Engine], wash_trades: Trades, kept: Kept, whole: dict[str, Alert]
) -> None:
    engine = start()
    engine.submit(batch(wash_trades[:150]))
    room, hard = engine.status().journal_bytes + 100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(StoreError, match="events must be written to disk before they are taken"):
            engine.submit(batch(wash_trades[150:]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert engine.submit(batch(wash_trades[150:], watermark=END)).accepted == len(wash_trades) - 150
    assert kept.alerts == whole
    kept.alerts.clear()
    start()
    assert kept.alerts == whole


def test_engine_group_shares_one_frame_of_the_journal(start: Callable[..., Engine], wash_trades: Trades) -> None:
    engine = start()
    engine.submit_all([batch(wash_trades[:10]), batch(wash_trades[5:20])])
    assert [len(batches_of(frame)) for _, frame in engine._journal.read(0)] == [2]


def test_engine_watermark_of_a_market_leaves_the_others_open(start: Callable[..., Engine], wash_trades: Trades) -> None:
    engine = start()
    other = [{**trade, "symbol": "ETH/USD", "event_id": f"e{k}"} for k, trade in enumerate(wash_trades[:20])]
    engine.submit(batch([*wash_trades[:20], *other], watermark=END, markets=[("default", "ETH/USD"), ("no", "such")]))
    assert engine.submit(batch([{**trade, "event_id": "n"} for trade in other[-1:]])) == Ack(0, 0, 1)
    assert engine.submit(batch([{**wash_trades[19], "event_id": "m"}])) == Ack(1, 0, 0)


def test_engine_snapshot_written_by_a_copy_is_what_it_goes_on_from(
    settings: Settings, watch: Watch, wash_trades: Trades, whole: dict[str, Alert]
) -> None:
    kept = Kept()
    engine = Engine(settings.model_copy(update={"snapshot_events": 1}), watch, kept, Clock(), apart=True)
    engine.submit(batch(wash_trades[:150]))
    engine.submit(batch(wash_trades[150:160]))
    engine.close()
    again = Engine(settings, watch, kept, Clock(), apart=True)
    assert again.status().events == 0
    again.submit(batch(wash_trades, watermark=END))
    again.close()
    assert kept.alerts == whole


def test_engine_watermark_for_all_markets_leaves_canaries_their_own_time(
    start: Callable[..., Engine], wash_trades: Trades
) -> None:
    engine = start()
    canary = [{**wash_trades[0], "venue": "canary", "event_id": "c1"}]
    engine.submit(batch(canary, source="canary"))
    engine.submit(batch(wash_trades[:5], watermark=END))
    assert engine.submit(batch([{**canary[0], "event_id": "c2"}], source="canary")) == Ack(1, 0, 0)
    assert engine.submit(batch([{**wash_trades[0], "event_id": "n"}])) == Ack(0, 0, 1)
