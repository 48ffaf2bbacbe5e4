from __future__ import annotations

import pytest

from features.rows import blank_rows
from models.rules.layering import Layering, Params
from models.rules.spoofing import Spoofing
from tests.models.bait import episode

LAYERS = {
    "bait_lots": 600.0, "bait_orders": 3.0, "bait_levels": 3.0, "genuine_lots": 100.0, "size_multiple": 3.0,
    "pull_s": 0.6, "rounds": 1.0, "round_share": 1.0, "surprise": 2.5, "usual_orders": 3.0, "usual_levels": 3.0,
    "tidy_share": 1.0,
}  # fmt: skip
LADDER = {
    "bait_lots": 2520.0, "bait_orders": 5.0, "bait_levels": 5.0, "bait_filled_lots": 12.0, "size_multiple": 50.0,
    "waves": 40.0, "one_sided_share": 1.0, "moved_lots": 40 * 2520.0,
}  # fmt: skip


def score(**figures: float) -> float:
    return float(Layering(Params()).judge(blank_rows("fast", 1), episode(figures)).score.sum())


@pytest.mark.parametrize("pull_s", [0.001, 0.1, 0.609])
def test_layering_of_coscia_fires_over_the_plausible_timings(pull_s: float) -> None:
    """FCA 2013: sells of 54, 85 and 122 on three prices pulled when a buy of 17 filled, all within 609 ms."""
    assert score(**{**LAYERS, "bait_lots": 54.0 + 85.0 + 122.0, "genuine_lots": 17.0, "pull_s": pull_s}) > 0.72


def test_layering_of_sarao_fires_on_the_ladder_alone() -> None:
    """CFTC 2015: four to six large sells a few levels off, re-priced together 161 times, over 99 % cancelled."""
    assert score(**LADDER) > 0.85


@pytest.mark.parametrize(
    ("name", "at", "short"),
    [
        ("waves", 8.0, 7.0),
        ("size_multiple", 6.0, 5.9),
        ("bait_filled_lots", 0.015 * 40 * 2520.0, 0.016 * 40 * 2520.0),
        ("one_sided_share", 0.85, 0.84),
    ],
)
def test_layering_of_a_ladder_short_of_one_condition_is_below_threshold(name: str, at: float, short: float) -> None:
    assert score(**{**LADDER, name: at}) >= 0.7 - 1e-12
    assert score(**{**LADDER, name: short}) < 0.7 - 1e-12


def test_layering_by_a_market_maker_who_moves_both_sides_is_quiet() -> None:
    assert score(**{**LADDER, "one_sided_share": 0.55}) < 0.5


@pytest.mark.parametrize(
    ("name", "at", "short"), [("genuine_lots", 250.0, 251.0), ("usual_levels", 2.5, 2.4), ("surprise", 0.25, 0.2)]
)
def test_layering_of_a_round_short_of_one_condition_is_below_threshold(name: str, at: float, short: float) -> None:
    assert score(**{**LAYERS, name: at}) >= 0.7 - 1e-12
    assert score(**{**LAYERS, name: short}) < 0.7 - 1e-12


@pytest.mark.parametrize("figures", [LAYERS, LADDER, {**LAYERS, "bait_lots": 3000.0, "usual_levels": 1.0}])
def test_episode_is_layering_or_spoofing_and_never_both(figures: dict[str, float]) -> None:
    rows, one = blank_rows("fast", 1), episode(figures)
    held = [rule.judge(rows, one).score.sum() >= 0.7 for rule in (Spoofing(), Layering())]
    assert sum(held) == 1


@pytest.mark.parametrize("figures", [LAYERS, LADDER])
def test_evidence_of_layers_and_of_a_ladder_is_told_in_figures(figures: dict[str, float]) -> None:
    rule, rows, one = Layering(), blank_rows("fast", 1), episode(figures)
    told = rule.evidence(rows, 0, one, 0)
    assert len(told) >= 4
    assert all(figure.says.endswith(".") and "nan" not in figure.says for figure in told)
