"""Making simulated tapes and datasets.

The main flow: setup → population → world → plans → one event loop → tables and labels, written as they come. The same
setup always gives the same bytes; a tape needs the same memory however long it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Unpack

import pandas as pd
import pyarrow as pa

from training.simulator.flow.loop import AWAKE, DONE, FULL, run
from training.simulator.labels import INNOCENT_COLUMNS, LABEL_COLUMNS, frame, tape_name
from training.simulator.opening import open_tape
from training.simulator.people.markets import list_markets
from training.simulator.people.players import Players
from training.simulator.people.population import population_of
from training.simulator.people.stage import Room
from training.simulator.planting import plant
from training.simulator.recording import Recorded, Recording
from training.simulator.setup import Options, Setup, default_setup
from training.simulator.sinks import Folder, Memory, Sink
from training.simulator.tables import TableMaker

Progress = Callable[[int, int], None]
_STEPS = 100  # a tape reports progress this many times


@dataclass(frozen=True)
class SimulatedTape:
    """One tape in memory.

    Attributes:
        name: Name of the tape.
        trades: Canonical trades.
        orders: Canonical order messages.
        books: Canonical book levels; empty unless the setup asks for them.
        accounts: `account_id`, `owner_id`.
        labels: Columns of `labels.LABEL_COLUMNS`.
        innocent: Columns of `labels.INNOCENT_COLUMNS`.
        transfers: `timestamp`, `account_id`, `usd`: deposits and withdrawals.
    """

    name: str
    trades: pa.Table
    orders: pa.Table
    books: pa.Table
    accounts: pa.Table
    labels: pd.DataFrame
    innocent: pd.DataFrame
    transfers: pa.Table


def simulate(out: Path, *, progress: Progress | None = None, **options: Unpack[Options]) -> Path:
    """Write a labelled dataset of simulated tapes; see `simulate_setup`.

    Args:
        out: Folder to write to.
        progress: Called with steps done and steps in all.
        options: See `setup.Options`.

    Returns:
        The folder.

    Raises:
        ParameterError: An option is out of range.
    """
    return simulate_setup(out, default_setup(**options), progress)


def simulate_setup(out: Path, setup: Setup, progress: Progress | None = None) -> Path:
    """Write the dataset of a setup: `tapes/NAME/*.parquet`, `labels.csv`, `innocent.csv`, `simulation.json`.

    Tapes of the same name are replaced.

    Raises:
        ParameterError: The setup plans what cannot be.
    """
    out.mkdir(parents=True, exist_ok=True)
    recorded = Recorded()
    for number in range(setup.tapes):

        def report(done: int, before: int = number * _STEPS) -> None:
            if progress is not None:
                progress(before + done, setup.tapes * _STEPS)

        with Folder(out / "tapes" / tape_name(number)) as sink:
            play(setup, number, sink, recorded, report)
    frame(recorded.labels, LABEL_COLUMNS).to_csv(out / "labels.csv", index=False, lineterminator="\n")
    frame(recorded.innocent, INNOCENT_COLUMNS).to_csv(out / "innocent.csv", index=False, lineterminator="\n")
    (out / "simulation.json").write_text(json.dumps(asdict(setup), indent=1) + "\n", encoding="utf-8")
    return out


def simulate_tape(number: int = 0, *, setup: Setup | None = None, **options: Unpack[Options]) -> SimulatedTape:
    """Return tape `number` of the dataset that `simulate`, or with a setup `simulate_setup`, would write."""
    options.setdefault("tapes", number + 1)
    setup = setup or default_setup(**options)
    sink, recorded = Memory(), Recorded()
    play(setup, number, sink, recorded, lambda _: None)
    return SimulatedTape(
        name=tape_name(number),
        labels=frame(recorded.labels, LABEL_COLUMNS),
        innocent=frame(recorded.innocent, INNOCENT_COLUMNS),
        **{name: sink.table(name) for name in ("trades", "orders", "books", "accounts", "transfers")},
    )


def play(setup: Setup, number: int, sink: Sink, recorded: Recorded, report: Callable[[int], None]) -> Room:
    """Play one tape into a sink; return its room, with everybody's final holdings.

    Args:
        setup: What is to be simulated.
        number: Number of the tape.
        sink: Takes the tables as they come.
        recorded: Takes labels and look-alikes.
        report: Called with the number of hundredths done.

    Raises:
        ParameterError: The setup plans what cannot be.
    """
    markets, span = list_markets(setup.symbols, setup.venues), setup.span(number)
    population = population_of(setup.seed, number)
    world = open_tape(markets, population, span, (setup.seed, number), books=setup.books)
    players = Players(world)
    room = Room(world, markets, population, span, setup.fixings_h, players.hooks, players.join)
    recording = Recording(world, players, TableMaker(markets, population, number), sink, recorded)
    plant(setup, room, number, recording.enter)
    for step in range(1, _STEPS + 1):
        until = span[0] + (span[1] - span[0]) * step // _STEPS
        while (reason := run(world, until)) != DONE:
            if reason == AWAKE:
                players.resume(int(world.clock[1]), int(world.clock[2]))
            elif reason == FULL:
                recording.drain()
        report(step)
    recording.close(room)
    return room
