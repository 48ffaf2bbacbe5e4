from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from features.errors import ParameterError, TapewatchError
from features.readers import read_dataset
from models.alert import Alert
from models.parameter_changes import changed, changes
from models.parameters import TYPOLOGIES, Parameters
from training.alerts import alerts_of, uncited
from training.hits import same_pattern
from training.markets import MarketTape, days_of, fold_dataset
from training.tuner import MAIN, Option, _only, choose, split, tables_of, tune, values_of
from training.whatif import Judged, WhatIf, judged

USUAL = Parameters()


@pytest.fixture(scope="module")
def markets(short_dataset: Path) -> Sequence[MarketTape]:
    return fold_dataset(read_dataset(short_dataset), USUAL)


def test_main_threshold_of_every_table_is_one_of_its_parameters() -> None:
    assert set(MAIN) == set(tables_of(()))
    assert set(tables_of(TYPOLOGIES)) == set(MAIN)
    for table, name in MAIN.items():
        assert name in type(getattr(USUAL, table)).model_fields


@pytest.mark.parametrize("table", MAIN)
def test_values_to_try_are_within_bounds_rise_and_hold_the_present_one(table: str) -> None:
    tried = values_of(USUAL, table)
    values = list(tried.values())
    assert values == sorted(set(values))
    assert tried[1.0] == getattr(getattr(USUAL, table), MAIN[table])
    for value in values:
        changed(USUAL, {table: {MAIN[table]: value}})


def test_choice_is_the_best_that_any_combination_reaches() -> None:
    dice = random.Random(3)
    for _ in range(30):
        options = [
            [
                Option(f"t{t}", f, f, dice.randrange(6), frozenset(range(10 * t, 10 * t + dice.randrange(4))))
                for f in (1.0, 2.0, 4.0)
            ]
            for t in range(4)
        ]
        most = dice.randrange(12)
        fitting = [pick for pick in itertools.product(*options) if sum(one.alerts for one in pick) <= most]
        chosen = choose(options, most)
        assert (len(chosen) > 0) == (len(fitting) > 0)
        if chosen:
            assert sum(one.alerts for one in chosen) <= most
            best = max(sum(one.worth for one in pick) for pick in fitting)
            assert sum(one.worth for one in chosen) == pytest.approx(best)


def test_split_is_by_time_and_no_moment_is_in_both(market: Callable[..., MarketTape]) -> None:
    markets = [market(tape=f"t{n}", start_h=2 * n, end_h=2 * n + 1) for n in range(5)]
    markets += [market(tape="t2", symbol="B", start_h=4, end_h=9)]
    markets += [market(tape="t4", symbol="B", start_h=8, end_h=9)]
    earlier, later = split(markets)
    assert {one.tape for one in later} == {"t3", "t4"}
    assert [(one.tape, one.symbol) for one in earlier] == [("t0", "A"), ("t1", "A"), ("t2", "A")]


def test_split_of_one_tape_is_refused(market: Callable[..., MarketTape]) -> None:
    with pytest.raises(TapewatchError, match="at least 2 tapes"):
        split([market()])


def test_tables_of_what_counts_as_one_another_are_tuned_together() -> None:
    assert tables_of(["layering"]) == tables_of(["spoofing"]) == ("spoofing", "layering")


def test_only_one_pattern_keeps_its_alerts_and_episodes_whatever_they_are_called(alert: Callable[..., Alert]) -> None:
    names = ("spoofing", "wash_trading", "layering")
    side = tuple(Judged(alert(typology=name), "t", frozenset({n}), true=True) for n, name in enumerate(names))
    result = WhatIf((), side, side, ((0, 0), (1, 1), (2, 2)), 1.0, 1, dict(enumerate(map(same_pattern, names))))
    told = _only(result, ("spoofing",))
    assert [one.alert.typology for one in told.after] == ["spoofing", "layering"]
    assert (told.kept, told.episodes) == (((0, 0), (1, 1)), {0: "spoofing", 2: "spoofing"})


@pytest.mark.slow
def test_uncited_markets_raise_the_same_alerts_and_hit_the_same_labels(markets: Sequence[MarketTape]) -> None:
    cited = judged(alerts_of(markets, USUAL, None))
    lean = judged(alerts_of([uncited(market) for market in markets], USUAL, None))
    assert [(one.alert.alert_id, one.alert.window_end, one.hits, one.true) for one in lean] == [
        (one.alert.alert_id, one.alert.window_end, one.hits, one.true) for one in cited
    ]
    assert any(one.hits for one in lean)
    assert {one.alert.trade_ids for one in lean} == {()}


@pytest.mark.slow
def test_tune_with_labels_stays_within_the_budget_and_beats_the_confidence_alone(markets: Sequence[MarketTape]) -> None:
    earlier, _ = split(markets)
    raised = sum(len(one.last) for one in alerts_of(earlier, USUAL, None))
    budget = 0.5 * raised / days_of(earlier)
    found, ranked = (tune(markets, USUAL, None, budget, labelled=labelled) for labelled in (True, False))
    for one in (found, ranked):
        assert len(one.earlier.after) <= budget * one.earlier.days
        assert {pair.tape for pair in one.earlier.before}.isdisjoint(pair.tape for pair in one.later.before)
    assert [change.name for change in changes(USUAL, ranked.proposed)] == ["alerts.confidence_threshold"]
    right, by_rank = (len(set[int]().union(*(a.hits for a in one.earlier.after))) for one in (found, ranked))
    assert right >= by_rank


@pytest.mark.slow
def test_tune_of_one_typology_changes_its_threshold_alone(markets: Sequence[MarketTape]) -> None:
    earlier, _ = split(markets)
    spikes = [one for part in alerts_of(earlier, USUAL, None) for one in part.last if one.typology == "volume_spike"]
    budget = (len(spikes) - 0.5) / days_of(earlier)
    found = tune(markets, USUAL, None, budget, labelled=True, typologies=["volume_spike"])
    assert {change.name for change in changes(USUAL, found.proposed)} <= {"volume_spike.volume_spike_multiplier"}
    assert {one.alert.typology for one in (*found.later.before, *found.earlier.after)} <= {"volume_spike"}
    assert 0 < len(found.earlier.after) <= budget * found.earlier.days


def test_tune_asked_for_the_impossible_says_what_must_be(markets: Sequence[MarketTape]) -> None:
    with pytest.raises(TapewatchError, match="budget must be more than 0"):
        tune(markets, USUAL, None, 0.0, labelled=True)
    with pytest.raises(TapewatchError, match="labelled dataset"):
        tune(markets, USUAL, None, 1.0, labelled=False, typologies=["spoofing"])
    with pytest.raises(ParameterError, match="must be of"):
        tune(markets, USUAL, None, 1.0, labelled=True, typologies=["spoof"])


@pytest.mark.slow
def test_tune_by_confidence_alone_that_cannot_meet_the_budget_says_so(markets: Sequence[MarketTape]) -> None:
    earlier, _ = split(markets)
    surest = sum(len(one.last) for one in alerts_of(earlier, USUAL, None, 0.99))
    assert surest > 1
    with pytest.raises(TapewatchError, match="budget must leave room"):
        tune(markets, USUAL, None, (surest - 0.5) / days_of(earlier), labelled=False)
