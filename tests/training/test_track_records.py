from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.combination import DETECTORS
from models.records import Record
from training.labelling import LEFT_OUT, RIGHT, WRONG
from training.learn import fit_weights
from training.markets import MarketTape
from training.track_records import of_rows, of_verdicts, together

MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]


def test_record_of_rows_counts_what_was_said_aloud_by_weight() -> None:
    x = np.array([[1.0, -1.0, np.nan], [2.0, 1.0, 1.0], [3.0, 1.0, -1.0], [4.0, 1.0, 1.0]])
    truth, weight = np.array([RIGHT, RIGHT, WRONG, LEFT_OUT], np.int8), np.array([0.5, 0.5, 1.0, 0.0])
    found = of_rows(x, truth, weight)
    assert [found[name] for name in DETECTORS] == [Record(1.0, 1.0), Record(0.5, 1.0), Record(0.5, 0.0)]


def test_record_of_verdicts_counts_each_alert_once_for_every_detector_that_had_spoken(
    market: MakeMarket, labels: MakeLabels
) -> None:
    decided = labels({}, {}, {"typology": "spoofing"})
    decided["verdict"] = pd.Series([True, False, None], dtype=object)
    decided["detectors"] = pd.Series([("rule", "classifier"), ("rule",), ("rule",)], dtype=object)
    found = of_verdicts([market(labels=decided), market(labels=labels({}))])
    assert found["wash_trading"] == {
        "rule": Record(1, 1), "classifier": Record(1, 0), "isolation_forest": Record(),
    }  # fmt: skip
    left = decided.assign(left_out=[True, False, False])
    assert of_verdicts([market(labels=left)])["wash_trading"]["rule"] == Record(0, 1)
    assert together(found["wash_trading"], found["wash_trading"])["rule"] == Record(2, 2)


@pytest.mark.parametrize("detector", [0, 1, 2])
def test_weights_prior_follows_the_record(detector: int) -> None:
    dice = np.random.default_rng(1)
    truth = np.repeat(np.array([RIGHT, WRONG], np.int8), 10)
    x = np.where(truth == RIGHT, 1.0, -1.0)[:, None] + dice.normal(size=(20, 3))
    usual = dict.fromkeys(DETECTORS, Record(10, 10))
    weights = [
        fit_weights(x, truth, np.ones(20), records=usual | {DETECTORS[detector]: record}).weight[detector]
        for record in (Record(1, 40), Record(10, 10), Record(40, 1))
    ]
    assert weights == sorted(weights)
    assert weights[0] < weights[2]
