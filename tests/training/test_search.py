from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from training.candidates import Candidate, Maker, candidates_of
from training.experiment import CandidateName, Experiment, LightGBM
from training.experiment import Search as Settings
from training.search import Search, Tuned

NAME: CandidateName = "lightgbm"


def experiment(trials: int = 8, **changes: object) -> Experiment:
    search = Settings.model_validate({"trials": trials, **changes})
    return Experiment(seed=4, candidates=(NAME,), search=search)


class Scored:
    """Scores settings by a formula with one peak, and counts how often it was asked."""

    def __init__(self, stop_at: int = 1000) -> None:
        self.asked = 0
        self.stop_at = stop_at

    def __call__(self, make: Maker) -> Iterator[float]:
        self.asked += 1
        if self.asked > self.stop_at:
            raise KeyboardInterrupt
        settings = cast("LightGBM", cast("Candidate", make).settings)
        score = 1 - abs(settings.learning_rate - 0.05) - abs(settings.num_leaves - 20) / 100
        yield score - 0.01
        yield score


def tuned(home: Path, scored: Scored, how: Experiment | None = None, rows: str = "rows") -> tuple[Tuned, Search]:
    how = experiment() if how is None else how
    search = Search(home, how)
    return search.tuned("market", NAME, candidates_of(how)[NAME], rows, scored), search


def test_search_best_is_at_least_the_experiments_own_which_comes_first(tapewatch_home: Path) -> None:
    found, _ = tuned(tapewatch_home, Scored())
    assert [one.number for one in found.trials] == list(range(8))
    own = found.trials[0]
    assert own.settings["learning_rate"] == LightGBM().learning_rate
    best = max(one.score for one in found.trials if not one.pruned)
    make = cast("Candidate", found.make)
    assert max(Scored()(make)) == pytest.approx(best)
    assert best > own.score


def test_search_interrupted_and_run_again_ends_where_one_in_one_go_does(tmp_path: Path) -> None:
    whole, _ = tuned(tmp_path / "one", Scored())
    for stop_at in (0, 3):
        with pytest.raises(KeyboardInterrupt):
            tuned(tmp_path / "two", Scored(stop_at))
    rest = Scored()
    found, search = tuned(tmp_path / "two", rest)
    assert (rest.asked, search.resumed, search.tags()) == (5, 3, {"resumed_trials": "3"})
    assert found == whole
    again = Scored()
    assert tuned(tmp_path / "two", again)[0] == whole
    assert again.asked == 0


def test_search_of_other_rows_or_another_seed_finds_nothing_of_it(tapewatch_home: Path) -> None:
    tuned(tapewatch_home, Scored(), experiment(2))
    for rows, how in (("other", experiment(2)), ("rows", experiment(2).model_copy(update={"seed": 5}))):
        scored = Scored()
        tuned(tapewatch_home, scored, how, rows)
        assert scored.asked == 2


def test_search_more_trials_goes_on_from_the_fewer(tapewatch_home: Path) -> None:
    few, _ = tuned(tapewatch_home, Scored(), experiment(3))
    scored = Scored()
    more, _ = tuned(tapewatch_home, scored, experiment(5))
    assert (scored.asked, more.trials[:3]) == (2, few.trials)


def test_search_out_of_time_has_tried_the_experiments_own(tapewatch_home: Path) -> None:
    found, _ = tuned(tapewatch_home, Scored(), experiment(timeout_s=1e-9))
    assert len(found.trials) == 1


def test_search_span_left_empty_is_not_searched(tapewatch_home: Path) -> None:
    found, _ = tuned(tapewatch_home, Scored(), experiment(3, lightgbm={"num_leaves": []}))
    assert all("num_leaves" not in one.settings for one in found.trials)


def test_search_without_trials_takes_the_experiments_own(tapewatch_home: Path) -> None:
    how = experiment(0)
    found, _ = tuned(tapewatch_home, Scored(0), how)
    assert found == Tuned(candidates_of(how)[NAME])
    assert not tapewatch_home.exists()


def test_search_reports_trials_done_of_all(tapewatch_home: Path) -> None:
    seen: list[tuple[int, int]] = []
    how = experiment(3)
    Search(tapewatch_home, how, lambda done, total: seen.append((done, total))).tuned(
        "market", NAME, candidates_of(how)[NAME], "rows", Scored()
    )
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
