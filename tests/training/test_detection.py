from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from models.alert import Alert
from training.alerts import Raised
from training.detection import detection
from training.evaluate import matched_over
from training.markets import MarketTape


def test_detection_delays_are_of_what_was_hit_and_alerts_are_by_the_day(
    market: Callable[..., MarketTape], labels: Callable[..., pd.DataFrame], alert: Callable[..., Alert]
) -> None:
    planted = labels(*({"start_s": 300.0 * n, "end_s": 300.0 * n + 100} for n in range(4)))
    found = [alert(0, 10), alert(300, 320), alert(600, 690), alert(3000, 3010)]
    one = Raised(market(labels=planted), tuple(found), tuple(found))
    quiet = Raised(market(symbol="B"), (), ())
    told = detection(matched_over([one, quiet]), [one, quiet])
    assert (told["recall"], told["precision"], told["f1"]) == (0.75, 0.75, 0.75)
    assert told["median_delay_s"] == 20
    assert told["delay_p90_s"] == told["delay_p90_s.wash_trading"] == pytest.approx(76)
    # An hour of two markets.
    assert (told["alerts_a_day"], told["alerts_a_symbol_day"]) == (96, 48)


def test_detection_counts_a_day_that_two_tapes_cover_once(
    market: Callable[..., MarketTape], alert: Callable[..., Alert]
) -> None:
    raised = [Raised(market(tape=tape), (alert(),), (alert(),)) for tape in ("t0", "t1")]
    told = detection(matched_over(raised), raised)
    assert (told["alerts_a_day"], told["alerts_a_symbol_day"]) == (48, 24)
