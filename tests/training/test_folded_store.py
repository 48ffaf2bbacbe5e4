from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from models.parameter_changes import changed
from models.parameters import Parameters
from training.folded_store import FoldedStore, fold_parameters, key_of

ONE = {"a": np.arange(1000.0), "b": np.array([np.nan, -0.0])}


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
    (tape / "trades.csv").write_text("timestamp,symbol,price,quantity\n2024-05-01T09:00:00Z,A,2,1\n")
    assert key_of(tape, usual) != key


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
