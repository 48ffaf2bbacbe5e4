from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from features.errors import TapeError, TapewatchError
from serving.alerts.record import to_record
from serving.alerts.store import AlertStore
from serving.scan import run_scan, summary
from serving.settings import Settings

Trades = list[dict[str, Any]]


@pytest.fixture
def tape(tmp_path: Path, wash_trades: Trades) -> Path:
    path = tmp_path / "trades.jsonl"
    path.write_text("".join(json.dumps(trade) + "\n" for trade in wash_trades))
    return path


def test_run_scan_writes_one_line_an_alert_and_says_that_rules_judged_alone(
    tape: Path, settings: Settings, tmp_path: Path
) -> None:
    said: list[str] = []
    found = run_scan(tape, settings, None, out=tmp_path / "alerts.jsonl", say=said.append)
    lines = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [to_record(alert) for alert in found.alerts]
    assert len(lines) > 0
    assert any(line.startswith("no champion model: the rules judged alone") for line in said)
    assert any("360 events, 1 markets" in line for line in said)
    assert len(summary(found)) == 1 + len({alert.typology for alert in found.alerts})


def test_run_scan_of_a_tape_without_orders_says_once_who_abstains(
    tape: Path, settings: Settings, tmp_path: Path
) -> None:
    said: list[str] = []
    run_scan(tape, settings, None, out=tmp_path / "alerts.jsonl", say=said.append)
    (line,) = (line for line in said if "no order messages on this tape" in line)
    assert line.startswith("note: ")
    assert "spoofing" in line


def test_run_scan_without_out_writes_to_standard_output_and_speaks_on_standard_error(
    tape: Path, settings: Settings, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    found = run_scan(tape, settings, None)
    out, told = capfdbinary.readouterr()
    assert [json.loads(line)["alert_id"] for line in out.splitlines()] == [alert.alert_id for alert in found.alerts]
    assert b"no champion model" in told


def test_run_scan_stored_alerts_are_where_the_service_shows_them_and_only_once(
    tape: Path, settings: Settings, tmp_path: Path
) -> None:
    for _ in range(2):
        found = run_scan(tape, settings, None, out=tmp_path / "a.jsonl", store=True, say=lambda _: None)
    store = AlertStore.open(settings.store_url)
    total = store.summary().total_alerts
    store.close()
    assert total == len(found.alerts) > 0


def test_run_scan_bad_rows_are_skipped_counted_and_told(tape: Path, settings: Settings, tmp_path: Path) -> None:
    with tape.open("a") as file:
        file.write('{"timestamp": "2023-11-14T23:00:00Z", "symbol": "BTC/USD", "price": -1, "quantity": 1}\n')
    said: list[str] = []
    refused = tmp_path / "refused.csv"
    found = run_scan(tape, settings, None, out=tmp_path / "a.jsonl", skip_bad_rows=refused, say=said.append)
    assert (found.events, found.tape.quarantined) == (360, 1)
    assert f"1 rows left out, see {refused}" in said
    assert "price" in refused.read_text()


def test_run_scan_into_a_folder_that_is_not_there_is_refused_before_any_work(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(TapewatchError, match="--out must be a file in a folder that exists"):
        run_scan(tmp_path / "no tape either", settings, None, out=tmp_path / "nowhere" / "a.jsonl")


def test_run_scan_over_the_tape_itself_is_refused_and_leaves_it_whole(tape: Path, settings: Settings) -> None:
    before = tape.read_bytes()
    with pytest.raises(TapeError, match="alerts must go to a file of their own"):
        run_scan(tape, settings, None, out=tape)
    assert tape.read_bytes() == before
