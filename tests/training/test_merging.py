from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from features.errors import TapeError
from features.readers import read_dataset
from models.parameters import Parameters
from training.hits import with_nanoseconds
from training.markets import fold_tape
from training.merging import merge_datasets
from training.train import simulated
from training.verdicts import is_partly, labels_of

HEADER = "typology,venue,symbol,accounts,start,end,order_ids,trade_ids,severity,verdict,tapes,detectors"
TRADES = """timestamp,symbol,price,quantity,buyer_id,seller_id
2024-05-0{day}T09:30:00Z,A,1,1,a,b
2024-05-0{day}T09:31:00Z,A,1,1,b,a
"""


def dataset(path: Path, day: int, *labels: str) -> Path:
    (path / "tapes" / "t0").mkdir(parents=True)
    (path / "tapes" / "t0" / "trades.csv").write_text(TRADES.format(day=day))
    (path / "labels.csv").write_text("\n".join([HEADER, *labels]) + "\n")
    return path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return a complete dataset and one of dispositions, of the same market and tape name."""
    span = "2024-05-01T09:30:00Z,2024-05-01T09:31:00Z"
    complete = dataset(tmp_path / "recorded", 1, f"wash_trading,default,A,a,{span},o1;o2,t1,0.5,,,")
    span = span.replace("-01T", "-02T")
    decided = dataset(tmp_path / "decided", 2, f"wash_trading,default,A,a;b,{span},,,,false,t0,rule;classifier")
    return complete, decided


def test_merge_one_dataset_is_returned_as_it_is(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert merge_datasets(two[:1], tmp_path / "merged") == two[0]
    assert not (tmp_path / "merged").exists()


def test_merge_labels_stay_with_their_tapes_and_only_the_decided_ones_are_partly_labelled(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    (two[1] / "simulation.json").write_text("{}")
    merged = read_dataset(merge_datasets(two, tmp_path / "merged"))
    names = [tape.name for tape in merged.tapes]
    assert names == ["0-recorded-t0", "1-decided-t0"]
    first, second = (labels_of(name, merged.labels) for name in names)
    assert (len(first), is_partly(first)) == (1, False)
    assert (len(second), is_partly(second)) == (1, True)
    assert first["order_ids"].tolist() == [("o1", "o2")]
    assert second["detectors"].tolist() == [("rule", "classifier")]
    assert second["verdict"].tolist() == [False]
    assert simulated(merged) == "simulated"


@pytest.mark.parametrize(
    ("tapes", "told"),
    [
        ("", "tapes must name those that the verdict is about, was empty"),
        ("t0;t9", "tapes must be among those of the dataset, was t9"),
    ],
)
def test_merge_a_verdict_about_no_tape_of_its_dataset_is_refused(
    two: tuple[Path, Path], tmp_path: Path, tapes: str, told: str
) -> None:
    file = two[1] / "labels.csv"
    file.write_text(file.read_text().replace(",t0,", f",{tapes},"))
    with pytest.raises(TapeError, match=rf"decided/labels.csv: 1 mistake\(s\)\n  row 2: {told}"):
        merge_datasets(two, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_merge_again_gives_the_same_labels_and_replaces_what_was_there(two: tuple[Path, Path], tmp_path: Path) -> None:
    first = (merge_datasets(two, tmp_path / "merged") / "labels.csv").read_bytes()
    shutil.rmtree(two[1] / "tapes" / "t0")
    shutil.copytree(two[0] / "tapes" / "t0", two[1] / "tapes" / "t0")
    again = merge_datasets(two, tmp_path / "merged")
    assert (again / "labels.csv").read_bytes() == first
    assert len(read_dataset(again).tapes) == 2


def test_owners_that_a_later_tape_tells_of_are_unknown_on_an_earlier_one(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    (two[1] / "tapes" / "t0" / "accounts.csv").write_text("account_id,owner_id\na,firm\nb,firm\n")
    merged = read_dataset(merge_datasets(two, tmp_path / "merged"))
    labels: pd.DataFrame = with_nanoseconds(merged.labels)
    entities = []
    for tape in merged.tapes:
        (market,) = fold_tape(tape, labels, Parameters())
        entities.append(len({market.names.entity_of[market.names.account(name)] for name in ("a", "b")}))
    assert entities == [2, 1]
