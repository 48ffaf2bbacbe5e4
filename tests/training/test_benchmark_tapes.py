from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from features.errors import ParameterError
from features.readers import read_dataset
from training.benchmark_tapes import (
    ACROSS,
    DAILY,
    HOURLY,
    Placed,
    Wanted,
    _long_plan,
    _short_plan,
    _venues_plan,
    read_plan,
    tapes_of,
)
from training.simulator.people.markets import KNOWN
from training.simulator.scenarios import SCENARIOS
from training.simulator.scenarios.base import name_of

MINUTE = 60_000_000_000


def by_market(placed: list[Placed]) -> dict[tuple[int, str], list[Placed]]:
    markets: dict[tuple[int, str], list[Placed]] = {}
    for one in sorted(placed, key=lambda one: one.start):
        markets.setdefault((one.tape, one.symbol), []).append(one)
    return markets


def test_short_plan_has_each_typology_as_often_and_never_two_within_minutes() -> None:
    setup, placed = _short_plan(Wanted(episodes=3), HOURLY)
    names = [one.name for one in placed]
    assert {name: names.count(name) for name in names} == dict.fromkeys(HOURLY, 3)
    assert len(setup.planned) == len(placed)
    assert all(0.33 <= planned.severity <= 0.67 for planned in setup.planned)
    for episodes in by_market(placed).values():
        assert all(later.start - one.end >= 5 * MINUTE for one, later in pairwise(episodes))


def test_short_plan_keeps_to_known_symbols_but_for_crowds() -> None:
    known = {symbol.name for symbol in KNOWN}
    _, placed = _short_plan(Wanted(episodes=8), HOURLY)
    assert {one.name for one in placed if one.symbol not in known} == {"pump_and_dump", "dump_and_pump"}
    assert {one.symbol for one in placed} >= known


def test_long_plan_has_no_two_of_a_kind_in_a_market() -> None:
    _, placed = _long_plan(Wanted(episodes=4), DAILY)
    for episodes in by_market(placed).values():
        assert len({one.name for one in episodes}) == len(episodes)
    assert len(placed) == 4 * len(DAILY)


def test_venues_plan_has_each_typology_as_often_on_a_symbol_that_two_venues_list() -> None:
    setup, placed = _venues_plan(Wanted(episodes=2), ACROSS)
    names = [one.name for one in placed]
    assert {name: names.count(name) for name in names} == dict.fromkeys(ACROSS, 2)
    assert len(setup.venues) == 2
    assert {planned.venue for planned in setup.planned} <= {venue.name for venue in setup.venues}


def test_names_that_are_planted_are_scenarios() -> None:
    assert {*HOURLY, *DAILY, *ACROSS} <= {name_of(scenario) for scenario in SCENARIOS}


def test_wanted_of_what_cannot_be_names_every_mistake() -> None:
    with pytest.raises(
        ParameterError, match=r"typology must be of .*; was insider.*episodes.*was 0.*severity.*0\.9 0\.1"
    ):
        Wanted(("insider",), 0, (0.9, 0.1))


def test_tapes_are_labelled_where_they_were_planned_and_found_again(tmp_path: Path) -> None:
    wanted = Wanted(("marking_the_close",), episodes=2, seed=3)
    steps: list[tuple[int, int]] = []
    (path,) = tapes_of(wanted, tmp_path, lambda *step: steps.append(step))
    assert steps[-1] == (100, 100)
    labels, plan = read_dataset(path).labels, read_plan(path)
    assert len(labels) > 0
    for typology, symbol, start in zip(
        labels["typology"], labels["symbol"], labels["start"].astype("int64"), strict=True
    ):
        assert any(
            (one.typology, one.symbol) == (typology, symbol) and abs(one.start - start) < 10 * MINUTE for one in plan
        )
    steps.clear()
    assert tapes_of(wanted, tmp_path, lambda *step: steps.append(step)) == [path]
    assert steps == []
    assert tapes_of(Wanted(("marking_the_close",), episodes=1, seed=3), tmp_path) != [path]
