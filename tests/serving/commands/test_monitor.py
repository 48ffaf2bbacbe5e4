from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from features.errors import TapewatchError
from serving.commands.monitor_screen import SILENT_LOOKS, Told, alert_line, follow, market_line, screen
from serving.service_api import ServiceApi, SilentServiceError, running_service
from serving.settings import Settings

ROOT = Path(__file__).parents[3]
Record = dict[str, Any]


def market(symbol: str = "BTC/USDT", **changes: Any) -> Record:
    return {
        "venue": "binance", "symbol": symbol, "state": "live", "error": None, "events": 1234567, "gaps": 3, "filled": 2,
        "checksum_errors": 0, "sequence_errors": 1, "retries": 0, "lag_s": 0.42, "alarms": [], **changes,
    }  # fmt: skip


def alert(number: int) -> Record:
    return {
        "alert_id": f"a{number}", "detected_at": "2024-05-01T09:31:00.000000Z", "alert_level": "high",
        "typology": "pump_and_dump", "venue": "binance", "symbol": "BTC/USDT", "accounts": [], "confidence": 0.93,
    }  # fmt: skip


ALARM = {
    "kind": "stale_feed",
    "venue": "binance",
    "symbol": "BTC/USDT",
    "says": "nothing came",
    "opened": "2024-05-01T09",
}


class Answers:
    """A service that answers what a test says."""

    def __init__(self, markets: list[Record]) -> None:
        self.markets = markets
        self.alarms: list[Record] = []
        self.alerts: list[Record] = [alert(1)]
        self.silent = False

    def ask(self, _method: str, path: str, _body: Any = None) -> Record:
        if self.silent:
            raise SilentServiceError("the service must answer")
        told = {"/v1/monitoring": "markets", "/v1/monitoring/alarms": "alarms", "/v1/alerts": "alerts"}
        name = told[path.partition("?")[0]]
        return {name: getattr(self, name)}


def drawn(told: Told, height: int = 24) -> str:
    out = StringIO()
    console = Console(file=out, width=80, force_terminal=False)
    console.print(screen(told, height))
    return out.getvalue()


def test_screen_is_readable_in_80_columns() -> None:
    failing = market("ETH/USDT", state="backing_off", error="NetworkError: " + "x" * 200, lag_s=None, gaps=0)
    told = Told(Answers([market(), failing | {"alarms": ["feed_failing", "stale_feed"]}]))  # type: ignore[arg-type]
    told.look()
    lines = drawn(told).splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for shown in ("BTC/USDT", "live", "1,234,567", "0.4", "1/3", "retrying", "feed_failing", "NetworkError: xx"):
        assert shown in text


def test_screen_of_more_markets_than_there_is_room_for_shows_the_worst_first() -> None:
    many = [market(f"C{n}/USDT") for n in range(100)] + [market("BAD/USDT", alarms=["stale_feed"])]
    told = Told(Answers(many))  # type: ignore[arg-type]
    told.look()
    text = drawn(told)
    assert len(text.splitlines()) <= 24
    assert "BAD/USDT" in text
    assert "more; GET /v1/monitoring lists all" in text


def test_told_alerts_and_alarms_come_once_each_and_old_alerts_not_at_all() -> None:
    service = Answers([market()])
    told = Told(service)  # type: ignore[arg-type]
    assert told.look() == []
    service.alerts = [alert(3), alert(2), alert(1)]
    service.alarms = [ALARM]
    lines = told.look()
    assert [line.split()[1] for line in lines] == ["ALERT", "ALERT", "ALARM"]
    assert told.look() == []


def test_told_service_that_is_silent_for_a_moment_is_no_matter() -> None:
    service = Answers([market()])
    told = Told(service)  # type: ignore[arg-type]
    service.silent = True
    errors = []
    for _ in range(SILENT_LOOKS):
        told.look()
        errors.append(told.error)
    assert errors == [""] * (SILENT_LOOKS - 1) + ["the service must answer"]


def test_follow_where_it_is_piped_writes_plain_lines() -> None:
    done, out = threading.Event(), StringIO()
    done.set()
    follow(Answers([market()]), done, Console(file=out, width=80))  # type: ignore[arg-type]
    assert out.getvalue() == "binance BTC/USDT live: 1234567 events, lag 0.4 s, gaps 1/3, errors 1\n"


def test_lines_tell_what_is_wrong() -> None:
    failing = market(state="backing_off", error="no route", alarms=["feed_failing"], retries=4)
    assert market_line(failing).endswith("errors 5, alarms feed_failing; no route")
    assert alert_line(alert(1) | {"accounts": ["a", "b"]}) == (
        "2024-05-01T09:31:00 ALERT high pump_and_dump binance BTC/USDT of a, b, confidence 0.93"
    )


def test_service_whose_address_is_left_from_a_kill_is_none(settings: Settings) -> None:
    assert running_service(settings) is None
    settings.address_file.write_text('{"url": "http://127.0.0.1:9"}')
    assert running_service(settings) is None
    with pytest.raises(SilentServiceError, match="must answer"):
        ServiceApi("http://127.0.0.1:9").ask("GET", "/health/live")


def monitoring(home: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "TAPEWATCH_HOME": str(home), "TAPEWATCH_PORT": "0"}
    command = [sys.executable, "-m", "tapewatch", "monitor", *options]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until_line(process: subprocess.Popen[str], pattern: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return
    raise AssertionError(f"it ended before it said {pattern}")


def test_monitor_of_an_unknown_exchange_is_refused_before_anything_starts(tapewatch_home: Path) -> None:
    process = monitoring(tapewatch_home, "--exchange", "binanse,kraken2", "--symbols", "BTC/USDT")
    _, told = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "near: binance" in told
    assert "near: kraken" in told
    assert not tapewatch_home.exists()


@pytest.mark.slow
def test_monitor_starts_the_service_or_joins_it_and_ends_with_control_c(tapewatch_home: Path) -> None:
    tapewatch_home.mkdir()
    (tapewatch_home / "exchanges.toml").write_text('[kraken]\nhttpsProxy = "http://127.0.0.1:9"\n')
    first = monitoring(tapewatch_home, "--exchange", "kraken", "--symbols", "BTC/USDT", "--interval", "5")
    try:
        until_line(first, r"^kraken BTC/USDT retrying: 0 events.*NetworkError|ExchangeNotAvailable")
        with monitoring(tapewatch_home, "--exchange", "kraken", "--symbols", "ETH/USDT", "--no-books") as second:
            until_line(second, "^kraken ETH/USDT ")
            second.send_signal(signal.SIGINT)
            said, _ = second.communicate(timeout=180)
        assert "the service goes on monitoring" in said
        until_line(first, "^kraken ETH/USDT ")
        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=180)
        assert said.splitlines()[-1] == "stopped"
        assert first.returncode == 0
    finally:
        first.kill()
        first.communicate(timeout=30)


@pytest.mark.parametrize("text", ["", " , "])
def test_monitor_of_nothing_says_what_must_be_given(text: str) -> None:
    from serving.commands.terminal import names_of

    with pytest.raises(TapewatchError, match="--symbols must be names with commas between"):
        names_of(text, "--symbols")
