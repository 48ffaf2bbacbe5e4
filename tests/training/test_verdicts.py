from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.alert import Alert
from training.alerts import Raised
from training.calibrate import calibrate
from training.evaluate import average_precisions, evaluate
from training.hits import by_typology, match, truths
from training.markets import MarketTape
from training.verdicts import confirmed, is_partly, labels_of, refuted

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]
TRUE, FALSE, NOBODY = (0, 60), (1000, 1060), (2000, 2060)


@pytest.fixture
def reviewed(labels: MakeLabels) -> pd.DataFrame:
    """Return a true and a false verdict."""
    found = labels({}, {"start_s": 1000.0, "end_s": 1060.0})
    found["verdict"] = pd.Series([True, False], dtype=object)
    return found


def test_labels_without_verdicts_leave_nothing_open(labels: MakeLabels) -> None:
    complete = labels({}, {"typology": "spoofing"})
    assert not is_partly(labels_of("t0", complete))
    assert len(confirmed(complete)) == 2
    assert len(refuted(complete)) == 0


@pytest.mark.parametrize(
    ("tapes", "n_labels", "partly"), [((), 2, True), (("t0",), 2, True), (("t1",), 1, False), (("t1", "t0"), 2, True)]
)
def test_labels_of_a_tape_are_those_that_name_it_or_none(
    reviewed: pd.DataFrame, tapes: tuple[str, ...], n_labels: int, *, partly: bool
) -> None:
    reviewed["verdict"] = pd.Series([None, False], dtype=object)
    reviewed["tapes"] = pd.Series([(), tapes], dtype=object)
    mine = labels_of("t0", reviewed)
    assert (len(mine), is_partly(mine)) == (n_labels, partly)


def test_truths_of_what_nobody_looked_at_are_unknown(alert: MakeAlert, reviewed: pd.DataFrame) -> None:
    true, known = truths([alert(*TRUE), alert(*FALSE), alert(*NOBODY)], reviewed)
    assert true.tolist() == [True, False, False]
    assert known.tolist() == [True, True, False]


def test_match_only_what_was_called_false_is_false_and_the_unknown_is_left_out_of_precision(
    alert: MakeAlert, reviewed: pd.DataFrame
) -> None:
    matched = match([alert(*TRUE), alert(*FALSE), alert(*NOBODY)], reviewed)
    assert matched.alerts["false"].tolist() == [False, True, False]
    assert matched.alerts["unknown"].tolist() == [False, False, True]
    assert len(matched.episodes) == 1
    (row,) = by_typology(matched).to_dict("records")
    assert (row["precision"], row["recall"], row["episodes"]) == (0.5, 1.0, 1)


def test_match_an_anomaly_that_was_called_false_is_not_excused(alert: MakeAlert, reviewed: pd.DataFrame) -> None:
    reviewed["typology"], reviewed["start_ns"] = ["spoofing", "volume_spike"], reviewed["start_ns"][0]
    found = match([alert(0, 60, typology="volume_spike", category="anomaly")], reviewed).alerts
    assert found["false"].tolist() == [True]


def test_evaluate_and_calibrate_do_not_count_what_nobody_judged(
    alert: MakeAlert, market: MakeMarket, reviewed: pd.DataFrame
) -> None:
    last = (alert(*TRUE, confidence=0.8), alert(*FALSE, confidence=0.4), alert(*NOBODY, confidence=0.99))
    one = Raised(market(labels=reviewed), last, last)
    evaluation = evaluate([one], [one])
    assert evaluation.confidence.tolist() == [0.8, 0.4]
    assert evaluation.metrics["false_manipulation_per_symbol_hour"] == 1.0
    assert average_precisions([one]) == {"wash_trading": 1.0}
    without = Raised(one.market, last[:2], last[:2])
    fitted, again = (calibrate([part], ("wash_trading",))["wash_trading"] for part in (one, without))
    np.testing.assert_array_equal(fitted.x, again.x)
    assert fitted.prevalence == 0.5
