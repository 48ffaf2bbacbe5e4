from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from features.catalogue import COLUMN
from features.rows import Episodes, blank_rows, no_episodes
from models.rules.spoofing import Params, Spoofing


def episode(**figures: float) -> Episodes:
    """Return one episode; sizes in lots."""
    blank = {f.name: 0.0 for f in fields(Episodes)} | {"depth_ratio": np.nan, "fill_ratio": 1.0, "bait_orders": 1.0}
    blank |= {"cancel_share": 1.0}
    types = {f.name: getattr(no_episodes(), f.name).dtype for f in fields(Episodes)}
    return Episodes(**{name: np.array([value]).astype(types[name]) for name, value in (blank | figures).items()})


def score(**figures: float) -> float:
    return float(Spoofing(Params()).judge(blank_rows("fast", 1), episode(**figures)).score.sum())


@pytest.mark.parametrize("pull_s", [0.001, 0.1, 0.609])
def test_spoofing_of_coscia_fires_over_the_plausible_timings(pull_s: float) -> None:
    """FCA 2013: sells of 54, 85 and 122 pulled when a buy of 17 filled, all within 609 ms."""
    assert score(bait_lots=54 + 85 + 122, bait_orders=3, genuine_lots=17, fill_ratio=1.0, pull_s=pull_s) > 0.7


@pytest.mark.parametrize("genuine", [20.0, 34.0, 92.0])
def test_spoofing_of_oystacher_fires_over_the_plausible_flip_sizes(genuine: float) -> None:
    """CFTC 15-cv-9196: sells of together 921 against 34 at the offer, gone within 5 ms by his own buy."""
    depth = {"depth_ratio": 921 / 34}
    assert score(bait_lots=921, bait_orders=2, genuine_lots=genuine, pull_s=0.005, **depth) > 0.7


@pytest.mark.parametrize("genuine", [60.0, 120.0, 200.0])
def test_spoofing_of_sarao_fires_over_the_plausible_genuine_orders(genuine: float) -> None:
    """CFTC 2015: five large sells, here of 504, more than 99 % cancelled."""
    assert score(bait_lots=5 * 504, bait_filled_lots=12, bait_orders=5, genuine_lots=genuine, pull_s=2.3) > 0.7


BAIT = {"bait_lots": 1000.0, "genuine_lots": 100.0, "fill_ratio": 0.9, "pull_s": 1.0, "depth_ratio": 10.0}


def test_spoofing_at_ten_times_the_genuine_order_scores_the_threshold() -> None:
    assert score(**BAIT) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("name", "at", "short"),
    [
        ("genuine_lots", 100.0, 101.0),
        ("bait_filled_lots", 111.0, 112.0),
        ("fill_ratio", 0.5, 0.49),
        ("pull_s", 4.0, 4.1),
        ("depth_ratio", 5.0, 4.9),
        ("cancel_share", 0.5, 0.49),
    ],
)
def test_spoofing_short_of_one_condition_is_below_threshold(name: str, at: float, short: float) -> None:
    assert score(**{**BAIT, name: at}) >= 0.7 - 1e-12
    assert score(**{**BAIT, name: short}) < 0.7 - 1e-12


def test_spoofing_by_a_market_maker_who_pulls_one_side_is_quiet() -> None:
    assert score(**{**BAIT, "genuine_lots": 950.0}) == 0.0


def test_spoofing_by_a_quoter_whose_dust_filled_is_quiet() -> None:
    assert score(**{**BAIT, "bait_lots": 500.0, "genuine_lots": 1.0, "depth_ratio": 1.0}) < 0.35


def test_spoofing_beyond_fifty_times_a_dust_order_fades() -> None:
    deep = {**BAIT, "depth_ratio": 100.0}
    scores = [score(**{**deep, "bait_lots": 100.0 * times}) for times in (50.0, 51.0, 99.0)]
    assert scores[0] > 0.7 > scores[1] > scores[2] > 0.35


def test_spoofing_of_nothing_on_the_other_side_abstains() -> None:
    assert score(**{**BAIT, "genuine_lots": 0.0}) == 0.0


def test_spoofing_with_unknown_depth_judges_with_less_confidence() -> None:
    rows, rule = blank_rows("fast", 1), Spoofing()
    unknown = rule.judge(rows, episode(**{**BAIT, "depth_ratio": np.nan}))
    assert unknown.score.tolist() == pytest.approx([0.7])
    assert unknown.confidence[0] < rule.judge(rows, episode(**BAIT)).confidence[0]


def test_spoofing_findings_are_ordered_by_row_and_cite_their_episode() -> None:
    late, early = episode(**BAIT, row=3, entity=8), episode(**BAIT, row=1, entity=9)
    both = Episodes(
        **{f.name: np.concatenate([getattr(late, f.name), getattr(early, f.name)]) for f in fields(Episodes)}
    )
    found = Spoofing().judge(blank_rows("fast", 4), both)
    assert (found.row.tolist(), found.entity.tolist(), found.episode.tolist()) == ([1, 3], [9, 8], [1, 0])


def test_spoofing_in_a_summary_takes_the_cancellation_rate_and_says_how_weak_it_is() -> None:
    rows, rule = blank_rows("market", 1), Spoofing()
    rows.values[0, COLUMN["cancellation_rate"]] = 0.925
    found = rule.judge_summary(rows)
    assert found.score[0] > 0.7
    assert found.confidence[0] < rule.judge(blank_rows("fast", 1), episode(**BAIT, repeats=5)).confidence[0]
    (figure,) = rule.evidence(rows, 0, no_episodes(), -1)
    assert figure.says == "92% of the orders were cancelled (limit 90%); most honest ones are too."


def test_spoofing_in_a_summary_of_few_orders_is_quiet() -> None:
    rows = blank_rows("market", 1)
    for name, value in {"cancellation_rate": 1.0, "order_to_trade_ratio": 4.0, "trade_count": 4.0}.items():
        rows.values[0, COLUMN[name]] = value
    assert len(Spoofing().judge_summary(rows)) == 0


def test_spoofing_that_repeats_weighs_more_than_a_coincidence() -> None:
    rule, rows = Spoofing(), blank_rows("fast", 1)
    once, again = (rule.judge(rows, episode(**BAIT, repeats=n)).confidence[0] for n in (0, 2))
    assert once < again
