from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from features.errors import TapeError
from models.parameters import Parameters
from training.benchmark_pumps import (
    CLOCK_RULE,
    EARLIER,
    OURS,
    PLAIN_RULE,
    RULE,
    SWEPT,
    Curve,
    Line,
    PumpBenchmark,
    benchmark,
    frontier,
    plot_of,
    pumps_of,
    read_events,
    table_of,
)
from training.markets import MarketTape
from training.pump_counting import Alarms
from training.pump_rows import RowPrecision

PUMPS = Path(__file__).parents[3] / "shared" / "data" / "pumps"
FEW = 15


def alarms(caught: int, false: int) -> Alarms:
    hit = np.arange(10) < caught
    return Alarms(np.arange(10), hit, np.where(hit, 5.0, np.nan), false, 100.0)


def result() -> PumpBenchmark:
    lines = [
        Line(name, threshold, target, alarms(8, 3), (0.0123, -0.0456, 0.0789) if name == OURS else None)
        for threshold in (EARLIER, SWEPT)
        for target in (0.03, 0.06)
        for name in (OURS, RULE, CLOCK_RULE, PLAIN_RULE)
    ]
    precision = {name: RowPrecision(0.3, 0.8) for name in ("classifier", "isolation_forest", "combined")}
    curves = tuple(Curve(name, np.array([0.0, 0.05]), np.array([0.6, 0.8])) for name in (OURS, RULE, CLOCK_RULE))
    return PumpBenchmark(10, 100.0, tuple(lines), precision, ("ADX_2019-07-05_17.00",) * 9, curves)


def test_table_of_fits_80_columns_and_cuts_nothing() -> None:
    console = Console(width=80, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - the console's own
    console.print(table_of(result()))
    text = console.export_text()
    console.file.close()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for said in ("0.800 [0.60,1.00]", "0.030", "+0.01 [-0.05,+0.08]", "0.804", "0.454", "ADX_2019-07-05_17.00"):
        assert said in text


def test_plot_of_shows_a_curve_a_detector_and_a_point_a_choice() -> None:
    (axes,) = plot_of(result()).axes
    legend = axes.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == {OURS, RULE, CLOCK_RULE, PLAIN_RULE}
    assert len(axes.containers) == 8


def test_figures_are_plain_json() -> None:
    figures = result().figures()
    assert figures["pumps"] == 10
    assert figures["average_precision_25s"]["published"] == {"classifier": 0.804, "isolation_forest": 0.454}  # type: ignore[index]


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
    assert (found.pumps, done[-1]) == (FEW - FEW // 3, (FEW + 5, FEW + 5))
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
