from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.alert import Alert, Contribution
from training.alerts import Raised
from training.calibrate import calibrate, calibrate_detectors, known_alerts, words_of
from training.markets import MarketTape

MakeMarket = Callable[..., MarketTape]
MakeLabels = Callable[..., pd.DataFrame]
MakeAlert = Callable[..., Alert]


def test_calibrate_counts_each_alert_at_opening_and_end_by_what_it_hits(
    market: MakeMarket, labels: MakeLabels, alert: MakeAlert
) -> None:
    planted = labels(*({"start_s": 100.0 * n, "end_s": 100.0 * n + 10} for n in range(40)))
    true = [alert(100.0 * n, 100.0 * n + 5, confidence=0.8) for n in range(40)]
    false = [alert(9000.0 + n, 9001.0 + n, confidence=0.2) for n in range(40)]
    opened = tuple(replace(one, confidence=one.confidence - 0.1) for one in (*true, *false))
    calibrators = calibrate([Raised(market(labels=planted), opened, (*true, *false))], ("wash_trading", "spoofing"))
    assert set(calibrators) == {"wash_trading"}
    fitted = calibrators["wash_trading"]
    assert fitted.prevalence == 0.5
    low, high = fitted(np.array([0.15, 0.75]))
    assert (low < 0.05, high > 0.95) == (True, True)


def test_calibrate_an_alert_on_an_episode_that_is_left_out_counts_for_nothing(
    market: MakeMarket, labels: MakeLabels, alert: MakeAlert
) -> None:
    planted = labels({"start_s": 0, "end_s": 10}, {"start_s": 1000, "end_s": 1010})
    alerts = (alert(0, 5), alert(1000, 1005), alert(5000, 5005))
    raised = [Raised(market(labels=planted.assign(left_out=[False, True])), alerts, alerts)]
    assert [(one.last.window_start, one.true) for one in known_alerts(raised)] == [
        (alerts[0].window_start, True),
        (alerts[2].window_start, False),
    ]


def test_calibrate_detectors_each_is_worth_what_it_was_right_about(
    market: MakeMarket, labels: MakeLabels, alert: MakeAlert
) -> None:
    planted = labels(*({"start_s": 100.0 * n, "end_s": 100.0 * n + 10} for n in range(40)))

    def said(start_s: float, rule: float, classifier: float | None) -> Alert:
        parts = [Contribution("wash_trading", "rule", rule, 1.0, 1.0, ())]
        if classifier is not None:
            parts.append(Contribution("classifier", "classifier", classifier, 1.0, 1.0, ()))
        return alert(start_s, start_s + 5, findings=tuple(parts))

    # The rule says the same of all; the classifier knows, where it speaks.
    true = [said(100.0 * n, 0.8, 0.9 if n else None) for n in range(40)]
    false = [said(9000.0 + n, 0.8, 0.1) for n in range(40)]
    alerts = (*true, *false)
    fitted = calibrate_detectors([Raised(market(labels=planted), alerts, alerts)], ("wash_trading",))["wash_trading"]
    assert set(fitted) == {"rule", "classifier"}
    assert fitted["rule"](np.array([0.8]))[0] == pytest.approx(0.5, abs=0.01)
    low, high = fitted["classifier"](np.array([0.1, 0.9]))
    assert (low < 0.05, high > 0.95) == (True, True)
    assert np.isnan(words_of([true[0]])[0, 1:]).all()
