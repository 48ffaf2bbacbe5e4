"""Canaries through the real engine and the real rules; and that nothing of them can reach anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from features.canary import CANARY_VENUE
from features.encoding import encode
from features.events import Vocabulary, no_events
from features.readers import Tape
from features.records import tables_from_records
from models.cross_surveillance import CrossSurveillance
from models.shadow import Compared
from models.surveillance import policy_of
from serving.alerts.query import Filters
from serving.alerts.store import AlertStore
from serving.champion import Champion
from serving.engine.engine import Engine
from serving.engine.recording import recorded_events
from serving.engine.shadowing import ShadowLog
from serving.engine.watcher import Watch
from serving.engine.wire import Ack, Batch, batch_of
from serving.errors import CanaryWaitsError, EngineUnavailableError, StoreUnreachableError
from serving.monitoring.canaries import SLOTS, CanaryRounds
from serving.monitoring.canary_alerts import AlertsWithCanaries, read_found
from serving.monitoring.canary_events import PATTERNS, SPAN_S, tables_of
from serving.monitoring.wire import Canary, Pattern
from serving.settings import Settings
from tests.serving.conftest import START, make_alert

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
NOW = START + 1000 * HOUR
ALL = tuple(PATTERNS)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        self.now += 10_000_000
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(settings: Settings, watch: Watch, sqlite_store: AlertStore, clock: Clock) -> Any:
    alerts = AlertsWithCanaries(sqlite_store, settings.canary_alerts_file, clock)
    running = Engine(settings, watch, alerts, lambda: 0.0)
    yield running
    running.close()


def rounds_of(settings: Settings, submit: Callable[[Batch], Ack]) -> CanaryRounds:
    return CanaryRounds(settings.canaries_file, settings.canary_alerts_file, submit, settings.canary_within_s)


def fly(rounds: CanaryRounds) -> None:
    for one in rounds.unsent:
        rounds.send(one)


def test_canaries_are_found_by_the_rules_alone_time_after_time(
    settings: Settings, engine: Engine, sqlite_store: AlertStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = rounds_of(settings, engine.submit)
    monkeypatch.setattr("serving.monitoring.canaries.SLOTS", 1)
    for n in range(3):
        clock.now = NOW + 2 * n * HOUR
        rounds.begin(ALL, clock())
        fly(rounds)
        settled = rounds.look(clock())
        assert [(one.pattern, one.outcome) for one in settled] == [(pattern, "caught") for pattern in ALL]
        for one in settled:
            assert one.delay_s is not None
            assert 0 < one.delay_s < 1
            assert one.event_delay_s is not None
            assert 0 < one.event_delay_s < 60
    assert rounds.known.counts == {f"{pattern} caught": 3 for pattern in ALL}
    assert sum(rounds.known.delays.within.values()) == sum(rounds.known.event_delays.within.values()) == 9
    assert sqlite_store.summary().total_alerts == 0


def test_canaries_never_run_a_market_backwards_and_say_when_the_next_can_be_sent(settings: Settings) -> None:
    rounds = rounds_of(settings, lambda _batch: Ack(0, 0, 0))
    for n in range(SLOTS):
        rounds.begin(["spoofing"], NOW + n * SECOND)
    markets = [one.symbol for one in rounds.known.canaries]
    assert len(set(markets)) == SLOTS
    with pytest.raises(CanaryWaitsError, match=r"until 20\d\d-"):
        rounds.begin(["spoofing"], NOW + SLOTS * SECOND)
    later = rounds.begin(["spoofing"], NOW + (SPAN_S + 1801) * SECOND)
    assert later[0].symbol == markets[0]


def test_canary_that_is_not_found_in_time_is_missed_also_when_found_later(
    settings: Settings, engine: Engine, clock: Clock
) -> None:
    rounds = rounds_of(settings, engine.submit)
    rounds.begin(["spoofing"], NOW)
    assert rounds.look(NOW + 59 * SECOND) == []
    clock.now = NOW + 61 * SECOND
    fly(rounds)
    assert [one.outcome for one in rounds.look(clock())] == ["missed"]
    assert rounds.known.counts == {"spoofing missed": 1}
    assert rounds.look(clock()) == []


def test_canary_in_flight_at_a_kill_is_caught_once_and_sent_again_without_harm(
    settings: Settings, engine: Engine, clock: Clock
) -> None:
    taken: list[Ack] = []

    def submit(sent: Batch) -> Ack:
        taken.append(engine.submit(sent))
        return taken[-1]

    before = rounds_of(settings, submit)
    before.begin(["wash_trading"], clock())
    fly(before)
    after = rounds_of(settings, submit)
    fly(after)
    assert [ack.accepted > 0 for ack in taken] == [True, False]
    assert [one.outcome for one in after.look(clock())] == ["caught"]
    again = rounds_of(settings, submit)
    assert again.in_flight == []
    assert again.known.counts == {"wash_trading caught": 1}


def test_canary_begun_before_a_long_outage_is_missed_and_not_left_open(settings: Settings) -> None:
    def nobody(_batch: Batch) -> Ack:
        raise EngineUnavailableError("it is gone")

    rounds_of(settings, nobody).begin(["spoofing"], NOW)
    rounds = rounds_of(settings, nobody)
    with pytest.raises(EngineUnavailableError):
        fly(rounds)
    assert [one.outcome for one in rounds.look(NOW + 10 * HOUR)] == ["missed"]


def test_canary_alerts_are_kept_once_though_the_journal_is_replayed(
    settings: Settings, watch: Watch, sqlite_store: AlertStore, clock: Clock
) -> None:
    for _ in range(2):
        alerts = AlertsWithCanaries(sqlite_store, settings.canary_alerts_file, clock)
        engine = Engine(settings, watch, alerts, lambda: 0.0)
        rounds = rounds_of(settings, engine.submit)
        if not rounds.known.canaries:
            rounds.begin(["spoofing"], NOW)
        fly(rounds)
        engine._journal.close()
    ids = [found.alert_id for found in read_found(settings.canary_alerts_file)]
    assert ids
    assert len(ids) == len(set(ids))


def test_alerts_of_a_canary_wait_while_the_store_is_away_for_they_watch_it_too(tmp_path: Path, clock: Clock) -> None:
    class Away:
        def upsert(self, _found: list[Any]) -> int:
            return 0

        def check(self) -> None:
            raise StoreUnreachableError("no route to host")

    alerts = AlertsWithCanaries(Away(), tmp_path / "found.jsonl", clock)
    with pytest.raises(StoreUnreachableError):
        alerts.upsert([make_alert(venue=CANARY_VENUE)])
    assert read_found(tmp_path / "found.jsonl") == []


def test_store_takes_no_canary_whoever_brings_it(sqlite_store: AlertStore) -> None:
    assert sqlite_store.upsert([make_alert(1, venue=CANARY_VENUE), make_alert(2)]) == 1
    assert [record["venue"] for record in sqlite_store.query(Filters()).alerts] == ["x"]
    assert sqlite_store.summary().total_alerts == 1
    assert sqlite_store.query(Filters(venue=(CANARY_VENUE,))).alerts == []


def test_recorded_events_hold_no_canary(
    settings: Settings, engine: Engine, rules_only: Champion, wash_trades: list[dict[str, Any]], clock: Clock
) -> None:
    rounds = rounds_of(settings, engine.submit)
    rounds.begin(ALL, clock())
    fly(rounds)
    engine.submit(batch_of({"trades": tables_from_records(trades=wash_trades[:50]).trades}))
    events, names = recorded_events(settings, rules_only.lots)
    assert len(events) == 50
    assert [venue for venue, _ in names.markets] == ["default"]


def test_venues_of_one_thing_are_never_compared_with_a_canary(rules_only: Champion) -> None:
    canary = Canary(7, "wash_trading", "S/CANARY", NOW - SPAN_S * SECOND, NOW, NOW)
    names, trades = Vocabulary(), tables_of(canary)["trades"]
    at = trades.column_names.index("venue")
    of_venues = [
        trades.set_column(
            at, "venue", pa.array([venue] * trades.num_rows).dictionary_encode().cast(trades["venue"].type)
        )
        for venue in (CANARY_VENUE, "x", "y")
    ]
    across = CrossSurveillance(rules_only.parameters, None, names, policy_of(rules_only.parameters, None))
    for code, table in enumerate(of_venues):
        events = encode(Tape("tape", trades=table), names, rules_only.lots)
        across.take(code, events, no_events(), NOW)
    assert [names.markets[code][0] for code in range(3)] == [CANARY_VENUE, "x", "y"]
    assert [across.compares(code) for code in range(3)] == [False, True, True]


def test_shadow_log_compares_no_canary(tmp_path: Path) -> None:
    log = ShadowLog(tmp_path / "shadow.jsonl", "2")
    alert = make_alert(venue=CANARY_VENUE)
    log.compared(Compared("champion_only", alert, None))
    assert log.counts == {}
    assert not (tmp_path / "shadow.jsonl").exists()


@pytest.mark.parametrize("pattern", ALL)
def test_canary_events_are_the_same_every_time_in_order_and_on_its_own_market(pattern: Pattern) -> None:
    canary = Canary(7, pattern, "S/CANARY", NOW - SPAN_S * SECOND, NOW, NOW)
    first, second = tables_of(canary), tables_of(canary)
    other = tables_of(msgspec.structs.replace(canary, number=8))
    for name, table in first.items():
        assert table.equals(second[name])
        times = table["timestamp"].cast("int64").to_pylist()
        assert times == sorted(times)
        assert canary.start <= times[0]
        assert times[-1] <= canary.end
        assert set(table["venue"].to_pylist()) == {CANARY_VENUE}
        assert set(table["symbol"].to_pylist()) == {"S/CANARY"}
        ids = table["event_id"].to_pylist()
        assert len(set(ids)) == len(ids)
        assert not set(ids) & set(other[name]["event_id"].to_pylist())
