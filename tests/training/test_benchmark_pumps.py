from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import TapeError
from models.parameters import Parameters
from training.benchmark_pumps import (
    BOTH,
    EARLIER,
    OURS,
    PLAIN_RULE,
    RULE,
    SHORT,
    SIMULATED,
    SWEPT,
    benchmark,
    frontier,
    pumps_of,
    read_events,
)
from training.markets import MarketTape
from training.pump_counting import Alarms

PUMPS = Path(__file__).parents[3] / "shared" / "data" / "pumps"
FEW = 15


def alarms(caught: int, false: int) -> Alarms:
    hit = np.arange(10) < caught
    return Alarms(np.arange(10), hit, np.where(hit, 5.0, np.nan), false, 100.0)


def test_frontier_keeps_what_no_quieter_result_equals() -> None:
    rate, recall = frontier([alarms(5, 2), alarms(8, 4), alarms(8, 3), alarms(7, 5), alarms(9, 50)])
    assert (rate.tolist(), recall.tolist()) == ([0.02, 0.03], [0.5, 0.8])


def test_benchmark_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"must be a dataset of labelled pumps with events\.csv"):
        benchmark(tmp_path, Parameters())


def test_pumps_of_stand_in_the_order_of_their_own_onsets(market: Callable[..., MarketTape]) -> None:
    events = pd.DataFrame({"onset_5s": [200, 100]}, index=["late", "early"])
    found = pumps_of([market("late"), market("early"), market("unnamed")], None, events)
    assert [tape.tape for tape in found.markets] == ["early", "late"]
    assert found.onset.tolist() == [100, 200]


def needs_pumps() -> Path:
    if not (PUMPS / "events.csv").exists():
        pytest.skip(f"the real pumps are not published; they would lie in {PUMPS}")
    return PUMPS


def few_pumps(out: Path) -> Path:
    source = needs_pumps()
    tapes = sorted((source / "tapes").glob("*.parquet"), key=lambda path: path.stat().st_size)[:FEW]
    (out / "tapes").mkdir(parents=True)
    for tape in tapes:
        (out / "tapes" / tape.name).symlink_to(tape)
    for name in ("labels.csv", "events.csv", "known_pumps.csv"):
        shutil.copy(source / name, out / name)
    return out


@pytest.mark.slow
def test_benchmark_few_real_pumps_keeps_the_protocol(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    found = benchmark(few_pumps(tmp_path / "few"), Parameters(), progress=lambda *step: done.append(step))
    steps = 2 * FEW - FEW // 3 + 5
    assert (found.pumps, done[-1]) == (FEW - FEW // 3, (steps, steps))
    assert {line.detector for line in found.lines} >= {OURS, RULE, SHORT}
    assert not {line.detector for line in found.lines} & {SIMULATED, BOTH}
    assert 9 * found.pumps < found.coin_days <= 19 * found.pumps
    for line in found.lines:
        assert line.alarms.number.tolist() == list(range(FEW // 3, FEW))
        assert line.threshold != SWEPT or line.alarms.false_rate <= line.target
    plain = next(line for line in found.lines if line.detector == PLAIN_RULE)
    assert plain.alarms.recall >= 0.5
    caught = next(line for line in found.lines if (line.detector, line.threshold) == (OURS, EARLIER)).alarms.caught
    assert len(found.missed) == np.count_nonzero(~caught)


def test_read_events_onsets_lie_on_the_grid_of_bins_near_the_announcement() -> None:
    events = read_events(needs_pumps() / "events.csv")
    assert len(events) == 126
    assert (events["onset_25s"] % 25_000_000_000 == 0).all()
    assert ((events["onset_5s"] - events["announced"]).abs() <= 180_000_000_000).all()
