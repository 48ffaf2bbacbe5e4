from __future__ import annotations

import pytest

from features.rows import blank_rows, no_episodes
from tests.contracts.cases import CASES
from tests.models.told import confidence, episode, rule_of

NAME = "ping_orders"


def test_ping_orders_fires_clearly_on_its_pattern() -> None:
    assert confidence(NAME) > 0.75


@pytest.mark.parametrize(
    ("figure", "enough", "short", "others"),
    [
        ("pings", 11.0, 6.0, {}),
        ("ping_size", 0.1, 0.3, {}),
        ("gap_s", 1.5, 5.0, {}),
        ("one_way_share", 0.85, 0.5, {"missed_share": 0.25}),
        ("pings_share", 0.8, 0.4, {}),
    ],
)
def test_ping_orders_alerts_just_above_each_condition_and_not_below(
    figure: str, enough: float, short: float, others: dict[str, float]
) -> None:
    assert confidence(NAME, **{**others, figure: enough}) >= 0.7
    assert confidence(NAME, **{**others, figure: short}) < 0.7


@pytest.mark.parametrize("name", CASES[NAME].look_alikes)
def test_ping_orders_is_quiet_on_look_alikes(name: str) -> None:
    assert confidence(NAME, **CASES[NAME].look_alikes[name]) < 0.7


def test_ping_orders_without_episodes_abstains() -> None:
    assert len(rule_of(NAME).judge(blank_rows("fast", 3), no_episodes())) == 0


def test_ping_orders_evidence_names_figures_against_their_thresholds() -> None:
    cited = rule_of(NAME).evidence(blank_rows("fast", 1), 0, episode(NAME, {}), 0)
    assert len({figure.name for figure in cited}) == len(cited) >= 4
    assert any(figure.threshold is not None for figure in cited)


def test_ping_orders_that_all_trade_fire_where_size_follows_and_sizes_are_alike() -> None:
    trading = {"missed_share": 0.0, "pings": 12.0, "ahead_multiple": 40.0}
    assert confidence(NAME, **trading) > 0.7
    assert confidence(NAME, **{**trading, "size_spread": 0.9}) < 0.7
    assert confidence(NAME, **{**trading, "ahead_multiple": 2.0}) < 0.7


def test_ping_orders_on_both_sides_fire_where_many_met_nothing_and_sizes_are_alike() -> None:
    both = {"pings": 16.0, "one_way_share": 0.5, "missed_share": 0.4, "size_spread": 0.2}
    assert confidence(NAME, **both) > 0.7
    assert confidence(NAME, **{**both, "missed_share": 0.2}) < 0.7
    assert confidence(NAME, **{**both, "size_spread": 0.6}) < 0.7
