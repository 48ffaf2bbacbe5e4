"""Books from records to alerts: scan, engine and HTTP say the same of walls and of depth that is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from features.book_catalogue import BOOK_FEATURES
from features.readers import Tape
from features.records import tables_from_records
from features.writers import write_table
from models.alert import Alert
from models.parameters import Parameters
from serving.engine.engine import Engine
from serving.engine.watcher import Watch
from serving.engine.wire import Batch, batch_of
from serving.scoring import Scanned, feature_table, scan_tape, score_events
from serving.settings import Settings
from tests.serving.book_tapes import Records, calm, emptied, moved, together, walls

WALLS = (100.0, 170.0, 240.0, 310.0, 380.0)
PLANTED = together(calm(600), walls(*WALLS), emptied(450.0))
LOOK_ALIKES = {
    "walls that were traded": walls(*WALLS, traded=True),
    "quotes that were moved": moved(*range(100, 300, 20)),
    "one large order that gives up": walls(WALLS[0]),
    "walls before any level is usual": walls(3.0, 13.0, 23.0, 33.0, 43.0),
    "depth that was traded away": emptied(450.0, traded=True),
    "new image after a gap": emptied(450.0, image=True),
    "nothing": {},
}


def tape_of(records: dict[str, Records]) -> Tape:
    return tables_from_records(trades=records["trades"], books=records["books"])


@pytest.fixture
def scanned(tmp_path: Path) -> Callable[[dict[str, Records]], Scanned]:
    def scan(records: dict[str, Records]) -> Scanned:
        tape, folder = tape_of(records), tmp_path / "tape"
        folder.mkdir()
        for name in ("trades", "books"):
            write_table(getattr(tape, name), folder / f"{name}.parquet")
        return scan_tape(folder, Parameters(), None)

    return scan


def of_books(alerts: tuple[Alert, ...] | list[Alert]) -> list[str]:
    return [alert.typology for alert in alerts if alert.typology in {"vanishing_wall", "liquidity_withdrawal"}]


def test_scan_of_planted_walls_and_a_withdrawal_raises_one_alert_each(
    scanned: Callable[[dict[str, Records]], Scanned],
) -> None:
    found = scanned(PLANTED)
    assert of_books(found.alerts) == ["vanishing_wall", "liquidity_withdrawal"]
    wall, withdrawal = (alert for alert in found.alerts if of_books([alert]))
    assert (wall.category, wall.accounts, wall.calibrated_on) == ("anomaly", (), "definition")
    figures = {figure.name: figure.value for part in withdrawal.findings for figure in part.evidence}
    assert figures["bid_depth_ratio"] < 0.1
    assert figures["bid_pulled_share"] == 1.0


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_scan_of_a_look_alike_raises_nothing_about_the_book(
    scanned: Callable[[dict[str, Records]], Scanned], name: str
) -> None:
    assert of_books(scanned(together(calm(600), LOOK_ALIKES[name])).alerts) == []


def test_feature_table_of_books_has_the_catalogues_columns() -> None:
    table = feature_table(tape_of(PLANTED), Parameters(), "book")
    assert table.column_names[5:] == [feature.name for feature in BOOK_FEATURES]
    assert set(table["scale"].to_pylist()) == {"book"}
    assert table.num_rows == 120
    assert table["bid_touch_depth"][0].as_py() == pytest.approx(1.0)


class Kept:
    """A store that keeps the last revision of each alert."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    def upsert(self, found: list[Alert]) -> int:
        self.alerts |= {alert.alert_id: alert for alert in found}
        return len(found)


@pytest.mark.slow
def test_engine_interrupted_and_restarted_raises_what_the_scan_raised(
    settings: Settings, watch: Watch, scanned: Callable[[dict[str, Records]], Scanned]
) -> None:
    kept, late = Kept(), "2023-11-15T12:00:00Z"
    engine = Engine(settings, watch, kept, lambda: 0.0)
    moments = sorted({str(one["timestamp"]) for part in PLANTED.values() for one in part})
    bounds = ["", *moments[100::150], late]
    for begin, end in pairwise(bounds):
        part = {n: [one for one in rows if begin <= one["timestamp"] < end] for n, rows in PLANTED.items()}
        tape = tape_of(part)
        batch = batch_of({"trades": tape.trades, "books": tape.books}, key=begin)
        accepted = engine.submit(batch).accepted
        assert accepted == sum(map(len, part.values()))
        assert engine.submit(batch).duplicates == accepted
        # The files are let go of as the end of a process does, without a word to the engine.
        engine._journal.close()
        engine = Engine(settings, watch, kept, lambda: 0.0)
    engine.submit(Batch(watermark=2_000_000_000_000_000_000))
    engine.close()
    wanted = {alert.alert_id: alert for alert in scanned(PLANTED).alerts}
    assert len(of_books(list(wanted.values()))) == 2
    assert kept.alerts == wanted


def test_score_of_a_window_with_a_book_tells_what_the_book_did() -> None:
    score = score_events(tape_of(PLANTED), Parameters(), None)
    assert {pattern.pattern_type for pattern in score.patterns} >= {"vanishing_wall", "liquidity_withdrawal"}
