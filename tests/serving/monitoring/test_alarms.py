from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.alerts.store import AlertStore
from serving.engine.wire import EngineStatus
from serving.errors import EngineUnavailableError
from serving.monitoring.alarm_book import AlarmBook
from serving.monitoring.alarms import Clocks, Raised, Rhythm, of_canaries, of_clock, of_engine, of_market, of_silence
from serving.monitoring.pulse import Pulse
from serving.monitoring.wire import Canary, Listed, Monitored
from serving.settings import Settings
from tests.serving.conftest import START, make_alert

SECOND = 1_000_000_000
BEGAN = START
SETTINGS = Settings()


def seen(arrival_s: float | None = None, interval_s: float = 60.0, **changes: Any) -> Monitored:
    """Return a market whose last arrival was so many seconds after the beginning."""
    arrival = None if arrival_s is None else BEGAN + int(arrival_s * SECOND)
    fields: dict[str, Any] = {
        "listed": Listed("x", "BTC/USDT", interval_s, since=BEGAN), "state": "live", "error": "", "retry_at": None,
        "retries": 0, "connections": 1, "events": 9, "duplicates": 0, "gaps": 0, "filled": 0, "checksum_errors": 0,
        "sequence_errors": 0, "last_event": None, "last_arrival": arrival, "lag_s": None,
    }  # fmt: skip
    return Monitored(**(fields | changes))


def kinds(market: Monitored, rhythm: Rhythm, at_s: float) -> list[str]:
    raised = of_market(market, rhythm, BEGAN + int(at_s * SECOND), SETTINGS)
    return [subject[0] for subject, _ in raised]


def after(*looks: Monitored) -> Rhythm:
    """Return the rhythm after looks at these moments of arrival."""
    rhythm = Rhythm()
    for market in looks:
        rhythm = rhythm.after(market, market.last_arrival or BEGAN)
    return rhythm


@pytest.mark.parametrize(("interval_s", "patience_s"), [(1.0, 60.0), (60.0, 180.0), (600.0, 1800.0)])
def test_stale_feed_before_the_pace_is_known_is_three_intervals_and_at_least_a_minute(
    interval_s: float, patience_s: float
) -> None:
    market = seen(None, interval_s)
    assert kinds(market, Rhythm(), patience_s) == []
    assert kinds(market, Rhythm(), patience_s + 1) == ["stale_feed"]


def test_stale_feed_after_a_restart_is_counted_from_the_restart() -> None:
    market = seen(None, 1.0)
    restarted = Rhythm().after(market, BEGAN + 86_400 * SECOND)
    assert kinds(market, restarted, 86_400 + 59) == []
    assert kinds(market, restarted, 86_400 + 61) == ["stale_feed"]


def test_stale_feed_of_a_known_pace_is_three_times_that() -> None:
    looks = [seen(at_s, 1.0) for at_s in (0, 40, 80, 120)]
    assert kinds(looks[-1], after(*looks), 120 + 119) == []
    assert kinds(looks[-1], after(*looks), 120 + 121) == ["stale_feed"]


def test_stale_feed_quiet_market_with_heartbeats_is_none() -> None:
    looks = [seen(at_s, 1.0, last_event=BEGAN) for at_s in range(0, 7200, 5)]
    assert kinds(looks[-1], after(*looks), 7199) == []


def test_stale_feed_one_long_pause_is_forgiven_later_pauses_of_its_length() -> None:
    looks = [seen(at_s, 1.0) for at_s in (0, 1, 2, 100, 101, 102)]
    assert kinds(looks[-1], after(*looks), 102 + 200) == []
    assert kinds(looks[-1], after(*looks), 102 + 300) == ["stale_feed"]


@given(st.lists(st.floats(0.01, 50.0), min_size=2, max_size=40))
def test_stale_feed_arrivals_less_than_a_minute_apart_never_raise_it(waits: list[float]) -> None:
    at_s, rhythm, raised = 0.0, Rhythm(), []
    for wait in waits:
        raised += kinds(seen(at_s, 1.0), rhythm, at_s + wait)
        at_s += wait
        rhythm = rhythm.after(seen(at_s, 1.0), BEGAN + int(at_s * SECOND))
    assert raised == []


def test_feed_gap_is_open_for_an_hour_after_the_last_hole_and_not_for_filled_ones() -> None:
    rhythm = after(seen(0), seen(10, gaps=3, filled=3))
    assert kinds(seen(10, gaps=3, filled=3), rhythm, 10) == []
    rhythm = rhythm.after(seen(20, gaps=4, filled=3), BEGAN + 20 * SECOND)
    assert kinds(seen(3600, gaps=4, filled=3), rhythm, 3619) == ["feed_gap"]
    assert kinds(seen(3700, gaps=4, filled=3), rhythm, 3700) == []


@pytest.mark.parametrize(("retries", "raised"), [(2, []), (3, ["feed_failing"])])
def test_feed_failing_is_from_the_third_failure_in_a_row(retries: int, raised: list[str]) -> None:
    assert kinds(seen(0, retries=retries, error="no route to host"), Rhythm(), 1) == raised


@pytest.mark.parametrize(("moved_s", "raised"), [(1.0, 0), (61.0, 1), (-3600.0, 1)])
def test_clock_jump_is_a_wall_clock_that_moves_otherwise_than_time(moved_s: float, raised: int) -> None:
    before, now = Clocks(BEGAN, 50.0), Clocks(BEGAN + int(moved_s * SECOND), 51.0)
    assert before.jump_s(now) == pytest.approx(moved_s - 1.0)
    assert len(list(of_clock(before.jump_s(now), 0.0, SETTINGS))) == raised
    assert list(of_clock(before.jump_s(now), 601.0, SETTINGS)) == []


def test_engine_unreachable_is_after_half_a_minute() -> None:
    assert [len(list(of_engine(silent_s))) for silent_s in (29.0, 31.0)] == [0, 1]


NOW_MINUTE = 10 * 1440


def silent(minutes: list[int], quiet_h: float) -> int:
    return len(list(of_silence(minutes, quiet_h * 3600, NOW_MINUTE * 60 * SECOND, SETTINGS)))


def test_alert_silence_is_a_quiet_that_chance_explains_once_in_a_thousand() -> None:
    hourly = list(range(0, NOW_MINUTE, 60))
    assert silent(hourly, quiet_h=6.8) == 0
    assert silent(hourly, quiet_h=7.0) == 1


def test_alert_silence_shorter_than_one_in_the_history_is_none() -> None:
    nightly = [day * 1440 + minute for day in range(10) for minute in range(0, 720, 10)]
    assert silent(nightly, quiet_h=11.0) == 0
    assert silent(nightly, quiet_h=13.0) == 1


def test_alert_silence_with_too_little_history_says_nothing() -> None:
    assert silent(list(range(NOW_MINUTE - 1000, NOW_MINUTE, 10)), quiet_h=500.0) == 0
    assert silent([0, 5, 9], quiet_h=500.0) == 0
    assert silent([], quiet_h=500.0) == 0


def test_canary_missed_is_open_until_one_of_the_pattern_is_caught() -> None:
    def canary(number: int, outcome: Any, pattern: Any = "spoofing") -> Canary:
        return Canary(number, pattern, "S", 0, 1, 1, outcome)

    flown = [canary(1, "missed"), canary(2, "caught", "wash_trading"), canary(3, "in_flight")]
    ((subject, _),) = of_canaries(flown)
    assert subject == ("canary_missed", "canary", "spoofing")
    assert list(of_canaries([*flown, canary(4, "caught")])) == []


RAISED: list[Raised] = [(("feed_failing", "x", "A"), "failed 3 times"), (("clock_jump", "", ""), "jumped")]


def test_alarm_book_opens_once_closes_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "alarms.jsonl"
    book = AlarmBook(file)
    assert [alarm.opened for alarm in book.update(RAISED, 10)] == [10, 10]
    assert book.update(RAISED, 11) == []
    again = AlarmBook(file)
    assert again.update(RAISED, 12) == []
    (closed,) = again.update(RAISED[:1], 13)
    assert (closed.kind, closed.opened, closed.closed) == ("clock_jump", 10, 13)
    assert [alarm.kind for alarm in again.all()] == ["feed_failing", "clock_jump"]
    assert [alarm.kind for alarm in AlarmBook(file).open()] == ["feed_failing"]


def test_alarm_book_that_cannot_be_written_goes_on(tmp_path: Path) -> None:
    book = AlarmBook(tmp_path / "no folder" / "alarms.jsonl")
    assert len(book.update(RAISED, 10)) == 2
    assert len(book.open()) == 2


def test_alarm_book_file_grown_too_large_begins_anew_and_keeps_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.monitoring.alarm_book.MOST_BYTES", 1000)
    book = AlarmBook(tmp_path / "alarms.jsonl")
    for second in range(100):
        book.update(RAISED[:1] if second % 2 else [], second)
    assert [path.stat().st_size < 1300 for path in sorted(tmp_path.iterdir())] == [True, True]


class EngineOf:
    """An engine that tells how many events it has taken, or is silent."""

    def __init__(self) -> None:
        self.events: int | None = 0

    def status(self) -> EngineStatus:
        if self.events is None:
            raise EngineUnavailableError("it is starting")
        return EngineStatus(self.events, 0, 0, 0, 0, "rules only", "p")


def test_pulse_tells_silence_only_while_events_flow_and_until_an_alert_comes(
    store: AlertStore, settings: Settings
) -> None:
    first = START // (60 * SECOND) * 60 * SECOND
    store.upsert([make_alert(number, detected_at=first + number * 3600 * SECOND) for number in range(48)])
    now, engine = Clocks(first + 47 * 3600 * SECOND, 0.0), EngineOf()
    pulse = Pulse(settings, engine, store.database, lambda: now)

    def pass_hours(hours: int, *, flowing: bool) -> list[str]:
        nonlocal now
        for _ in range(hours * 60):
            now = Clocks(now.wall + 60 * SECOND, now.monotonic + 60.0)
            engine.events = (engine.events or 0) + flowing
            pulse.look()
        return [subject[0] for subject, _ in pulse.raised()]

    assert pass_hours(10, flowing=False) == []
    assert pass_hours(6, flowing=True) == []
    assert pass_hours(4, flowing=True) == ["alert_silence"]
    store.upsert([make_alert(99, detected_at=now.wall)])
    assert pass_hours(1, flowing=True) == []
    engine.events = None
    now = Clocks(now.wall + 40 * SECOND, now.monotonic + 31.0)
    pulse.look()
    assert [subject[0] for subject, _ in pulse.raised()] == ["clock_jump", "engine_unreachable"]
