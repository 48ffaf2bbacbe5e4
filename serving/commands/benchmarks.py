"""`tapewatch benchmark`: how well detection does, on simulated and on real tapes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from features.json_values import json_text
from serving.commands.terminal import AsJson, Home, ParametersFile, Seed, bar, refuse_no_folder, settings_of, steps

benchmarks = typer.Typer(help="Measure detection on labelled datasets.", no_args_is_help=True)


@benchmarks.command("detectors")
def benchmark_detectors(
    typology: Annotated[
        list[str] | None, typer.Option(help="What to plant; may be repeated; all that fits hours if left out.")
    ] = None,
    episodes: Annotated[int, typer.Option(help="Episodes of each typology.", min=1)] = 12,
    severity: Annotated[tuple[float, float], typer.Option(help="Least and greatest, from 0 to 1.")] = (0.33, 0.67),
    seed: Annotated[int, typer.Option(help="Seed of the tapes; the default's train nothing.", min=0)] = 40_014,
    days: Annotated[bool, typer.Option("--days", help="Plant what needs days of history, too.")] = False,
    venues: Annotated[bool, typer.Option("--venues", help="Plant what needs two venues, too.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder to keep the tapes in, and to find them again.")] = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Leave the champion model out.")] = False,
    details: Annotated[bool, typer.Option("--details", help="List what was missed and what was false.")] = False,
    out: Annotated[Path | None, typer.Option(help="JSON of all figures to write.")] = None,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Recall, precision, accounts and delay of every detector, on simulated tapes with every typology planted.

    Cases of real people are planted when named: coscia, oystacher, sarao. On two
    venues: arbitrage, cross_market_wash, inter_venue_manipulation,
    price_discrepancy.
    """
    from models.registry import load_champion
    from training.benchmark_detectors import benchmark
    from training.benchmark_tapes import Wanted, tapes_of
    from training.detector_tables import tables_of

    refuse_no_folder(out, "--out")
    settings = settings_of(home)
    chosen, bundle = settings.parameters(parameters), None if rules_only else load_champion(settings.home)
    wanted = Wanted(tuple(typology or ()), episodes, severity, seed, days, venues)
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder:
        with bar("simulating") as report:
            datasets = tapes_of(wanted, data or Path(folder), report)
        with bar("scanning") as report:
            result = benchmark(datasets, chosen, bundle, report)
    figures = json_text(result.figures())
    if out is not None:
        out.write_text(figures + "\n", encoding="utf-8")
    if as_json:
        typer.echo(figures)
    else:
        Console(highlight=False).print(tables_of(result, details=details))


@benchmarks.command("pumps")
def benchmark_pumps(
    dataset: Annotated[Path, typer.Argument(help="Dataset of labelled real pumps.")],
    plot: Annotated[Path | None, typer.Option(help="PNG of recall against false alerts to write.")] = None,
    simulated: Annotated[Path | None, typer.Option(help="Dataset of simulated pumps, to learn from as well.")] = None,
    seed: Seed = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Forward-chained detection of real pumps: ours beside the tuned three-term rule and the published models."""
    from training.benchmark_pumps import benchmark
    from training.folded_store import STORE
    from training.pump_report import plot_of, table_of

    refuse_no_folder(plot, "--plot")
    settings = settings_of(home)
    with bar("pumps") as report:
        result = benchmark(
            dataset, settings.parameters(None), seed=seed, simulated=simulated, store=settings.home / STORE,
            progress=report,
        )  # fmt: skip
    if plot is not None:
        plot_of(result).savefig(plot, dpi=120)
    if as_json:
        typer.echo(json_text(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))


@benchmarks.command("clean")
def benchmark_clean(
    seeds: Annotated[int, typer.Option(help="Number of tapes, each of a seed of its own.", min=1)] = 3,
    symbols: Annotated[int, typer.Option(help="Markets a tape.")] = 6,
    hours: Annotated[float, typer.Option(help="Length of each tape.")] = 6.0,
    venues: Annotated[int, typer.Option(help="Venues that list each symbol.", min=1)] = 1,
    books: Annotated[bool, typer.Option("--books", help="With order books.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the first tape; the others follow.")] = 101,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Alerts a symbol-hour on simulated tapes without any abuse: the rules alone, and the champion if there is one."""
    from models.registry import load_champion
    from training.benchmark_clean import benchmark, table_of

    settings = settings_of(home)
    chosen, bundle = settings.parameters(parameters), load_champion(settings.home)
    with bar("clean tapes") as report:
        numbers = range(seed, seed + seeds)
        result = benchmark(
            numbers, chosen, bundle, symbols=symbols, hours=hours, venues=venues, books=books, progress=report
        )
    if as_json:
        typer.echo(json_text(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))


@benchmarks.command("realism")
def benchmark_realism(
    real: Annotated[Path, typer.Argument(help="Real trades: a tape or a dataset; known pumps are left out.")],
    coins: Annotated[int, typer.Option(help="Simulated thin coins.", min=10)] = 20,
    hours: Annotated[float, typer.Option(help="Length of the simulated tape.")] = 24.0,
    seed: Seed = 5,
    as_json: AsJson = False,
) -> None:
    """Whether a classifier can tell simulated from real markets, minute by minute, and by what."""
    from training.benchmark_realism import benchmark_realism as run
    from training.realism import table_of

    with bar("simulating") as report:
        result = run(real, coins=coins, hours=hours, seed=seed, progress=report)
    if as_json:
        typer.echo(json_text(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))


@benchmarks.command("calibration")
def benchmark_calibration(
    data: Annotated[Path | None, typer.Option(help="Folder to keep the tapes in, and to find them again.")] = None,
    tapes: Annotated[
        tuple[int, int, int], typer.Option(help="Tapes to train on, to test on at each severity, at a tenth.")
    ] = (50, 16, 40),
    plot: Annotated[Path | None, typer.Option(help="PNG of reliability to write.")] = None,
    seed: Seed = 0,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Whether confidence means what it says, on simulated tapes of seeds and severities that nothing was made on.

    Trains on tapes of one seed and judges tapes of others: as much abuse as
    in training, and a tenth of it.
    """
    from training.benchmark_calibration import Size, benchmark
    from training.calibration_tables import plot_of, tables_of

    refuse_no_folder(plot, "--plot")
    chosen, size = settings_of(home).parameters(parameters), Size(*tapes)
    with tempfile.TemporaryDirectory(prefix="tapewatch-") as folder, steps() as report:
        result = benchmark(chosen, data or Path(folder), size, seed=seed, progress=report)
    if plot is not None:
        plot_of(result).savefig(plot, dpi=120)
    if as_json:
        typer.echo(json_text(result.figures()))
    else:
        Console(highlight=False).print(tables_of(result))


@benchmarks.command("conformal")
def benchmark_conformal(
    dataset: Annotated[Path, typer.Argument(help="Dataset of tapes; what it labels or knows of is left out.")],
    seed: Seed = 0,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Whether p-values of the isolation forest hold their level: what share of honest windows lies at 1 % or below.

    A fifth of the windows, which do not overlap, teach, two fifths calibrate,
    and the rest are judged: at random, and in the time order of the tapes.
    """
    from training.benchmark_conformal import benchmark, table_of

    with bar("reading tapes") as report:
        result = benchmark(dataset, settings_of(home).parameters(parameters), seed=seed, progress=report)
    if as_json:
        typer.echo(json_text(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))
