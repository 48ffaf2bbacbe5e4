"""What the learned detectors may do to a rule's own opinion."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from features.catalogue import COLUMN
from features.fold import Folded
from features.rows import blank_rows
from models.alert import Category
from models.bundle import Bundle
from models.calibration import Calibrator
from models.combination import FULL_REACH, Weights
from models.judging import Candidates, judge
from models.rules.concentrated_trading import ConcentratedTrading

HALVED = Calibrator("isotonic", np.array([0.0, 1.0]), np.array([0.0, 0.5]), 0.5)
DOUBTFUL = Bundle(
    classifiers={},
    isolation_forests={},
    combination={"wash_trading": Weights(-3.0, (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), FULL_REACH).state()},
    calibrators={},
    parameters="p",
    calibrated_on="simulated",
    created_from="d",
)


class Washing(ConcentratedTrading):
    """A manipulation that rows alone show."""

    typology: ClassVar[str] = "wash_trading"
    category: ClassVar[Category] = "manipulation"


def judged(bundle: Bundle | None) -> Candidates:
    rows = blank_rows("market", 1)
    figures = {"top_account_share": 0.95, "trade_count": 90.0, "account_count": 20.0}
    for name, value in figures.items():
        rows.values[0, COLUMN[name]] = value
    rows.top_entity[:] = 3
    (found,) = judge((Washing(),), Folded(rows, blank_rows("fast", 0), {}), bundle)
    return found


def test_judge_with_what_is_still_to_be_calibrated_gives_the_raw_combination() -> None:
    found = judged(DOUBTFUL)
    assert found.confidence == pytest.approx(found.raw)
    assert found.raw[0] < found.score[0] * found.evidence[0]


def test_judge_after_simulated_calibration_doubts_the_rule_and_lets_it_open() -> None:
    found = judged(replace(DOUBTFUL, calibrators={"wash_trading": HALVED}))
    assert found.opens == pytest.approx(judged(None).confidence)
    assert found.confidence[0] < 0.5 < found.opens[0]


def test_judge_after_labelled_calibration_lets_the_learned_speak_fully() -> None:
    found = judged(replace(DOUBTFUL, calibrated_on="labelled", calibrators={"wash_trading": HALVED}))
    assert found.confidence == pytest.approx(found.raw / 2)
