from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import COLUMN
from features.rows import blank_rows, no_episodes
from models.rules.spoofing import Params, Spoofing
from tests.models.bait import episode

BAIT = {
    "bait_lots": 1000.0, "bait_orders": 2.0, "genuine_lots": 100.0, "size_multiple": 10.0, "pull_s": 0.6, "rounds": 1.0,
    "round_share": 1.0, "surprise": 4.5, "usual_orders": 2.0, "usual_levels": 1.0, "tidy_share": 1.0,
}  # fmt: skip


def score(**figures: float) -> float:
    return float(Spoofing(Params()).judge(blank_rows("fast", 1), episode(figures)).score.sum())


@pytest.mark.parametrize("genuine", [92.0, 184.0, 322.0])
def test_spoofing_of_oystacher_fires_over_the_plausible_flip_sizes(genuine: float) -> None:
    """CFTC 15-cv-9196: sells of together 921, cancelled within 5 ms by his own buy; again and again."""
    flips = {"rounds": 4.0, "surprise": 12.0, "pull_s": -0.005}
    assert score(**{**BAIT, "bait_lots": 921.0, "genuine_lots": genuine, "size_multiple": 3.0, **flips}) > 0.72


def test_spoofing_at_ten_times_the_genuine_order_scores_the_threshold() -> None:
    assert score(**BAIT) == pytest.approx(0.7)


def test_spoofing_of_several_rounds_needs_a_smaller_multiple_each() -> None:
    assert score(**{**BAIT, "genuine_lots": 400.0}) < 0.7
    assert score(**{**BAIT, "genuine_lots": 400.0, "rounds": 2.0}) == pytest.approx(0.7)
    assert score(**{**BAIT, "genuine_lots": 500.0, "rounds": 50.0}) < 0.7


@pytest.mark.parametrize(
    ("name", "at", "short"),
    [
        ("genuine_lots", 90.0, 101.0),
        ("bait_filled_lots", 111.0, 112.0),
        ("pull_s", 7.9, 8.1),
        ("pull_s", -7.9, -8.1),
        ("size_multiple", 1.2, 1.1),
        ("surprise", 3.3, 3.2),
        ("round_share", 0.15, 0.14),
        ("tidy_share", 0.6, 0.59),
    ],
)
def test_spoofing_short_of_one_condition_is_below_threshold(name: str, at: float, short: float) -> None:
    clear = {**BAIT, "genuine_lots": 50.0, "rounds": 2.0}
    if name == "genuine_lots":
        clear = BAIT
    assert score(**{**clear, name: at}) >= 0.7 - 1e-12
    assert score(**{**clear, name: short}) < 0.7 - 1e-12


def test_spoofing_by_a_market_maker_who_pulls_one_side_is_quiet() -> None:
    assert score(**{**BAIT, "genuine_lots": 950.0}) == 0.0


def test_spoofing_with_one_large_order_needs_a_prompter_pull_than_with_two() -> None:
    one = {**BAIT, "genuine_lots": 50.0, "usual_orders": 1.0, "size_multiple": 2.0}
    assert score(**{**one, "surprise": 4.5}) < 0.7
    assert score(**{**one, "surprise": 5.0, "size_multiple": 30.0}) > 0.7
    assert score(**{**one, "surprise": 7.0, "rounds": 2.0}) > 0.7


def test_spoofing_by_one_whose_order_went_when_its_owner_turned_around_is_quiet() -> None:
    """Venues cancel a resting order that its owner is about to meet."""
    turned = {**BAIT, "genuine_lots": 50.0, "usual_orders": 1.0, "size_multiple": 50.0, "pull_s": -0.001}
    assert score(**{**turned, "surprise": 4.5}) < 0.7
    assert score(**{**turned, "rounds": 4.0, "surprise": 12.0}) > 0.7


def test_spoofing_by_a_crew_counts_what_their_meetings_tell_alone() -> None:
    rule, rows = Spoofing(), blank_rows("fast", 1)
    pair = {**BAIT, "rounds": 4.0, "usual_orders": 1.0, "size_multiple": 1.5, "surprise": 6.0}
    alone, crew = (rule.judge(rows, episode(pair, partner=partner)) for partner in (-1, 8))
    assert crew.score[0] > alone.score[0]
    assert crew.score[0] > 0.7
    assert crew.members[0, :2].tolist() == [0, 8]


def test_spoofing_of_nothing_on_the_other_side_abstains() -> None:
    assert score(**{**BAIT, "genuine_lots": 0.0}) == 0.0


def test_spoofing_with_unknown_size_judges_with_less_confidence() -> None:
    rows, rule = blank_rows("fast", 1), Spoofing()
    unknown = rule.judge(rows, episode({**BAIT, "size_multiple": np.nan}))
    assert unknown.score.tolist() == pytest.approx([0.7])
    assert unknown.confidence[0] < rule.judge(rows, episode(BAIT)).confidence[0]


def test_spoofing_findings_are_ordered_by_row_and_cite_their_episode() -> None:
    late, early = episode(BAIT, row=3, entity=8), episode(BAIT, row=1, entity=9)
    both = late.then(early)
    found = Spoofing().judge(blank_rows("fast", 4), both)
    assert (found.row.tolist(), found.entity.tolist(), found.episode.tolist()) == ([1, 3], [9, 8], [1, 0])


def test_spoofing_in_a_summary_takes_the_cancellation_rate_and_says_how_weak_it_is() -> None:
    rows, rule = blank_rows("market", 1), Spoofing()
    rows.values[0, COLUMN["cancellation_rate"]] = 0.925
    found = rule.judge_summary(rows)
    assert found.score[0] > 0.7
    assert found.confidence[0] < rule.judge(blank_rows("fast", 1), episode(BAIT)).confidence[0]
    (figure,) = rule.evidence(rows, 0, no_episodes(), -1)
    assert figure.says == "92% of the orders were cancelled (limit 90%); most honest ones are too."


def test_spoofing_in_a_summary_of_few_orders_is_quiet() -> None:
    rows = blank_rows("market", 1)
    for name, value in {"cancellation_rate": 1.0, "order_to_trade_ratio": 4.0, "trade_count": 4.0}.items():
        rows.values[0, COLUMN[name]] = value
    assert len(Spoofing().judge_summary(rows)) == 0
