from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.events import Events, Vocabulary
from models.alert import Alert
from models.cross_report import CrossReport
from models.parameters import parse_parameters
from serving.alerts.query import Filters
from serving.alerts.record import to_record
from serving.alerts.store import AlertStore
from serving.champion import Champion
from serving.engine.client import EngineClient
from serving.engine.engine import Engine
from serving.engine.intake import Intake
from serving.engine.process import watch_of
from serving.engine.server import EngineServer
from serving.engine.watcher import Watch, Watcher
from serving.engine.wire import Ack, Batch
from serving.errors import EngineFailedError, EngineUnavailableError
from serving.settings import Settings
from tests.serving.engine.engines import END, Clock, Kept, Trades, batch, killed, without_ids


class FailsOnce:
    """A watcher that takes part of the events, and fails."""

    def __init__(self, inner: Watcher, fails: list[bool]) -> None:
        self._inner = inner
        self._fails = fails
        self.vocabulary: Vocabulary = inner.vocabulary

    @property
    def late(self) -> int:
        return self._inner.late

    def add(self, events: Events) -> None:
        if self._fails:
            self._fails.pop()
            self._inner.add(events.take(slice(0, len(events) // 2)))
            raise ZeroDivisionError("in a kernel")
        self._inner.add(events)

    def tick(self, until_ns: int, markets: Collection[tuple[str, str]] | None = None) -> None:
        self._inner.tick(until_ns, markets)

    def close(self) -> list[Alert]:
        return self._inner.close()

    def cross_report(self, symbol: str | None, window_ns: int) -> CrossReport | None:
        return self._inner.cross_report(symbol, window_ns)

    def snapshot(self) -> Iterator[dict[str, NDArray[Any]]]:
        return self._inner.snapshot()


def test_engine_tape_with_wash_trading_raises_the_alert(whole: dict[str, Alert]) -> None:
    assert {("wash_trading", ("w",))} <= {(alert.typology, alert.accounts) for alert in whole.values()}


def test_engine_batch_sent_again_is_counted_as_duplicates_and_changes_nothing(
    start: Callable[..., Engine], wash_trades: Trades
) -> None:
    engine = start()
    assert engine.submit(batch(wash_trades[:50])) == Ack(50, 0, 0)
    before = engine.status()
    assert engine.submit(batch(wash_trades[:50])) == Ack(0, 50, 0)
    assert engine.status() == before
    assert engine.submit(batch(wash_trades[40:60])) == Ack(10, 10, 0)


def test_engine_ids_of_another_source_are_other_events(start: Callable[..., Engine], wash_trades: Trades) -> None:
    engine = start()
    engine.submit(batch(wash_trades[:1]))
    assert engine.submit(batch(wash_trades[:1], source="other")) == Ack(1, 0, 0)


def test_engine_equal_rows_without_id_are_events_of_their_own(
    start: Callable[..., Engine], wash_trades: Trades
) -> None:
    engine, rows = start(), without_ids(wash_trades[:1]) * 3
    assert engine.submit(batch(rows)) == Ack(3, 0, 0)
    assert engine.submit(batch(rows)) == Ack(3, 0, 0)


def test_engine_batch_key_sent_again_is_recognised_by_row(start: Callable[..., Engine], wash_trades: Trades) -> None:
    engine, rows = start(), without_ids(wash_trades[:1]) * 3
    assert engine.submit(batch(rows, key="k1")) == Ack(3, 0, 0)
    assert engine.submit(batch(rows, key="k1")) == Ack(0, 3, 0)
    assert engine.submit(batch(rows, key="k2")) == Ack(3, 0, 0)


def test_engine_events_behind_the_watermark_are_late(start: Callable[..., Engine], wash_trades: Trades) -> None:
    engine = start()
    assert engine.submit(batch(wash_trades[100:110])) == Ack(10, 0, 0)
    assert engine.submit(batch(wash_trades[:10])) == Ack(0, 0, 10)
    assert engine.status().late == 10


@examples(max_examples=12)
@given(data=st.data())
def test_engine_batches_restarts_and_snapshots_anywhere_give_the_same_alerts(
    data: st.DataObject,
    watch: Watch,
    wash_trades: Trades,
    whole: dict[str, Alert],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    kept, clock = Kept(), Clock()
    settings = Settings(home=tmp_path_factory.mktemp("split"), segment_bytes=4096, keep_segments=0, snapshot_s=1.0)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(wash_trades) - 1), max_size=6)))
    engine = Engine(settings, watch, kept, clock)
    for begin, end in zip([0, *cuts], [*cuts, len(wash_trades)], strict=True):
        engine.submit(batch(wash_trades[begin:end]))
        clock.now += data.draw(st.sampled_from([0.0, 2.0]))
        if data.draw(st.booleans()):
            engine.look_after()
        if data.draw(st.booleans()):
            killed(engine)
            engine = Engine(settings, watch, kept, clock)
            assert engine.submit(batch(wash_trades[begin:end])).accepted == 0
    engine.submit(Batch(watermark=END))
    killed(engine)
    assert kept.alerts == whole


def test_engine_replay_gives_the_store_the_alerts_it_had_not_got(
    start: Callable[..., Engine], wash_trades: Trades, kept: Kept, whole: dict[str, Alert]
) -> None:
    start().submit(batch(wash_trades, watermark=END))
    kept.alerts.clear()
    start()
    assert kept.alerts == whole


def test_engine_damaged_snapshot_is_replaced_by_the_journal(
    start: Callable[..., Engine], wash_trades: Trades, settings: Settings, kept: Kept, whole: dict[str, Alert]
) -> None:
    start(snapshot_events=1).submit(batch(wash_trades[:200]))
    snapshot: Path = settings.journal / "snapshot"
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    engine = start()
    assert engine.status().events == 200
    engine.submit(batch(wash_trades, watermark=END))
    assert kept.alerts == whole


def test_engine_snapshot_of_another_fold_is_replaced_by_the_journal(
    settings: Settings, watch: Watch, wash_trades: Trades, tmp_path: Path
) -> None:
    wider = watch_of(Champion(parse_parameters({"windows": {"market": {"buckets": 30}}}), None))
    found = []
    for home, before, replayed in ((settings.home, watch, 150), (tmp_path / "anew", wider, 0)):
        mine, kept = settings.model_copy(update={"home": home}), Kept()
        first = Engine(mine, before, Kept(), Clock())
        first.submit(batch(wash_trades[:150]))
        first.close()
        engine = Engine(mine, wider, kept, Clock())
        assert engine.status().events == replayed
        engine.submit(batch(wash_trades[150:], watermark=END))
        engine.close()
        found.append(kept.alerts)
    assert {alert.typology for alert in found[0].values()} >= {"wash_trading"}
    assert found[0] == found[1]


def test_engine_snapshot_under_other_thresholds_is_taken_up(
    settings: Settings, watch: Watch, wash_trades: Trades
) -> None:
    first = Engine(settings, watch, Kept(), Clock())
    first.submit(batch(wash_trades[:150]))
    first.close()
    stricter = watch_of(Champion(parse_parameters({"alerts": {"confidence_threshold": 0.75}}), None))
    engine = Engine(settings, stricter, Kept(), Clock())
    assert engine.status().events == 0
    engine.close()


def test_engine_clean_stop_writes_a_snapshot_so_that_nothing_is_replayed(
    settings: Settings, watch: Watch, kept: Kept, clock: Clock, wash_trades: Trades
) -> None:
    engine = Engine(settings, watch, kept, clock)
    engine.submit(batch(wash_trades[:200]))
    engine.close()
    again = Engine(settings, watch, kept, clock)
    assert again.status().events == 0
    assert again.submit(batch(wash_trades[:200])) == Ack(0, 200, 0)
    again.close()


def test_engine_failing_in_the_middle_of_a_batch_keeps_nothing_of_it(
    start: Callable[..., Engine], watch: Watch, wash_trades: Trades, kept: Kept, whole: dict[str, Alert]
) -> None:
    fails: list[bool] = []
    failing = replace(
        watch,
        new=lambda: FailsOnce(watch.new(), fails),
        restored=lambda state: FailsOnce(watch.restored(state), fails),
    )
    engine = start(watch=failing)
    engine.submit(batch(wash_trades[:150]))
    end = engine.status().journal_bytes
    fails.append(True)
    with pytest.raises(EngineFailedError, match="kept nothing of it: ZeroDivisionError: in a kernel"):
        engine.submit(batch(wash_trades[150:]))
    assert engine.status().journal_bytes == end
    assert engine.submit(batch(wash_trades[150:], watermark=END)).accepted == len(wash_trades) - 150
    assert kept.alerts == whole


def test_engine_store_unreachable_takes_events_and_hands_alerts_over_later(
    start: Callable[..., Engine], wash_trades: Trades, kept: Kept, whole: dict[str, Alert]
) -> None:
    kept.reachable = False
    engine = start(snapshot_events=1)
    assert engine.submit(batch(wash_trades, watermark=END)).accepted == len(wash_trades)
    status = engine.status()
    assert (status.pending_alerts > 0, status.snapshot_bytes) == (True, 0)
    kept.reachable = True
    engine.look_after()
    assert kept.alerts == whole
    assert engine.status().pending_alerts == 0
    assert engine.status().snapshot_bytes == engine.status().journal_bytes


def test_engine_alerts_in_the_real_store_are_those_of_the_fold(
    settings: Settings, watch: Watch, sqlite_store: AlertStore, wash_trades: Trades, whole: dict[str, Alert]
) -> None:
    engine = Engine(settings, watch, sqlite_store, Clock())
    engine.submit(batch(wash_trades, watermark=END))
    engine.close()
    stored = sqlite_store.query(Filters(), limit=500).alerts
    expected = sorted(whole.values(), key=lambda alert: (alert.detected_at, alert.alert_id), reverse=True)
    assert stored == [to_record(alert) for alert in expected]


def served(engine: Engine, address: str) -> EngineServer:
    return EngineServer(engine, Intake(engine, 2**20, 8), address, b"secret")


@pytest.fixture
def client(start: Callable[..., Engine], settings: Settings) -> Iterator[EngineClient]:
    address = str(settings.home / "engine.sock")
    server = served(start(), address)
    client = EngineClient(address, b"secret", timeout_s=10.0)
    yield client
    client.close()
    server.close()


def test_client_over_the_socket_submits_flushes_and_asks(client: EngineClient, wash_trades: Trades) -> None:
    assert client.submit(batch(wash_trades[:10])) == Ack(10, 0, 0)
    assert client.submit(batch(wash_trades[:10])) == Ack(0, 10, 0)
    assert client.flush(END) == Ack(0, 0, 0)
    assert client.submit(batch(wash_trades[10:20])) == Ack(0, 0, 10)
    assert (client.status().events, client.status().model) == (20, "rules only")


def test_client_with_the_wrong_key_is_turned_away_and_others_are_not(client: EngineClient, settings: Settings) -> None:
    stranger = EngineClient(str(settings.home / "engine.sock"), b"guess", timeout_s=1.0)
    with pytest.raises(EngineUnavailableError, match="AuthenticationError"):
        stranger.status()
    assert client.status().events == 0


def test_client_without_engine_says_it_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="must answer at its socket"):
        EngineClient(str(tmp_path / "none.sock"), b"secret", timeout_s=1.0).status()


def test_client_after_the_engine_was_restarted_uses_a_new_connection(
    start: Callable[..., Engine], settings: Settings, wash_trades: Trades
) -> None:
    address = str(settings.home / "engine.sock")
    client = EngineClient(address, b"secret", timeout_s=10.0)
    first = served(start(), address)
    client.submit(batch(wash_trades[:10]))
    connection = client._connections._idle.get()
    connection.send_bytes(b"not a request")
    connection.close()
    first.close()
    second = served(start(), address)
    assert client.submit(batch(wash_trades[:10])) == Ack(0, 10, 0)
    client.close()
    second.close()
