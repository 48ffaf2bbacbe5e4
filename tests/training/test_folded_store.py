from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydantic import BaseModel

from features.compiled import ROOT
from features.labels import no_labels
from models.parameter_changes import changed
from models.parameters import Parameters
from training import folded_store
from training.folded_store import FOLDED_BY, FoldedStore, fold_parameters, key_of
from training.hits import with_nanoseconds
from training.markets import fold_tape, stored_tape

ONE = {"a": np.arange(1000.0), "b": np.array([np.nan, -0.0])}


BESIDE = {"training/folded_store.py", "training/source_digest.py", "training/hits.py", "training/verdicts.py"}
"""What finds entries and puts labels on markets, and has no part in what is kept."""


class Noting:
    """Parameters that note which of them are read."""

    def __init__(self, table: BaseModel, path: str, read: set[str]) -> None:
        self._table, self._path, self._read = table, path, read

    def __getattr__(self, name: str) -> Any:
        value, path = getattr(self._table, name), f"{self._path}{name}"
        if isinstance(value, BaseModel):
            return Noting(value, f"{path}.", self._read)
        self._read.add(path)
        return value


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    folder = tmp_path / "tape"
    folder.mkdir()
    (folder / "trades.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T09:00:00Z,A,1,1\n")
    return folder


def entry(store: Path) -> Path:
    (path,) = store.glob("*.npz")
    return path


def test_store_gives_back_the_same_bits(tmp_path: Path) -> None:
    store = FoldedStore(tmp_path / "s")
    assert store.load("one") is None
    store.save("one", ONE)
    kept = store.load("one")
    assert kept is not None
    assert {name: array.tobytes() for name, array in kept.items()} == {n: a.tobytes() for n, a in ONE.items()}
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["one.npz"]


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.95, 0.999])
def test_store_with_a_damaged_byte_gives_the_same_bits_or_nothing(tmp_path: Path, at: float) -> None:
    store = FoldedStore(tmp_path)
    store.save("one", ONE)
    content = bytearray(entry(tmp_path).read_bytes())
    content[int(at * len(content))] ^= 0xFF
    entry(tmp_path).write_bytes(content)
    assert store.load("one") is None
    assert list(tmp_path.iterdir()) == []


def test_store_with_a_cut_entry_gives_nothing(tmp_path: Path) -> None:
    store = FoldedStore(tmp_path)
    store.save("one", ONE)
    entry(tmp_path).write_bytes(entry(tmp_path).read_bytes()[:5000])
    assert store.load("one") is None


def test_store_that_grows_too_large_lets_go_of_what_was_read_longest_ago(tmp_path: Path) -> None:
    FoldedStore(tmp_path).save("one", ONE)
    size = entry(tmp_path).stat().st_size
    store = FoldedStore(tmp_path, most_bytes=int(2.5 * size))
    store.save("two", ONE)
    for age, name in enumerate(("two", "one")):
        os.utime(tmp_path / f"{name}.npz", (1_700_000_000 + age, 1_700_000_000 + age))
    assert store.load("two") is not None
    store.save("three", ONE)
    assert {path.stem for path in tmp_path.iterdir()} == {"two", "three"}


def test_store_removes_what_a_crash_left_unfinished(tmp_path: Path) -> None:
    (tmp_path / "x.unfinished").write_bytes(b"half")
    os.utime(tmp_path / "x.unfinished", (1_700_000_000, 1_700_000_000))
    FoldedStore(tmp_path).save("one", ONE)
    assert {path.name for path in tmp_path.iterdir()} == {"one.npz"}


def test_key_changes_with_content_names_and_what_folds(tape: Path) -> None:
    usual = Parameters()
    key = key_of(tape, usual)
    assert key_of(tape, usual) == key
    assert key_of(tape, changed(usual, {"windows": {"market": {"buckets": 30}}})) != key
    renamed = (tape / "trades.csv").rename(tape / "orders.csv")
    assert key_of(tape, usual) != key
    renamed.rename(tape / "trades.csv")
    assert key_of(tape, usual) == key
    (tape / "trades.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T09:00:00Z,A,2,1\n")
    assert key_of(tape, usual) != key


def test_key_of_a_tape_called_otherwise_is_the_same_unless_its_name_says_how_to_read_it(
    tape: Path, tmp_path: Path
) -> None:
    usual = Parameters()
    assert key_of(tape, usual) == key_of(tape.rename(tmp_path / "other"), usual)
    names = ("a.csv", "b.csv", "a.jsonl", "AAPL_2012-06-21_0_1_message_5.csv", "MSFT_2012-06-21_0_1_message_5.csv")
    for name in names:
        (tmp_path / name).write_text("same")
    one, same, *others = (key_of(tmp_path / name, usual) for name in names)
    assert one == same
    assert len({one, *others}) == 4


def test_key_changes_with_the_code_that_folds_and_the_calendars(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Parameters()
    keys = {key_of(tape, usual)}
    monkeypatch.setattr(folded_store, "version", lambda _: "0")
    keys.add(key_of(tape, usual))
    monkeypatch.setattr(folded_store, "source_digest", lambda *_: b"other")
    assert len(keys | {key_of(tape, usual)}) == 3


def test_code_in_the_key_is_all_that_runs_while_a_tape_is_folded_and_kept(tape: Path, tmp_path: Path) -> None:
    ran: set[str] = set()
    sys.setprofile(lambda frame, *_: ran.add(frame.f_code.co_filename))
    try:
        for _ in range(2):
            stored_tape(tape, Parameters(), FoldedStore(tmp_path / "s"))
    finally:
        sys.setprofile(None)
    ours = {path.relative_to(ROOT).as_posix() for path in map(Path, ran) if path.is_relative_to(ROOT)}
    ours -= {path for path in ours if path.startswith(("tests/", ".venv/"))}
    in_key = {path for path in ours if path.startswith(FOLDED_BY)}
    assert {"features/fold.py", "models/surveillance.py", "models/sessions.py"} <= in_key
    assert ours - in_key <= BESIDE


def test_fold_parameters_are_all_that_are_read_while_a_tape_is_folded(tape: Path) -> None:
    read: set[str] = set()
    list(fold_tape(tape, with_nanoseconds(no_labels()), cast("Parameters", Noting(Parameters(), "", read))))
    assert read == set(fold_parameters(Parameters()))


@pytest.mark.parametrize(
    "values",
    [{"spoofing": {"minimum_surprise": 6.0}}, {"alerts": {"confidence_threshold": 0.6}},
     {"marking_the_close": {"volume_share": 0.5}}, {"events": {"allowed_lateness_s": 1.0}}],
)  # fmt: skip
def test_key_stays_with_what_only_judges(tape: Path, values: dict[str, dict[str, float]]) -> None:
    assert key_of(tape, changed(Parameters(), values)) == key_of(tape, Parameters())


def test_fold_parameters_are_names_of_parameters() -> None:
    for name, value in fold_parameters(Parameters()).items():
        held: object = Parameters()
        for step in name.split("."):
            held = getattr(held, step)
        assert held == value
