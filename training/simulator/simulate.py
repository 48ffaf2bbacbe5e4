"""Making simulated tapes and datasets.

The main flow: population → plans (innocent and planted) → one market after the other → one tape → labels.
Each market has random streams of its own, derived from the seed, so the same arguments always give the same bytes.
Not modelled yet: several venues, auctions, fees, books as a feed; a tape is held in memory until it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ParameterError
from training.simulator.innocent import plan_innocent
from training.simulator.labels import label_table
from training.simulator.market import Columns, drain, open_world, run
from training.simulator.plan import Planner
from training.simulator.planting import plant
from training.simulator.population import Population, makers_of, people_of, populate
from training.simulator.symbols import Market, markets
from training.simulator.tables import merge, order_table, trade_table
from training.simulator.world import SECOND, Plan

Progress = Callable[[int, int], None]
_FIRST_DAY = 1_767_571_200 * SECOND  # Monday, 2026-01-05, UTC
_DAY = 86_400 * SECOND
_STEPS = 20  # a market reports progress this many times


@dataclass(frozen=True)
class SimulatedTape:
    """One tape in memory: canonical tables, and the labels of what was planted.

    Attributes:
        name: Name of the tape.
        trades: Canonical trades.
        orders: Canonical order messages.
        accounts: `account_id`, `owner_id`.
        labels: Columns of `labels.LABEL_COLUMNS`.
    """

    name: str
    trades: pa.Table
    orders: pa.Table
    accounts: pa.Table
    labels: pd.DataFrame


def simulate(
    out: Path,
    *,
    symbols: int = 6,
    hours: float = 6.0,
    seed: int = 0,
    abuse_rate: float = 0.5,
    tapes: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Write a labelled dataset of simulated tapes.

    Args:
        out: Folder to write to; receives `tapes/NAME/*.parquet` and `labels.csv`. Tapes of the same name are replaced.
        symbols: Markets a tape, >= 1.
        hours: Length of each tape, > 0. Tapes lie on days of their own.
        seed: Same seed and arguments, same bytes.
        abuse_rate: Planted episodes a symbol-hour; 0 gives clean tapes, which still have news and executors.
        tapes: Number of tapes, >= 1.
        progress: Called with steps done and steps in all.

    Returns:
        The folder.

    Raises:
        ParameterError: When an argument is out of range.
    """
    _check(symbols, hours, seed, abuse_rate, tapes)
    out.mkdir(parents=True, exist_ok=True)
    labels = []
    total = tapes * symbols * _STEPS
    for number in range(tapes):
        done_before = number * symbols * _STEPS

        def report(done: int, _: int, before: int = done_before) -> None:
            if progress is not None:
                progress(before + done, total)

        tape = simulate_tape(
            symbols=symbols, hours=hours, seed=seed, abuse_rate=abuse_rate, number=number, progress=report
        )
        _write(tape, out / "tapes" / tape.name)
        labels.append(tape.labels)
    arguments = {"symbols": symbols, "hours": hours, "seed": seed, "abuse_rate": abuse_rate, "tapes": tapes}
    (out / "simulation.json").write_text(json.dumps(arguments, indent=1) + "\n", encoding="utf-8")
    pd.concat(labels, ignore_index=True).to_csv(out / "labels.csv", index=False, lineterminator="\n")
    return out


def simulate_tape(
    *,
    symbols: int = 6,
    hours: float = 6.0,
    seed: int = 0,
    abuse_rate: float = 0.5,
    number: int = 0,
    progress: Progress | None = None,
) -> SimulatedTape:
    """Return tape `number` of the dataset that `simulate` would write; arguments and errors as there."""
    _check(symbols, hours, seed, abuse_rate, number + 1)
    population = populate(_generator(seed, 0, 0))
    listed = markets(symbols, _generator(seed, 0, 1))
    span = _span(hours, number)
    planners = [Planner() for _ in listed]
    for i, market in enumerate(listed):
        plan_innocent(planners[i], market, population, *span, _generator(seed, 1, number, i))
    episodes = plant(planners, listed, population, span, abuse_rate, _generator(seed, 2, number))
    parts = []
    for i, market in enumerate(listed):
        plan = planners[i].compile(sum(episode.market == i for episode in episodes))
        rng = _generator(seed, 3, number, i)
        parts.append(_play(market, population, plan, span, rng, _reporter(progress, i, symbols)))
    messages = merge(parts, number, listed)
    name = f"tape-{number:03d}"
    return SimulatedTape(
        name=name,
        trades=trade_table(messages, population.account_ids),
        orders=order_table(messages, population.account_ids),
        accounts=pa.table({"account_id": population.account_ids, "owner_id": population.owner_ids}),
        labels=label_table(messages, episodes, population.account_ids, name),
    )


def _play(
    market: Market,
    population: Population,
    plan: Plan,
    span: tuple[int, int],
    rng: np.random.Generator,
    report: Callable[[int], None],
) -> list[Columns]:
    """Return all messages of one market, in chunks."""
    people, makers = people_of(population, market, rng), makers_of(population, market, span[0], rng)
    world = open_world(market.spec(*span), people, makers, plan, int(rng.integers(1 << 62)))
    chunks = []
    for step in range(_STEPS):
        until = span[0] + (span[1] - span[0]) * (step + 1) // _STEPS
        while not run(world, until):
            chunks.append(drain(world))
        report(step + 1)
    chunks.append(drain(world))
    if world.agenda.state[2]:
        message = f"activity of {market.symbol} must fit the agenda, was {world.agenda.state[2]} actions too many"
        raise ParameterError(message)
    return chunks


def _reporter(progress: Progress | None, market: int, count: int) -> Callable[[int], None]:
    def report(step: int) -> None:
        if progress is not None:
            progress(market * _STEPS + step, count * _STEPS)

    return report


def _generator(seed: int, *stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream)))


def _span(hours: float, number: int) -> tuple[int, int]:
    """Return first and last nanosecond of a tape: from 08:00 where that fits a day, each tape on days of its own."""
    length = int(hours * 3_600) * SECOND
    days = -(-length // _DAY)
    start = _FIRST_DAY + number * days * _DAY + (8 * 3_600 * SECOND if length <= 16 * 3_600 * SECOND else 0)
    return start, start + length


def _check(symbols: int, hours: float, seed: int, abuse_rate: float, tapes: int) -> None:
    limits = (
        ("symbols", symbols, 1 <= symbols <= 500, "from 1 to 500"),
        ("hours", hours, 0.1 <= hours <= 24 * 31, "from 0.1 to 744"),
        ("seed", seed, seed >= 0, "zero or more"),
        ("abuse_rate", abuse_rate, 0.0 <= abuse_rate <= 10.0, "from 0 to 10"),
        ("tapes", tapes, tapes >= 1, "one or more"),
    )
    mistakes = [f"{name} must be {rule}, was {value}" for name, value, holds, rule in limits if not holds]
    if mistakes:
        raise ParameterError("; ".join(mistakes))


def _write(tape: SimulatedTape, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tables: Sequence[tuple[str, pa.Table]] = (
        ("trades", tape.trades), ("orders", tape.orders), ("accounts", tape.accounts),
    )  # fmt: skip
    for name, table in tables:
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", compression_level=1)
