"""The command line: one small front door over training and serving."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from features.compiled import drop_stale_kernels
from features.errors import TapewatchError
from serving.settings import Settings

app = typer.Typer(help="Machine-learning market surveillance.", no_args_is_help=True, pretty_exceptions_enable=False)
benchmarks = typer.Typer(help="Measure detection on labelled datasets.", no_args_is_help=True)
app.add_typer(benchmarks, name="benchmark")

Home = Annotated[Path | None, typer.Option("--home", help="State folder; TAPEWATCH_HOME, else ~/.tapewatch.")]
ParametersFile = Annotated[
    Path | None, typer.Option("--parameters", help="TOML of parameters; parameters.toml in the home if left out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Seed = Annotated[int, typer.Option(help="Seed: same seed and arguments, same result.")]


def main() -> None:
    """Run the command line; exit 0 done, 1 failed, 2 wrong usage."""
    drop_stale_kernels()
    try:
        app()
    except TapewatchError as error:
        _fail(str(error))
    except BrokenPipeError:
        # What reads standard output has enough; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror or error}")


def _fail(text: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"[red]error:[/red] {escape(text)}", soft_wrap=True)
    sys.exit(1)


def _settings(home: Path | None) -> Settings:
    return Settings() if home is None else Settings(home=home)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _say(text: str) -> None:
    Console(highlight=False).print(text, markup=False, soft_wrap=True)


@app.command()
def demo(
    home: Home = None, seed: Seed = 7, once: Annotated[bool, typer.Option(help="End before serving.")] = False
) -> None:
    """Simulate a market, train on it, register, scan a new tape, and serve: the whole main job."""
    from serving.demo import run_demo

    run_demo(_settings(home), seed=seed, serve_after=not once)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder of the new dataset.")],
    scenario: Annotated[str | None, typer.Option(help="Scenario file, or an example's name.")] = None,
    symbols: Annotated[int | None, typer.Option(help="Symbols a tape; 6.")] = None,
    venues: Annotated[int | None, typer.Option(help="Venues that list each symbol; 1.")] = None,
    hours: Annotated[float | None, typer.Option(help="Length of each tape; 6.")] = None,
    tapes: Annotated[int | None, typer.Option(help="Tapes, each on days of its own; 1.")] = None,
    abuse_rate: Annotated[float | None, typer.Option(help="Episodes an hour of a market; 0.5.")] = None,
    typology: Annotated[list[str] | None, typer.Option(help="What to plant; may be repeated.")] = None,
    books: Annotated[bool | None, typer.Option("--books", help="Write book levels, too.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same tapes; 0.")] = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Draw every episode, too.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="Compare with what is published of markets.")] = False,
    real: Annotated[Path | None, typer.Option(help="Real tape or dataset to put beside; with --facts.")] = None,
) -> None:
    """Write a labelled dataset of simulated tapes.

    Options change what the scenario says. Examples of scenarios: quiet_market,
    busy_market, abusive_day, clean_week, two_venues, gallery, gallery_days.
    """
    from training.simulator import simulate_setup
    from training.simulator.scenario_file import read_setup, scenario_path

    setup = read_setup(
        None if scenario is None else scenario_path(scenario),
        symbols=symbols, venues=venues, hours=hours, tapes=tapes, abuse_rate=abuse_rate, typologies=typology or None,
        books=books, seed=seed,
    )  # fmt: skip
    with _bar("simulating") as report:
        path = simulate_setup(out, setup, report)
    _say(f"{setup.tapes} {'tape' if setup.tapes == 1 else 'tapes'} in {path}")
    if pictures:
        from training.pictures import draw_dataset

        with _bar("drawing") as report:
            page = draw_dataset(out, out / "pictures", report)
        _say(f"pictures in {page}")
    if facts or real is not None:
        from training.facts import compare, table_of

        with _bar("measuring") as report:
            compared = compare(out, real, progress=report)
        Console(highlight=False).print(table_of(compared))


@app.command()
def features(
    tape: Annotated[Path, typer.Argument(help="Tape: a file or a folder.")],
    out: Annotated[Path, typer.Option(help="Parquet, CSV or JSON Lines to write.")],
    parameters: ParametersFile = None,
    home: Home = None,
) -> None:
    """Compute every feature of a tape's markets at both scales."""
    from features.readers import read_tape, refuse_own_file
    from features.writers import write_table
    from serving.scoring import feature_table

    refuse_own_file(tape, out, "features")
    table = feature_table(read_tape(tape), _settings(home).parameters(parameters))
    write_table(table, out)
    _say(f"{table.num_rows} rows in {out}")


@app.command()
def scan(
    tape: Annotated[Path, typer.Argument(help="Tape: a file or a folder.")],
    out: Annotated[Path | None, typer.Option(help="JSON Lines, one alert a line; standard output if left out.")] = None,
    skip_bad_rows: Annotated[
        Path | None, typer.Option(help="Leave rows that break the schema out, and write them to this file.")
    ] = None,
    store: Annotated[bool, typer.Option("--store", help="Put the alerts into the alert store, too.")] = False,
    parameters: ParametersFile = None,
    home: Home = None,
) -> None:
    """Judge a recorded tape: one line an alert, at its last revision."""
    from serving.scan import run_scan

    with _bar("scanning") as report:
        run_scan(tape, _settings(home), parameters, out=out, skip_bad_rows=skip_bad_rows, store=store, progress=report)


@app.command()
def train(
    dataset: Annotated[Path, typer.Argument(help="Dataset: a folder with tapes/ and labels.csv.")],
    name: Annotated[str | None, typer.Option(help="Name of the run in MLflow.")] = None,
    seed: Seed = 0,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Train on a dataset, track the run in MLflow, register the bundle as the challenger."""
    from training.report import trained_table
    from training.train import train as run

    settings = _settings(home)
    with _bar("reading tapes") as report:
        trained = run(dataset, settings.home, settings.parameters(parameters), seed=seed, name=name, progress=report)
    if as_json:
        typer.echo(json.dumps({"run_id": trained.run_id, "version": trained.version, **trained.evaluation.metrics}))
        return
    Console(highlight=False).print(trained_table(trained.evaluation))
    _say(f"version {trained.version} is the challenger; `tapewatch promote {trained.version}` makes it the champion")


@app.command()
def compare(
    runs: Annotated[list[str] | None, typer.Argument(help="Run ids or names; the latest four if left out.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Print training runs side by side."""
    from training.compare import compare as run

    compared = run(_settings(home).home, runs)
    if as_json:
        typer.echo(compared.to_json())
    else:
        console = Console(highlight=False)
        console.print(compared.table(console.width))


@app.command()
def promote(
    model: Annotated[str, typer.Argument(help="Version, run id, or alias such as challenger.")],
    force: Annotated[bool, typer.Option("--force", help="Promote even a worse model.")] = False,
    home: Home = None,
) -> None:
    """Make a registered bundle the champion that scan and serve start from."""
    from training.promote import promote as run
    from training.promote import told

    _say(told(run(model, _settings(home).home, force=force)))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    home: Home = None,
) -> None:
    """Run the service: API and engine, each in a process of its own, until interrupted."""
    from serving.supervisor import serve as run

    given = {"host": host, "port": port}
    settings = _settings(home)
    run(settings.model_copy(update={key: value for key, value in given.items() if value is not None}), _say)


@app.command()
def accumulation(
    fills: Annotated[Path, typer.Argument(help="One-sided fills, or trades with accounts, priced in USD.")],
    out: Annotated[Path, typer.Option(help="CSV of flagged users.")],
    as_of: Annotated[
        str | None, typer.Option(help="End of the analysis window, ISO 8601; the last fill if left out.")
    ] = None,
    per_user: Annotated[bool, typer.Option("--per-user", help="Judge a user over all symbols at once.")] = False,
    parameters: ParametersFile = None,
    home: Home = None,
) -> None:
    """Flag users who buy or sell out of proportion to their own history (excessive accumulation and offloading)."""
    from serving.accumulation import run_accumulation

    flagged = run_accumulation(fills, _settings(home).parameters(parameters), out=out, as_of=as_of, per_user=per_user)
    _say(f"{flagged} flags in {out}")


@app.command()
def parameters(
    file: Annotated[Path | None, typer.Argument(help="TOML to check; all defaults are printed if left out.")] = None,
) -> None:
    """Print every parameter with its default, meaning and source, or check a file of them."""
    from models.parameters import default_toml, load_parameters

    if file is None:
        typer.echo(default_toml(), nl=False)
    else:
        _say(f"{file}: valid, version {load_parameters(file).version()}")


@benchmarks.command("pumps")
def benchmark_pumps(
    dataset: Annotated[Path, typer.Argument(help="Dataset of labelled real pumps.")],
    plot: Annotated[Path | None, typer.Option(help="PNG of recall against false alerts to write.")] = None,
    seed: Seed = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Forward-chained detection of real pumps: ours beside the tuned three-term rule and the published models."""
    from training.benchmark_pumps import benchmark, plot_of, table_of

    with _bar("pumps") as report:
        result = benchmark(dataset, _settings(home).parameters(None), seed=seed, progress=report)
    if plot is not None:
        plot_of(result).savefig(plot, dpi=120)
    if as_json:
        typer.echo(json.dumps(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))


@benchmarks.command("clean")
def benchmark_clean(
    seeds: Annotated[int, typer.Option(help="Number of tapes, each of a seed of its own.", min=1)] = 3,
    symbols: Annotated[int, typer.Option(help="Markets a tape.")] = 6,
    hours: Annotated[float, typer.Option(help="Length of each tape.")] = 6.0,
    seed: Annotated[int, typer.Option(help="Seed of the first tape; the others follow.")] = 101,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Alerts a symbol-hour on simulated tapes without any abuse: the rules alone, and the champion if there is one."""
    from models.registry import load_champion
    from training.benchmark_clean import benchmark, table_of

    settings = _settings(home)
    chosen, bundle = settings.parameters(parameters), load_champion(settings.home)
    with _bar("clean tapes") as report:
        numbers = range(seed, seed + seeds)
        result = benchmark(numbers, chosen, bundle, symbols=symbols, hours=hours, progress=report)
    if as_json:
        typer.echo(json.dumps(result.figures()))
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

    with _bar("simulating") as report:
        result = run(real, coins=coins, hours=hours, seed=seed, progress=report)
    if as_json:
        typer.echo(json.dumps(result.figures()))
    else:
        Console(highlight=False).print(table_of(result))


if __name__ == "__main__":
    main()
