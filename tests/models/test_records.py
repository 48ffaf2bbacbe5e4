from __future__ import annotations

import pytest

from models.records import Record, rows_of, spoke_up


def test_record_without_any_opinion_says_nothing() -> None:
    assert Record().mean == 0.5
    assert Record().interval() == pytest.approx((0.05, 0.95))


def test_record_interval_narrows_with_opinions_and_holds_the_mean() -> None:
    few, many = Record(8, 2).interval(), Record(80, 20).interval()
    assert few[0] < many[0] < Record(80, 20).mean < many[1] < few[1]


def test_record_moves_up_with_true_and_down_with_false() -> None:
    before = Record(5, 5)
    assert (before + Record(right=1)).mean > before.mean > (before + Record(wrong=1)).mean


@pytest.mark.parametrize(
    ("score", "confidence", "loud"),
    [(0.7, 0.9, True), (0.5, 0.9, False), (0.7, 0.0, False), (None, 0.9, False), (0.7, None, False)],
)
def test_detector_spoke_up_at_log_odds_above_zero(score: float | None, confidence: float | None, *, loud: bool) -> None:
    assert spoke_up(score, confidence) is loud


def test_rows_of_records_are_by_typology_and_detector() -> None:
    (row,) = rows_of({"spoofing": {"rule": Record(3, 1)}})
    assert (row["typology"], row["detector"], row["right"], row["wrong"]) == ("spoofing", "rule", 3, 1)
    assert float(row["low"]) < float(row["mean"]) < float(row["high"])
