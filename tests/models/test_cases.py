"""Coscia, Oystacher and Sarao in a few ordinary books; `tests/benchmarks/test_cases.py` has a hundred of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedding import books_with, scanned, without


@pytest.mark.parametrize(("case", "seed"), [("coscia", 41), ("oystacher", 42), ("sarao", 43)])
def test_case_in_ordinary_books_is_found_and_the_books_alone_raise_nothing(
    case: str, seed: int, tmp_path: Path
) -> None:
    setup = books_with(case, 1, seed)
    found, alone = scanned(setup, tmp_path / "with"), scanned(without(setup), tmp_path / "without")
    assert len(found.episodes) >= 3
    assert found.episodes["hit"].all()
    assert found.episodes["accounts_right"].mean() == 1.0
    assert (found.episodes["late_s"] <= 60.0).all()
    assert alone.alerts == []
