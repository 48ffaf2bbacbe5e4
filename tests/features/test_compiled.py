"""Compiled kernels never outlive their sources."""

from __future__ import annotations

from pathlib import Path

from features.compiled import PACKAGES, drop_stale_kernels, kernels_digest


def tree(root: Path) -> Path:
    for package in PACKAGES:
        (root / package / "__pycache__").mkdir(parents=True)
        (root / package / "kernel.py").write_text("@nb.njit(cache=True)\n", encoding="utf-8")
        (root / package / "__pycache__" / "kernel.nbi").write_bytes(b"code")
    return root


def test_compiled_kernels_of_unknown_origin_are_dropped_once(tmp_path: Path) -> None:
    root = tree(tmp_path)
    assert drop_stale_kernels(root) == list(PACKAGES)
    assert not list(root.rglob("*.nbi"))
    assert drop_stale_kernels(root) == []


def test_compiled_kernels_of_a_changed_package_are_dropped_and_others_kept(tmp_path: Path) -> None:
    root = tree(tmp_path)
    drop_stale_kernels(root)
    for package in PACKAGES:
        (root / package / "__pycache__" / "kernel.nbi").write_bytes(b"code")
    (root / "features" / "kernel.py").write_text("@nb.njit(cache=True)  # changed\n", encoding="utf-8")
    assert drop_stale_kernels(root) == ["features"]
    assert len(list(root.rglob("*.nbi"))) == len(PACKAGES) - 1


def test_compiled_kernels_stay_when_a_file_without_kernels_changes(tmp_path: Path) -> None:
    root = tree(tmp_path)
    drop_stale_kernels(root)
    (root / "models" / "words.py").write_text("TEXT = 1\n", encoding="utf-8")
    (root / "models" / "__pycache__" / "kernel.nbi").write_bytes(b"code")
    assert drop_stale_kernels(root) == []


def test_digest_is_of_kernels_alone(tmp_path: Path) -> None:
    root = tree(tmp_path)
    before = kernels_digest(root / "features")
    (root / "features" / "words.py").write_text("TEXT = 1\n", encoding="utf-8")
    assert kernels_digest(root / "features") == before
    (root / "features" / "kernel.py").write_text("@nb.njit(cache=True)  # changed\n", encoding="utf-8")
    assert kernels_digest(root / "features") != before
