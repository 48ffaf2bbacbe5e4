from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import TapeError, TapewatchError
from features.readers import read_dataset
from features.records import tables_from_records
from models.alert import Alert, Contribution
from serving.alerts.life import Change, Disposition
from serving.alerts.store import AlertStore
from serving.dispositions import export_dispositions

MakeAlert = Callable[..., Alert]
START = 1_700_000_040_000_000_000


@pytest.fixture
def tape(tmp_path: Path, wash_trades: list[dict[str, Any]]) -> Path:
    """Return a tape of the hour in which the alerts lie."""
    folder = tmp_path / "recorded" / "monday"
    folder.mkdir(parents=True)
    pq.write_table(tables_from_records(trades=wash_trades).trades, folder / "trades.parquet")
    return folder


@pytest.fixture
def decided(store: AlertStore, alert: MakeAlert) -> AlertStore:
    """Return a store with an alert for each verdict, one that is reported without one, one open and one elsewhere."""
    quiet = Contribution("isolation_forest", "isolation_forest", 0.4, 1.0, 0.1, ())
    loud = alert(0).findings
    changes: dict[str, Any] = {"venue": "default", "findings": (*loud, quiet)}
    store.upsert([*(alert(n, **changes) for n in range(1, 6)), alert(6, symbol="ETH/USD", findings=loud)])
    verdicts: list[Disposition] = ["true", "false", "inconclusive"]
    for n, verdict in enumerate(verdicts, start=1):
        store.patch(f"alert-{n:04d}", Change("ann", "resolved", None, verdict), at=n)
    store.patch("alert-0004", Change("ann", "escalated"), at=7)
    store.patch("alert-0004", Change("bob", "reported"), at=START)
    store.patch("alert-0006", Change("ann", "resolved", None, "true"), at=9)
    return store


def test_export_is_a_dataset_of_what_was_decided(decided: AlertStore, tape: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported = export_dispositions(decided, out, [tape.parent])
    counts = (exported.true, exported.false, exported.inconclusive, exported.without_tape, exported.tapes)
    assert counts == (2, 1, 1, 1, 1)
    dataset = read_dataset(out)
    assert [path.name for path in dataset.tapes] == ["monday"]
    assert (out / "tapes" / "monday").is_symlink()
    labels = dataset.labels
    assert labels["verdict"].tolist() == [True, False, True]
    assert set(labels["typology"]) == {"wash_trading"}
    assert labels["order_ids"].tolist() == [("o1",)] * 3
    assert labels["trade_ids"].tolist() == [("t1",)] * 3
    assert labels["accounts"].tolist() == [("a", "b")] * 3
    assert labels["tapes"].tolist() == [("monday",)] * 3
    assert labels["detectors"].tolist() == [("rule",)] * 3
    assert labels["severity"].tolist() == pytest.approx([0.81 / 0.93] * 3, abs=1e-4)
    written = pd.read_csv(out / "labels.csv")
    assert written["by"].tolist() == ["ann", "ann", "bob"]
    assert written["decided_at"].tolist()[2] == "2023-11-14T22:14:00.000000Z"
    assert written["alert_id"].tolist() == ["alert-0001", "alert-0002", "alert-0004"]


def test_export_copies_where_asked_and_replaces_what_it_wrote_before(
    decided: AlertStore, tape: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_dispositions(decided, out, [tape])
    decided.patch("alert-0005", Change("ann", "resolved", None, "false"), at=10)
    assert export_dispositions(decided, out, [tape], copy=True).false == 2
    assert not (out / "tapes" / "monday").is_symlink()
    assert len(read_dataset(out).labels) == 4


def test_export_over_a_folder_of_somebody_else_is_refused(decided: AlertStore, tape: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "diary.txt").write_text("mine")
    with pytest.raises(TapewatchError, match="must be a new folder"):
        export_dispositions(decided, tmp_path / "out", [tape])
    assert (tmp_path / "out" / "diary.txt").exists()


def test_export_of_nothing_that_lies_on_the_tapes_is_refused(store: AlertStore, tape: Path, tmp_path: Path) -> None:
    with pytest.raises(TapewatchError, match="must lie on one of the tapes, was: 0 closed alerts"):
        export_dispositions(store, tmp_path / "out", [tape])
    with pytest.raises(TapeError, match="was missing"):
        export_dispositions(store, tmp_path / "out", [tmp_path / "nowhere"])
    assert not (tmp_path / "out").exists()
