from __future__ import annotations

import numpy as np
import pytest

from features.encoding import Lots, encode
from features.events import Events, Vocabulary
from features.fold import MarketFold
from features.lives import follow, new_lives
from features.order import total_order
from features.readers import Tape
from features.seen import Seen
from features.sweeps import new_sweeps
from features.sweeps.base import Sweep
from training.simulator import default_setup, simulate_tape

ABOUT_NAMED = [sweep for sweep in new_sweeps() if sweep.about_named]


@pytest.fixture(scope="module")
def events() -> Events:
    """Return an hour of one simulated market, orders and trades."""
    made = simulate_tape(setup=default_setup(hours=1.0, symbols=1))
    tape = Tape(made.name, trades=made.trades, orders=made.orders)
    return total_order(encode(tape, Vocabulary(), Lots()))


@pytest.fixture(scope="module")
def of_nobody(events: Events) -> Seen:
    none = np.full(len(events), -1, np.int32)
    return follow(new_lives(), events, none, none)[1]


@pytest.mark.parametrize("sweep", ABOUT_NAMED, ids=[sweep.kind for sweep in ABOUT_NAMED])
def test_sweep_about_the_named_is_left_as_it_is_by_events_of_nobody(sweep: Sweep, of_nobody: Seen) -> None:
    before = {name: array.copy() for name, array in sweep.snapshot().items()}
    assert len(sweep.fold(of_nobody)) == 0
    after = sweep.snapshot()
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)


def test_fold_of_a_market_that_begins_to_name_people_finds_what_one_asked_from_the_start_finds(events: Events) -> None:
    entity, counter = events.account.copy(), events.counter.copy()
    half = len(events) // 2
    entity[:half] = counter[:half] = -1
    late, early = MarketFold(0), MarketFold(0)
    early.restore(early.snapshot())  # what was restored asks all sweeps at once
    cuts = [slice(0, half - 100), slice(half - 100, half + 50), slice(half + 50, None)]
    parts = [late.fold(events.take(cut), entity[cut], counter[cut]) for cut in cuts]
    found, whole = parts[0].then(parts[1]).then(parts[2]), early.fold(events, entity, counter)
    assert any(len(whole.episodes_of(sweep.kind)) for sweep in ABOUT_NAMED)
    for scale, rows in whole.scales.items():
        np.testing.assert_array_equal(found.scales[scale].values, rows.values)
    for kind, episodes in whole.episodes.items():
        np.testing.assert_array_equal(found.episodes[kind].figures, episodes.figures, err_msg=kind)
        np.testing.assert_array_equal(found.episodes[kind].row, episodes.row, err_msg=kind)
