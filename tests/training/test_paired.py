from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from models.alert import Alert
from training.alerts import Raised
from training.evaluate import average_precisions
from training.markets import MarketTape
from training.paired import paired_precision

MakeAlert = Callable[..., Alert]
MakeLabels = Callable[..., pd.DataFrame]
MakeMarket = Callable[..., MarketTape]


@pytest.fixture
def judged(market: MakeMarket, labels: MakeLabels, alert: MakeAlert) -> Callable[[int, float], list[Raised]]:
    """Return the maker of a judge over 4 markets of 10 episodes, of a seed and a skill."""

    def made(seed: int, skill: float) -> list[Raised]:
        dice, out = np.random.default_rng(seed), []
        for number in range(4):
            planted = labels(
                *(
                    {"start_s": 600.0 * n, "end_s": 600.0 * n + 60, "typology": ("wash_trading", "spoofing")[n % 2]}
                    for n in range(10)
                )
            )
            last = []
            for n in range(20):
                typology = ("wash_trading", "spoofing")[n % 2]
                at = 600.0 * n if n < 10 else 600.0 * (n - 10) + 250
                confidence = round(float(np.clip(dice.random() + (skill if n < 10 else 0), 0, 1)), 2)
                last.append(alert(at, at + 30, typology=typology, confidence=confidence, alert_id=f"{number}-{n}"))
            missed = [one for one in last if dice.random() > 0.1]
            out.append(Raised(market(f"t{number}", labels=planted), tuple(missed), tuple(missed)))
        return out

    return made


def test_paired_difference_is_that_of_the_average_precisions(judged: Callable[[int, float], list[Raised]]) -> None:
    first, second = judged(1, 0.2), judged(2, 0.6)
    expected = [float(np.mean(list(average_precisions(one).values()))) for one in (first, second)]
    found = paired_precision(first, second)
    assert found.difference == pytest.approx(expected[1] - expected[0])
    assert found.low < found.difference < found.high


def test_paired_with_itself_differs_by_nothing_and_surely(judged: Callable[[int, float], list[Raised]]) -> None:
    found = paired_precision(judged(1, 0.3), judged(1, 0.3))
    assert (found.difference, found.low, found.high) == (0, 0, 0)


def test_paired_of_two_equally_good_judges_holds_nothing_and_of_a_better_one_does_not(
    judged: Callable[[int, float], list[Raised]],
) -> None:
    alike, better = paired_precision(judged(1, 0.3), judged(2, 0.3)), paired_precision(judged(1, 0.0), judged(2, 0.8))
    assert alike.low < 0 < alike.high
    assert better.low > 0


def test_paired_without_a_label_is_unknown(market: MakeMarket, alert: MakeAlert) -> None:
    one = [Raised(market(), (alert(),), (alert(),))]
    found = paired_precision(one, one)
    assert np.isnan([found.difference, found.low, found.high]).all()
