"""`tapewatch benchmark live|day|kills`: how fast the running engine is, and what a kill costs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.commands.terminal import bar, say

if TYPE_CHECKING:
    from serving.engine.delays import Delay


def benchmark_live(
    symbols: Annotated[int, typer.Option(help="Symbols that are sent.", min=1)] = 100,
    rate: Annotated[float, typer.Option(help="Events a second of the first part.", min=1)] = 2000.0,
    seconds: Annotated[float, typer.Option(help="Length of each of the two parts.", min=5)] = 120.0,
    ticked: Annotated[int, typer.Option(help="Symbols of the tick.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the tape.", min=0)] = 61,
) -> None:
    """From event to alert in the engine's own process, and one tick of many symbols.

    A simulated tape is sent as a feed would, 100 ms at once: first at the rate
    asked for, whatever the answers take, then at its own pace as if it happened now.
    """
    from serving.benchmark_live import measure_live, measure_ticks

    with _simulated(symbols, max(0.1, 2.4 * seconds / 3600), seed) as tape, bar("sending") as report:
        live = measure_live(tape, rate, seconds, report)
    say(f"{live.events:,} events of {symbols} symbols at {live.rate:,.0f} a second")
    say(f"batch due to answer          {_told(live.batches)}")
    say(f"arrival to alert stored      {_told(live.stored)}")
    say(f"end of bucket to alert       {_told(live.known)}")
    ticks = measure_ticks(ticked, rate)
    say(f"tick of {ticked:,} symbols: {ticks.quiet:.2f} s with no trades since the last, {ticks.at_rate:.2f} s with")
    say(f"  {rate:,.0f} a second, of {ticks.traded:,} symbols, {ticks.all_traded:.2f} s with a trade of each")


def benchmark_day(
    symbols: Annotated[int, typer.Option(help="Symbols on the tape.", min=1)] = 4,
    hours: Annotated[float, typer.Option(help="Length of the tape.", min=1)] = 24.0,
    seed: Annotated[int, typer.Option(help="Seed of the tape.", min=0)] = 62,
) -> None:
    """A day of tape through the engine as fast as it is taken: speed, and memory hour by hour."""
    from serving.benchmark_live import measure_day

    with _simulated(symbols, hours, seed) as tape, bar("sending") as report:
        day = measure_day(tape, report)
    say(f"{day.events:,} events of {day.hours:.1f} hours in {day.seconds:.0f} s: {day.speed:.0f} times their pace")
    say("memory of the engine, MiB by hour: " + " ".join(f"{mib:.0f}" for mib in day.resident_mib))


def benchmark_kills(
    times: Annotated[int, typer.Option(help="How often the engine is killed.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the tape and of the moments.", min=0)] = 63,
) -> None:
    """Kill the engine at random moments while it takes events as fast as it can, and count what was lost."""
    from serving.benchmark_kills import measure_kills

    with _simulated(6, 0.5, seed) as tape, bar("killing") as report:
        kills = measure_kills(tape, times, seed, report)
    say(f"{kills.events:,} events, {kills.kills} kills, {kills.asked_again:,} answered batches sent again after one")
    say(
        f"events lost {kills.lost_events}; of {kills.expected_alerts:,} alerts lost {kills.lost_alerts}, "
        f"doubled or other {kills.other_alerts}"
    )
    say(f"judging again after {_told(kills.back)}")
    if kills.lost_events or kills.lost_alerts or kills.other_alerts or not kills.expected_alerts:
        raise typer.Exit(1)


@contextmanager
def _simulated(symbols: int, hours: float, seed: int) -> Iterator[Path]:
    """Yield a simulated tape that is thrown away."""
    from training.simulator import simulate_setup
    from training.simulator.scenario_file import read_setup

    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder:
        out = Path(folder) / "set"
        with bar("simulating") as report:
            simulate_setup(out, read_setup(None, symbols=symbols, hours=hours, seed=seed), report)
        yield next((out / "tapes").iterdir())


def _told(delay: Delay) -> str:
    if delay.p50_s is None or delay.p99_s is None or delay.most_s is None:
        return "nothing was measured"
    median, late, most = (f"{1e3 * value:,.0f} ms" for value in (delay.p50_s, delay.p99_s, delay.most_s))
    return f"median {median}, p99 {late}, longest {most} of {delay.count:,}"
