"""The whole service, as `tapewatch serve` runs it: real processes, a real socket, kill -9."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.alert import Alert
from serving.alerts.record import to_record
from serving.scan import run_scan
from serving.settings import Settings

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PROGRAM = "from serving.settings import Settings; from serving.supervisor import serve; serve(Settings())"
WATERMARK = "2023-11-15T02:00:00Z"
PATIENCE_S = 120
"""How long to wait for what must come: how fast it is depends on what else the machine does."""
Trades = list[dict[str, Any]]


class Service:
    """A running service and what it prints."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "TAPEWATCH_HOME": str(home), "TAPEWATCH_PORT": "0"}
        environment["TAPEWATCH_ENGINE_TIMEOUT_S"] = str(PATIENCE_S)
        command = [sys.executable, "-c", PROGRAM]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        self.pids: dict[str, int] = {}
        self.url = self.line(r"API (http://\S+)/v1")
        while set(self.pids) != {"engine", "feeds", "web"}:
            self.ready()

    def line(self, pattern: str) -> str:
        """Return the first group of the next line that matches; the service's words are what the test waits for."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found.group(1)
        raise AssertionError(f"the service ended before it said {pattern}")

    def ready(self) -> str:
        name, pid = self.line(r"(\w+ ready \(process \d+)").replace(" ready (process", "").split()
        self.pids[name] = int(pid)
        return name

    def kill(self, name: str) -> None:
        os.kill(self.pids[name], signal.SIGKILL)
        self.line(f"({name}) ended with code -9")
        assert self.ready() == name

    def post(self, trades: Trades, **query: str) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/v1/events", json={"trades": trades}, params=query, timeout=PATIENCE_S)
        assert answer.status_code == 200, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE_S).json()


@pytest.fixture
def service(tapewatch_home: Path) -> Iterator[Service]:
    running = Service(tapewatch_home)
    yield running
    running.process.kill()
    running.process.communicate(timeout=PATIENCE_S)


def test_service_killed_anywhere_loses_nothing_and_stops_cleanly(
    service: Service, wash_trades: Trades, whole: dict[str, Alert]
) -> None:
    assert service.get("/health/ready") == {"status": "ok"}
    assert service.post(wash_trades[:150])["accepted"] == 150
    service.kill("engine")
    assert service.post(wash_trades[100:250]) == {"accepted": 100, "duplicates": 50, "late": 0, "notes": []}
    service.kill("engine")
    service.kill("web")
    assert service.post(wash_trades, watermark=WATERMARK)["duplicates"] == 250
    expected = sorted(whole.values(), key=lambda alert: (alert.detected_at, alert.alert_id), reverse=True)
    assert service.get("/v1/alerts?limit=500")["alerts"] == [to_record(alert) for alert in expected]
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert service.line("(stopped)")
    assert time.monotonic() - began < 5  # its processes have ended; how long the interpreter takes to go is not ours
    assert service.process.wait(timeout=PATIENCE_S) == 0


def test_service_that_a_tape_is_replayed_to_has_the_alerts_of_its_scan(
    service: Service, wash_trades: Trades, tapewatch_home: Path, tmp_path: Path
) -> None:
    tape = tmp_path / "washed"
    tape.mkdir()
    shared = ("timestamp", "symbol", "price")
    levels = [
        {name: trade[name] for name in shared} | {"event_id": f"b{row}", "side": "buy", "quantity": 3.0 * (row % 2)}
        for row, trade in enumerate(wash_trades)
    ]
    for part, records in (("trades", wash_trades), ("books", levels)):
        (tape / f"{part}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    command = [sys.executable, "-m", "tapewatch", "replay", str(tape), "--speed", "0", "--home", str(tapewatch_home)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = run_scan(tape, Settings(home=tapewatch_home), None, out=tmp_path / "alerts.jsonl", say=lambda _: None)
    assert f"720 events taken; {len(found.alerts)} new alerts" in " ".join(done.stdout.split())
    newest = sorted(found.alerts, key=lambda alert: (alert.detected_at, alert.alert_id), reverse=True)
    assert service.get("/v1/alerts?limit=500")["alerts"] == [to_record(alert) for alert in newest]
    again = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "720 known already" in " ".join(again.stdout.split())


def test_service_started_again_has_its_alerts_and_knows_its_events(tapewatch_home: Path, wash_trades: Trades) -> None:
    counts = []
    for _ in range(2):
        service = Service(tapewatch_home)
        service.post(wash_trades, watermark=WATERMARK)
        counts.append(service.get("/v1/alerts/summary"))
        service.process.send_signal(signal.SIGINT)
        service.process.communicate(timeout=PATIENCE_S)
    assert counts[0]["total_alerts"] > 0
    assert counts[0] == counts[1]


def until(service: Service, path: str, holds: Callable[[Any], bool]) -> Any:
    """Ask until what must come has come."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        answer = service.get(path)
        if "status" not in answer and holds(answer):
            return answer
    raise AssertionError(answer)


def test_service_whose_feeds_are_killed_goes_on_monitoring_and_counts_each_canary_once(
    tapewatch_home: Path, wash_trades: Trades, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPEWATCH_CANARY_WITHIN_S", "600")  # how fast it is says a benchmark, not this test
    tapewatch_home.mkdir()
    (tapewatch_home / "exchanges.toml").write_text('[kraken]\nhttpsProxy = "http://127.0.0.1:9"\n')
    service = Service(tapewatch_home)
    try:
        body = {"exchange": "kraken", "symbols": ["BTC/USDT"], "interval": 5}
        asked = httpx.post(f"{service.url}/v1/monitoring", json=body, timeout=PATIENCE_S)
        assert asked.status_code == 201
        assert "kraken could not be asked" in asked.json()["notes"][0]
        assert httpx.post(f"{service.url}/v1/monitoring/canaries", json={}, timeout=PATIENCE_S).status_code == 202
        service.kill("feeds")
        (market,) = until(service, "/v1/monitoring", lambda told: told["markets"][0]["error"])["markets"]
        assert (market["symbol"], market["interval"], market["state"]) == ("BTC/USDT", 5.0, "backing_off")
        assert market["retries"] == 1
        told = until(service, "/v1/monitoring/canaries", lambda told: told["caught"] + told["missed"] >= 3)
        assert [one["outcome"] for one in told["canaries"]] == ["caught"] * 3
        assert service.post(wash_trades[:10])["accepted"] == 10
        assert service.get("/v1/alerts")["alerts"] == []
        found = (tapewatch_home / "canary_alerts.jsonl").read_text().splitlines()
        assert len(found) == len({json.loads(line)["alert_id"] for line in found}) >= 3
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=PATIENCE_S) == 0
        assert not (tapewatch_home / "service.json").exists()
    finally:
        service.process.kill()
        service.process.communicate(timeout=PATIENCE_S)


def test_service_whose_supervisor_is_killed_leaves_no_process_behind(service: Service) -> None:
    service.process.kill()
    # The children hold the pipe that they print to; it ends when the last of them does, or this raises.
    service.process.communicate(timeout=PATIENCE_S)
    with pytest.raises(httpx.ConnectError):
        service.get("/health/live")


def test_service_on_a_home_that_is_served_says_so(service: Service, tapewatch_home: Path) -> None:
    environment = {**os.environ, "TAPEWATCH_HOME": str(tapewatch_home), "TAPEWATCH_PORT": "0"}
    second = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert "must be served once; another process does it" in second.stderr
