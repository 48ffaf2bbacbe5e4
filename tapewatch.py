"""The command line: one small front door over training and serving."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from features.compiled import drop_stale_kernels
from features.errors import TapewatchError
from features.json_values import json_text
from serving.commands.benchmarks import benchmarks
from serving.commands.cross import cross
from serving.commands.history import history
from serving.commands.live import benchmark_day, benchmark_kills, benchmark_live
from serving.commands.monitor import monitor
from serving.commands.parameters import parameters
from serving.commands.record import record
from serving.commands.replay import replay
from serving.commands.terminal import AsJson, ExperimentFile, Home, OwnSeed, ParametersFile, Seed, bar, say, settings_of
from serving.commands.whatif import tune, whatif

app = typer.Typer(help="Machine-learning market surveillance.", no_args_is_help=True, pretty_exceptions_enable=False)
for name, measured in (("live", benchmark_live), ("day", benchmark_day), ("kills", benchmark_kills)):
    benchmarks.command(name)(measured)
app.add_typer(benchmarks, name="benchmark")
app.add_typer(parameters, name="parameters")
app.command()(cross)
app.command()(whatif)
app.command()(tune)
app.command()(record)
app.command()(history)
app.command()(monitor)
app.command()(replay)


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


@app.command()
def demo(
    home: Home = None, seed: Seed = 7, once: Annotated[bool, typer.Option(help="End before serving.")] = False
) -> None:
    """Simulate a market, train on it, register, scan a new tape, and serve: the whole main job."""
    from serving.demo import run_demo

    run_demo(settings_of(home), seed=seed, serve_after=not once)


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
    severity: Annotated[tuple[float, float] | None, typer.Option(help="Least and greatest; 0 1.")] = None,
    books: Annotated[bool | None, typer.Option("--books", help="Write book levels, too.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same tapes; 0.")] = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Draw every episode, too.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="Compare with what is published of markets.")] = False,
    real: Annotated[Path | None, typer.Option(help="Real tape or dataset to put beside; with --facts.")] = None,
) -> None:
    """Write a labelled dataset of simulated tapes.

    Options change what the scenario says. Examples of scenarios: quiet_market,
    busy_market, abusive_day, clean_week, two_venues, gallery, gallery_days,
    pumped_coins, thin_days.
    """
    from training.simulator import simulate_setup
    from training.simulator.scenario_file import read_setup, scenario_path

    setup = read_setup(
        None if scenario is None else scenario_path(scenario),
        symbols=symbols, venues=venues, hours=hours, tapes=tapes, abuse_rate=abuse_rate, typologies=typology or None,
        severity=severity, books=books, seed=seed,
    )  # fmt: skip
    with bar("simulating") as report:
        path = simulate_setup(out, setup, report)
    say(f"{setup.tapes} {'tape' if setup.tapes == 1 else 'tapes'} in {path}")
    if pictures:
        from training.pictures import draw_dataset

        with bar("drawing") as report:
            page = draw_dataset(out, out / "pictures", report)
        say(f"pictures in {page}")
    if facts or real is not None:
        from training.facts import compare, table_of

        with bar("measuring") as report:
            compared = compare(out, real, progress=report)
        Console(highlight=False).print(table_of(compared))


@app.command()
def features(
    tape: Annotated[Path, typer.Argument(help="Tape: a file or a folder.")],
    out: Annotated[Path, typer.Option(help="Parquet, CSV or JSON Lines to write.")],
    grain: Annotated[
        Literal["market", "account", "book"],
        typer.Option(help="Rows of markets at both scales, of accounts in markets, or of order books."),
    ] = "market",
    parameters: ParametersFile = None,
    home: Home = None,
) -> None:
    """Compute every feature of a tape's markets, of the accounts in them, or of their order books."""
    from features.readers import read_tape, refuse_own_file
    from features.writers import write_table
    from serving.scoring import feature_table

    refuse_own_file(tape, out, "features")
    table = feature_table(read_tape(tape), settings_of(home).parameters(parameters), grain)
    write_table(table, out)
    say(f"{table.num_rows} rows in {out}")


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

    with bar("scanning") as report:
        run_scan(
            tape, settings_of(home), parameters, out=out, skip_bad_rows=skip_bad_rows, store=store, progress=report
        )


@app.command()
def train(
    dataset: Annotated[Path, typer.Argument(help="Dataset: a folder with tapes/ and labels.csv.")],
    experiment: ExperimentFile = None,
    name: Annotated[str | None, typer.Option(help="Name of the run in MLflow.")] = None,
    seed: OwnSeed = None,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Train on a dataset, track the run in MLflow, register the bundle as the challenger.

    Interrupted, the same command again takes up the search where it was.
    """
    from training.experiment import load_experiment
    from training.report import trained_table
    from training.train import train as run

    settings = settings_of(home)
    chosen = load_experiment(experiment, seed)
    try:
        with bar("reading tapes") as report:
            searching = partial(report, what="searching")
            trained = run(
                dataset, settings.home, settings.parameters(parameters), experiment=chosen, name=name, progress=report,
                searching=searching,
            )  # fmt: skip
    except KeyboardInterrupt:
        _fail("interrupted; nothing half made was registered. The same command again takes up the search where it was")
    if as_json:
        typer.echo(json_text({"run_id": trained.run_id, "version": trained.version, **trained.evaluation.metrics}))
        return
    Console(highlight=False).print(trained_table(trained.evaluation))
    say(f"version {trained.version} is the challenger; `tapewatch promote {trained.version}` makes it the champion")


@app.command()
def experiment(
    file: Annotated[
        str | None, typer.Argument(help="TOML or example to check and print in full; the defaults if left out.")
    ] = None,
) -> None:
    """Print an experiment for `train`, each key with its meaning, the shipped examples by name."""
    from training.experiment import load_experiment, shipped_experiments

    chosen = load_experiment(file)
    typer.echo(
        f"# Version {chosen.version()}. Examples: {', '.join(shipped_experiments())}.\n\n{chosen.toml()}", nl=False
    )


@app.command()
def compare(
    runs: Annotated[list[str] | None, typer.Argument(help="Run ids or names; the latest four if left out.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Print training runs side by side."""
    from training.compare import compare as run

    compared = run(settings_of(home).home, runs)
    if as_json:
        typer.echo(compared.to_json())
    elif not compared.runs:
        say("no finished training yet; `tapewatch train DATASET` makes one")
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

    say(told(run(model, settings_of(home).home, force=force)))


@app.command()
def retrain(
    datasets: Annotated[list[Path], typer.Argument(help="Dataset, and more of them, such as exported dispositions.")],
    every: Annotated[str | None, typer.Option(help="Again and again, this far apart: 30m, 6h, 1d.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and do not promote.")] = False,
    rule: Annotated[
        Path | None, typer.Option(help="TOML of the rule of promotion; promotion.toml in the home.")
    ] = None,
    experiment: ExperimentFile = None,
    seed: OwnSeed = None,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Train a challenger on what is new, and promote it only by rule.

    Champion and challenger judge the same last tapes; in doubt the champion stays. What was decided, and why,
    stands in MLflow. The challenger is shadowed by the running service from its next start.
    """
    from serving.commands.retrain import Files, plan_of, run_retrain, seconds_of

    files = Files(parameters, rule, experiment, seed)
    planned = partial(plan_of, datasets, settings_of(home), files, dry_run=dry_run)
    run_retrain(planned, None if every is None else seconds_of(every), as_json=as_json)


@app.command()
def drift(
    tape: Annotated[Path, typer.Argument(help="Tape or dataset to compare with the champion's training.")],
    plot: Annotated[Path | None, typer.Option(help="PNG to write: the worst features before and now.")] = None,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell whether markets, scores and alert rates still are what the champion was trained on."""
    from serving.commands.drift import run_drift
    from training.drift_report import drift_figure, drift_table

    settings = settings_of(home)
    report = run_drift(tape, settings.home, settings.parameters(parameters))
    if plot is not None:
        drift_figure(report).savefig(plot, dpi=120)
    if as_json:
        typer.echo(json_text(report.figures()))
    else:
        Console(highlight=False).print(drift_table(report))


@app.command()
def shadow(home: Home = None, as_json: AsJson = False) -> None:
    """Tell where the challenger, which the running service shadows, agrees with the champion."""
    from serving.commands.shadow import comparisons, summary, table_of

    records = comparisons(settings_of(home).shadow_file)
    if as_json:
        typer.echo(json_text({"summary": summary(records), "comparisons": records}))
    elif records:
        Console(highlight=False).print(table_of(records))
    else:
        say("nothing was compared yet: a service must run with a challenger, and alerts must have closed")


@app.command()
def dispositions(
    out: Annotated[Path, typer.Argument(help="Folder of the dataset; an earlier export is replaced.")],
    tapes: Annotated[list[Path], typer.Option(help="Tape, folder of tapes or dataset; may be repeated.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy the tapes instead of linking to them.")] = False,
    home: Home = None,
) -> None:
    """Write what analysts decided about alerts as a dataset to train on.

    True alerts become labels, false ones reviewed look-alikes, and what nobody looked at stays unknown.
    """
    from serving.commands.dispositions import run_dispositions, told

    say(told(run_dispositions(settings_of(home), out, tapes, copy=copy)))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    home: Home = None,
) -> None:
    """Run the service: API and engine, each in a process of its own, until interrupted."""
    from serving.supervisor import serve as run

    given = {"host": host, "port": port}
    settings = settings_of(home)
    run(settings.model_copy(update={key: value for key, value in given.items() if value is not None}), say)


@app.command()
def accumulation(
    fills: Annotated[Path, typer.Argument(help="One-sided fills, or trades with accounts, priced in USD.")],
    out: Annotated[Path, typer.Option(help="CSV of flagged users.")],
    as_of: Annotated[
        str | None, typer.Option(help="End of the analysis window, ISO 8601; the last fill if left out.")
    ] = None,
    per_user: Annotated[bool, typer.Option("--per-user", help="Judge a user over all symbols at once.")] = False,
    against_others: Annotated[
        bool, typer.Option("--against-others", help="Compare with the symbol's other users, not with the own history.")
    ] = False,
    parameters: ParametersFile = None,
    home: Home = None,
) -> None:
    """Flag users who buy or sell out of proportion to their own history, or to the symbol's other users."""
    from serving.accumulation import run_accumulation

    set_to = settings_of(home).parameters(parameters)
    flagged = run_accumulation(fills, set_to, out=out, as_of=as_of, per_user=per_user, against_others=against_others)
    say(f"{flagged} flags in {out}")


@app.command()
def detectors(
    names: Annotated[list[str] | None, typer.Argument(help="Tell all about these; a line each if left out.")] = None,
    mar: Annotated[bool, typer.Option("--mar", help="Tell which practices of MAR are covered, and by what.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page models/DETECTORS.md.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Tell how often the champion's detectors are right.")
    ] = False,
    parameters: ParametersFile = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Print what is looked for: class, MAR reference, data needed, pattern, innocent explanations, parameters."""
    from models.detectors_page import page
    from serving.commands import detectors as shown

    if markdown:
        typer.echo(page(), nl=False)
        return
    if record:
        from models.registry import load_champion

        rows = shown.records(load_champion(settings_of(home).home), names or ())
        typer.echo(json_text(rows)) if as_json else Console(highlight=False).print(shown.records_table(rows))
        return
    found = shown.chosen(settings_of(home).parameters(parameters), names or ())
    if as_json:
        typer.echo(shown.as_json(found))
        return
    console = Console(highlight=False)
    if mar:
        console.print(shown.coverage())
    elif names:
        console.print(*map(shown.told, found))
    else:
        console.print(shown.table_of(found))


if __name__ == "__main__":
    main()
