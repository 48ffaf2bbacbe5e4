from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.rows import Episodes, blank_rows, no_episodes
from features.sweeps.ring import FIGURES
from models.findings import Findings
from models.rules.wash_trading import Params, WashTrading

PAIR = {
    "window_min": 60.0, "size": 2.0, "share": 0.8, "open_ratio": 0.1, "meetings": 40.0, "expected": 2.0,
    "surprise": 4.0, "arranged": 0.0, "usual_arranged": 0.05, "volume_share": 0.02, "outsiders": 2.0,
}  # fmt: skip
SELF = {**PAIR, "size": 1.0, "open_ratio": 0.0, "meetings": 5.0, "outsiders": 1.0}


def rings(*figures: dict[str, float], members: tuple[tuple[int, ...], ...] = ((3, 7),)) -> Episodes:
    n = len(figures)
    whom = np.full((n, 8), -1, np.int32)
    for row, codes in zip(whom, members * n, strict=False):
        row[: len(codes)] = codes
    values = np.array([[one[name] for name in FIGURES] for one in figures])
    span = np.zeros(n, np.int64)
    return Episodes(span, whom, np.zeros(n, np.int8), span, span, values, FIGURES)


def judge(episodes: Episodes, **params: Any) -> Findings:
    return WashTrading(Params(**params)).judge(blank_rows("market", 1), episodes)


def score(base: dict[str, float], **other: float) -> float:
    return float(judge(rings({**base, **other})).score.sum())


def test_wash_trading_of_a_pair_at_the_threshold_scores_it_and_names_both() -> None:
    found = judge(rings(PAIR))
    assert found.score.tolist() == pytest.approx([0.7])
    assert found.members[0].tolist() == [3, 7, -1, -1, -1, -1, -1, -1]
    assert found.episode.tolist() == [0]


def test_wash_trading_of_a_ring_names_every_member() -> None:
    found = judge(rings({**PAIR, "size": 8.0}, members=((5, 1, 2, 3, 4, 9, 8, 6),)))
    assert found.members[0].tolist() == [5, 1, 2, 3, 4, 9, 8, 6]


def test_wash_trading_of_a_self_match_asks_no_return_and_no_outsiders() -> None:
    assert score(SELF, share=0.8, open_ratio=1.0, outsiders=0.0) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("base", "name", "short"),
    [
        (PAIR, "share", 0.79),
        (PAIR, "open_ratio", 0.11),
        (PAIR, "meetings", 7.0),
        (PAIR, "surprise", 3.9),
        (PAIR, "volume_share", 0.0049),
        (PAIR, "outsiders", 1.0),
        (SELF, "meetings", 4.0),
        (SELF, "surprise", 3.9),
    ],
)
def test_wash_trading_short_of_one_condition_is_below_threshold(
    base: dict[str, float], name: str, short: float
) -> None:
    assert score(base) >= 0.7
    assert score(base, **{name: short}) < 0.7


def test_market_maker_and_a_frequent_taker_are_quiet() -> None:
    assert score(PAIR, share=0.3, meetings=80.0, volume_share=0.2) < 0.7


def test_omnibus_that_crosses_some_clients_is_quiet() -> None:
    assert score(SELF, share=0.15, meetings=60.0, surprise=8.0) < 0.7


def test_execution_algorithm_against_one_maker_is_quiet() -> None:
    assert score(PAIR, share=0.95, open_ratio=1.0) < 0.7


def test_two_of_three_users_who_meet_as_often_as_chance_has_it_are_quiet() -> None:
    assert score(PAIR, share=0.9, surprise=0.0, outsiders=1.0) < 0.7
    assert score(PAIR, share=0.9, surprise=0.0, outsiders=3.0) < 0.7


def test_the_less_chance_explains_the_more_honest_trades_may_lie_between() -> None:
    scores = [score(PAIR, share=0.65, open_ratio=0.0, surprise=digits) for digits in (4.0, 7.0, 10.0, 20.0)]
    assert scores[0] < 0.7 <= scores[2]
    assert scores == sorted(scores)
    assert score(PAIR, share=0.55, open_ratio=0.0, surprise=100.0) < 0.7


def test_with_nobody_else_to_trade_with_only_what_chance_cannot_explain_counts() -> None:
    assert score(PAIR, share=1.0, outsiders=0.0, surprise=9.0) == 0.0
    assert score(PAIR, share=1.0, outsiders=0.0, surprise=10.0) >= 0.7


def test_of_few_trades_one_may_be_open() -> None:
    assert score(PAIR, meetings=10.0, open_ratio=0.12) >= 0.7
    assert score(PAIR, meetings=100.0, open_ratio=0.12) < 0.7


def test_over_a_day_positions_return_to_one_percent_or_one_trade() -> None:
    assert score(PAIR, window_min=1440.0, meetings=400.0, open_ratio=0.01) >= 0.7
    assert score(PAIR, window_min=1440.0, meetings=400.0, open_ratio=0.05) < 0.7
    assert score(PAIR, window_min=1440.0, meetings=20.0, open_ratio=0.05) >= 0.7


def test_wash_trading_is_monotone_in_its_threshold() -> None:
    rated = [judge(rings(PAIR), wash_trade_threshold=at).score for at in (0.6, 0.7, 0.8, 0.9)]
    scores = [float(found.sum()) for found in rated]
    assert scores == sorted(scores, reverse=True)


def test_of_rings_that_share_members_in_one_row_the_plainest_is_named() -> None:
    weaker, plain = {**PAIR, "share": 0.85}, {**PAIR, "share": 0.95, "open_ratio": 0.01, "surprise": 40.0}
    found = judge(rings(weaker, plain, members=((1, 2), (2, 3))))
    assert found.members[:, :2].tolist() == [[2, 3]]
    assert len(judge(rings(weaker, plain, members=((1, 2), (3, 4))))) == 2


def test_without_rings_there_is_no_finding() -> None:
    assert len(judge(no_episodes(FIGURES))) == 0
    assert len(judge(no_episodes())) == 0


def test_evidence_of_several_tells_what_stayed_and_of_one_does_not() -> None:
    def names(base: dict[str, float]) -> list[str]:
        return [figure.name for figure in WashTrading().evidence(blank_rows("market", 1), 0, rings(base), 0)]

    assert {"wash_share", "open_ratio", "meetings", "surprise"} <= set(names(PAIR))
    assert "open_ratio" not in names(SELF)
    assert "arranged" not in names({**PAIR, "arranged": np.nan})
