"""Coscia, Oystacher and Sarao in a hundred ordinary books each, subtle to blatant; and the books without them."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.embedding import books_with, scanned, without

CASES = {"coscia": 9_400, "oystacher": 9_500, "sarao": 9_600}
TAPES = 28
EMBEDDED, RECALL, RIGHT = 100, 0.98, 0.95
LATEST_S = 60.0


@pytest.mark.parametrize("case", CASES)
def test_case_in_a_hundred_books_is_found_and_the_books_alone_raise_nothing(case: str, tmp_path: Path) -> None:
    setup = books_with(case, TAPES, CASES[case])
    found, alone = scanned(setup, tmp_path / "with"), scanned(without(setup), tmp_path / "without")
    episodes, recall = found.episodes, float(found.episodes["hit"].mean())
    right, hits = float(found.episodes["accounts_right"].mean()), episodes[episodes["hit"]]
    table = Table("case", "embedded", "recall", "accounts right", "latest s", "alerts without it", "market hours")
    table.add_row(case, str(len(episodes)), f"{recall:.3f}", f"{right:.3f}", f"{hits['late_s'].max():.0f}",
                  str(len(alone.alerts)), f"{alone.hours:.0f}")  # fmt: skip
    Console().print(table)
    Console().print(episodes[~episodes["hit"]].to_string())
    assert len(episodes) >= EMBEDDED
    assert recall >= RECALL
    assert right >= RIGHT
    assert (hits["late_s"] <= LATEST_S).mean() >= RIGHT
    assert alone.alerts == []
