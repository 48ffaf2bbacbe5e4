from __future__ import annotations

import sys

import numpy as np
import pytest

from features.errors import ParameterError
from features.rows import blank_rows, no_episodes
from features.schedule import HOURLY
from models.parameters import parse_parameters, to_toml
from models.rules.marking_the_close import MarkingTheClose, Params
from models.sessions import schedule_of
from tests.models.judged import confidence_of, episode

RULE = MarkingTheClose(Params())
HOUR_NS = 3_600_000_000_000
MONDAY_NS = 1_767_571_200_000_000_000


def test_close_that_one_account_makes_clears_the_threshold() -> None:
    assert confidence_of(RULE) > 0.75


@pytest.mark.parametrize(
    "innocent",
    [
        {"share": 0.25},
        {"own_share": 0.4},
        {"steps": 1.0},
        {"lots_to_flow": 0.7},
        {"half_spreads": 1.0},
        {"sigmas": 0.5},
        {"one_sided": 0.6},
        {"before": 0.9},
        {"after": 0.9},
    ],
)
def test_close_short_of_one_fact_stays_quiet(innocent: dict[str, float]) -> None:
    assert confidence_of(RULE, **innocent) < 0.7


def test_close_that_others_followed_fires_where_one_took_most_and_the_move_is_out_of_the_ordinary() -> None:
    followed = {"own_share": 0.65, "share": 0.7, "sigmas": 5.0}
    assert confidence_of(RULE, **followed) > 0.7
    assert confidence_of(RULE, **{**followed, "share": 0.5}) < 0.7
    assert confidence_of(RULE, **{**followed, "sigmas": 2.0}) < 0.7
    assert confidence_of(RULE, **{**followed, "own_share": 0.5}) < 0.7


@pytest.mark.parametrize(("own_share", "limit"), [(0.85, 0.8), (0.65, 0.6)])
def test_evidence_of_a_close_names_the_limit_that_its_share_was_held_against(own_share: float, limit: float) -> None:
    cited = RULE.evidence(blank_rows("fast", 1), 0, episode("closing", {"own_share": own_share}), 0)
    assert next(figure.threshold for figure in cited if figure.name == "own_share") == limit


def test_close_of_a_crew_names_all_members() -> None:
    pattern = {"share": 0.8, "own_share": 0.9, "half_spreads": 20.0, "sigmas": 5.0, "lots_to_flow": 5.0, "steps": 12.0}
    crew = episode("closing", {**pattern, "one_sided": 1.0, "before": 0.0, "after": 0.0}, members=(3, 8, 9))
    found = RULE.judge(blank_rows("fast", 1), crew)
    assert found.members[0].tolist() == [3, 8, 9, -1, -1, -1, -1, -1]


def test_close_without_data_abstains() -> None:
    assert len(RULE.judge(blank_rows("fast", 3), no_episodes())) == 0
    assert len(RULE.judge(blank_rows("fast", 1), episode("closing", {}))) == 0


def test_close_where_nothing_is_usual_yet_is_less_sure() -> None:
    unknown = {"half_spreads": np.nan, "sigmas": np.nan, "lots_to_flow": np.nan}
    assert 0.0 < confidence_of(RULE, **unknown) < confidence_of(RULE)


def test_close_with_a_larger_share_never_scores_lower() -> None:
    scores = [confidence_of(RULE, share=share / 20) for share in range(1, 21)]
    assert scores == sorted(scores)


def test_schedule_of_a_venue_without_calendar_is_every_hour_and_imports_no_calendars() -> None:
    sys.modules.pop("exchange_calendars", None)
    assert schedule_of(Params(), "sim") == HOURLY
    assert "exchange_calendars" not in sys.modules


def test_schedule_of_fixings_is_at_their_hours() -> None:
    schedule = schedule_of(Params(fixings_h=[16.5, 8.0]), "sim")
    moments = schedule.between(MONDAY_NS, MONDAY_NS + 24 * HOUR_NS) - MONDAY_NS
    assert (moments / HOUR_NS).tolist() == [8.0, 16.5]


def test_schedule_of_new_york_closes_at_four_in_the_afternoon_there() -> None:
    schedule = schedule_of(Params(calendars={"XNYS": "XNYS"}), "XNYS")
    week = schedule.between(MONDAY_NS, MONDAY_NS + 7 * 24 * HOUR_NS)
    assert ((week - MONDAY_NS) / HOUR_NS).tolist() == [21.0, 45.0, 69.0, 93.0, 117.0]
    assert schedule_of(Params(calendars={"XNYS": "XNYS"}), "sim") == HOURLY


def test_schedule_of_an_unknown_calendar_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match=r"marking_the_close\.calendars\.x must be a calendar .*, was 'moon'"):
        schedule_of(Params(calendars={"x": "moon"}), "x")


def test_schedule_can_be_set_in_toml() -> None:
    parameters = parse_parameters({"marking_the_close": {"calendars": {"XNYS": "XNYS"}, "fixings_h": [0, 16]}})
    text = to_toml(parameters)
    assert 'calendars = {"XNYS" = "XNYS"}' in text
    assert "fixings_h = [0.0, 16.0]" in text
