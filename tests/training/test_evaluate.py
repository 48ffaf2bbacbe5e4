from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.alert import Alert
from training.alerts import Raised
from training.evaluate import average_precisions, chance_ece, evaluate, false_rate
from training.markets import MarketTape

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]
SPOOFING = {"typology": "spoofing", "start_s": 1000.0, "end_s": 1060.0}


@pytest.fixture
def raise_on(market: MakeMarket, labels: MakeLabels) -> Callable[..., Raised]:
    """Return the maker of a market of one hour with one episode of wash trading and one of spoofing, and alerts."""

    def made(*last: Alert, opened: tuple[Alert, ...] | None = None) -> Raised:
        return Raised(market(labels=labels({}, SPOOFING)), opened or last, last)

    return made


def test_evaluate_table_counts_what_was_raised_and_not_what_was_unsure(
    raise_on: Callable[..., Raised], alert: MakeAlert
) -> None:
    sure, unsure = alert(0, 60), alert(3000, 3060, confidence=0.2)
    evaluation = evaluate([raise_on(sure)], [raise_on(sure, unsure)])
    row = evaluation.table.to_dict("index")["wash_trading"]
    assert (row["alerts"], row["precision"], row["recall"]) == (1, 1, 1)
    assert evaluation.metrics["precision.wash_trading"] == 1
    assert "precision.spoofing" not in evaluation.metrics
    assert evaluation.metrics["recall.spoofing"] == 0
    assert evaluation.confidence.tolist() == [0.9, 0.2]
    assert evaluation.truth.tolist() == [True, False]
    assert {name: len(pair[0]) for name, pair in evaluation.scored().items()} == {"wash_trading": 2}


def test_evaluate_calibration_is_measured_at_opening_and_at_the_end(
    raise_on: Callable[..., Raised], alert: MakeAlert
) -> None:
    one = raise_on(alert(0, 60, confidence=0.9), opened=(alert(0, 30, confidence=0.3),))
    metrics = evaluate([one], [one]).metrics
    assert metrics["ece_opening"] == pytest.approx(0.7)
    assert metrics["ece_close"] == pytest.approx(0.1)
    assert metrics["brier"] == pytest.approx(0.01)


def test_evaluate_alerts_that_rules_raised_alone_are_not_part_of_the_calibration(
    raise_on: Callable[..., Raised], alert: MakeAlert
) -> None:
    one = raise_on(alert(0, 60, calibrated_on="definition"))
    evaluation = evaluate([one], [one])
    assert len(evaluation.confidence) == 0
    assert "ece_close" not in evaluation.metrics
    assert evaluation.metrics["average_precision.wash_trading"] == 1


def test_average_precision_episodes_that_nothing_suspected_count_as_missed(
    raise_on: Callable[..., Raised], alert: MakeAlert
) -> None:
    found = average_precisions([raise_on(alert(0, 60)), raise_on()])
    assert found == {"spoofing": 0.0, "wash_trading": 0.5}
    nothing = [raise_on(), raise_on()]
    assert evaluate(nothing, [raise_on(alert(0, 60)), raise_on()]).metrics["average_precision"] == 0.25


def test_average_precision_a_false_alert_that_is_surer_costs(raise_on: Callable[..., Raised], alert: MakeAlert) -> None:
    false = alert(3000, 3060, confidence=0.95)
    assert average_precisions([raise_on(alert(0, 60), false)])["wash_trading"] == 0.5
    assert average_precisions([raise_on(false)])["wash_trading"] == 0


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, 0.5),
        ({"category": "anomaly", "typology": "volume_spike"}, 0.0),
        ({"window_start": 0, "window_end": 2**62}, 0.0),
    ],
)
def test_false_rate_counts_false_manipulation_a_symbol_hour(
    raise_on: Callable[..., Raised], alert: MakeAlert, changes: dict[str, Any], rate: float
) -> None:
    assert false_rate([raise_on(alert(3000, 3060, **changes)), raise_on(alert())]) == rate


def test_evaluate_clean_tapes_without_alerts_has_a_rate_and_nothing_else(market: MakeMarket) -> None:
    nothing = Raised(market(), (), ())
    evaluation = evaluate([nothing], [nothing])
    quiet = ("alerts_a_day", "alerts_a_symbol_day", "false_manipulation_per_symbol_hour")
    assert evaluation.metrics == dict.fromkeys(quiet, 0.0)
    assert len(evaluation.table) == 0


def test_chance_ece_shrinks_with_the_number_of_alerts() -> None:
    few, many = chance_ece(np.full(10, 0.8)), chance_ece(np.full(1000, 0.8))
    assert 0.05 < few < 0.2
    assert many < 0.02
    assert np.isnan(chance_ece(np.empty(0)))
