from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import TapeError
from features.readers import read_dataset
from models.alert import Alert
from models.parameter_changes import changed
from models.parameters import Parameters
from serving.scoring import scan_tape
from training.alerts import Raised
from training.markets import MarketTape
from training.whatif import WhatIf, _paired, compared, judged, recorded, refolding, what_if

USUAL = Parameters()
LENIENT = changed(USUAL, {"alerts": {"confidence_threshold": 0.5}})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tape(short_dataset: Path) -> Path:
    return read_dataset(short_dataset).tapes[0]


def ids(alerts: Sequence[Any]) -> list[str]:
    return sorted(one.alert.alert_id for one in alerts)


def test_what_if_of_both_sides_are_the_alerts_that_scan_raises(tape: Path, home: Path) -> None:
    result = what_if(tape, home, USUAL, LENIENT, None)
    for side, parameters in ((result.before, USUAL), (result.after, LENIENT)):
        scanned = scan_tape(tape, parameters, None).alerts
        assert sorted((one.alert for one in side), key=lambda a: a.alert_id) == sorted(
            scanned, key=lambda a: a.alert_id
        )
    assert len(result.before) - len(result.lost) == len(result.after) - len(result.gained) == len(result.kept)
    assert len(result.gained) > 0
    assert (result.markets, result.episodes) == (2, None)


def test_what_if_of_the_same_parameters_changes_nothing(tape: Path, home: Path) -> None:
    result = what_if(tape, home, USUAL, USUAL, None)
    assert (result.changes, result.gained, result.lost, result.altered) == ((), (), (), ())
    assert len(result.kept) == len(result.before) > 0


def test_what_if_of_what_the_fold_reads_folds_again_and_is_what_scan_raises(tape: Path, home: Path) -> None:
    windows = changed(USUAL, {"windows": {"market": {"buckets": 30}}})
    seen: list[int] = []
    result = what_if(tape, home, USUAL, windows, None, lambda done, _: seen.append(done))
    scanned = scan_tape(tape, windows, None).alerts
    assert ids(result.after) == sorted(alert.alert_id for alert in scanned)
    assert seen == [1, 1]


def test_what_if_of_a_labelled_dataset_says_what_is_true(
    short_dataset: Path, tape: Path, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / tape.name).symlink_to(tape)
    (tmp_path / "labels.csv").write_bytes((short_dataset / "labels.csv").read_bytes())
    result = what_if(tmp_path, home, USUAL, LENIENT, None)
    assert result.episodes
    found = [one for one in result.before if one.hits]
    assert found
    for one in found:
        assert one.true is True
        assert {result.episodes[number] for number in one.hits} == {one.typology}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"events": {"lot": 1e-6}}, "events.lot"),
        ({"marking_the_close": {"fixings_h": [8.0]}}, "marking_the_close.fixings_h"),
        ({"adv_outlier": {"adv_window": 3}}, "adv_outlier.adv_window"),
    ],
)
def test_refolding_names_what_the_fold_reads(values: dict[str, Any], named: str) -> None:
    assert refolding(USUAL, changed(USUAL, values)) == (named,)


def test_refolding_of_thresholds_is_nothing() -> None:
    assert refolding(USUAL, changed(LENIENT, {"marking_the_close": {"volume_share": 0.5}})) == ()


def test_recorded_without_labels_is_a_dataset_or_a_tape(tmp_path: Path) -> None:
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / "t.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T09:00:00Z,A,1,1\n")
    dataset, labelled = recorded(tmp_path)
    assert ([path.name for path in dataset.tapes], labelled) == (["t.csv"], False)
    single, labelled = recorded(tmp_path / "tapes" / "t.csv")
    assert (len(single.tapes), labelled) == (1, False)


def test_what_if_over_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="nowhere"):
        what_if(tmp_path / "nowhere", tmp_path, USUAL, LENIENT, None)


def test_alerts_that_open_elsewhere_in_time_are_the_same_accusation(
    alert: Callable[..., Alert], market: Callable[..., MarketTape], labels: Callable[..., pd.DataFrame]
) -> None:
    def side(*alerts: Alert) -> tuple[Any, ...]:
        return judged(iter([Raised(market(), alerts, alerts)]))

    before = side(alert(0, 60), alert(600, 660, accounts=("b",)), alert(900, 960))
    after = side(alert(30, 120), alert(600, 660, accounts=("c",), alert_id="other"), alert(900, 960, confidence=0.8))
    result = WhatIf((), before, after, _paired(before, after), 1.0, 1, None)
    assert result.kept == ((0, 0), (2, 2))
    assert len(result.altered) == 2
    assert [one.alert.accounts for one in result.lost] == [("b",)]
    assert [one.alert.accounts for one in result.gained] == [("c",)]


def test_judged_by_verdicts_is_true_false_or_unknown_and_episodes_are_what_was_confirmed(
    alert: Callable[..., Alert], market: Callable[..., MarketTape], labels: Callable[..., pd.DataFrame]
) -> None:
    reviewed = labels({"start_s": 1000.0, "end_s": 1060.0}, {})
    reviewed["verdict"] = pd.Series([False, True], dtype=object)
    alerts = (alert(0, 60), alert(1000, 1060), alert(2000, 2060))
    complete = market(tape="t1", labels=labels({}))
    found = judged(iter([Raised(market(labels=reviewed), alerts, alerts), Raised(complete, alerts, alerts)]))
    assert [one.true for one in found] == [True, False, None, True, False, False]
    assert [set(one.hits) for one in found] == [{0}, set(), set(), {1}, set(), set()]
    assert compared([market(labels=reviewed)], [], USUAL, USUAL, None, labelled=True).episodes == {0: "wash_trading"}
