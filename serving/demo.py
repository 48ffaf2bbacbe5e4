"""`tapewatch demo`: simulate, train, register, scan a new tape, serve. Every step is the command of the same name."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from features.errors import RegistryError
from features.readers import read_dataset
from models.registry import CHALLENGER, tracking_uri
from serving.scan import run_scan, summary
from serving.scoring import Scanned
from serving.settings import Settings
from training.hits import Matched, by_typology, match, with_nanoseconds
from training.promote import promote, told
from training.report import hits_table, trained_table
from training.simulator import simulate
from training.train import train

TAPES, SYMBOLS, HOURS, ABUSE_RATE = 12, 6, 3.0, 0.4
MLFLOW_PORT = 5000


def run_demo(settings: Settings, *, seed: int, serve_after: bool = True) -> Matched:
    """Run the whole main job and print what it found, and how good that was.

    Args:
        settings: Where state goes.
        seed: Seed of simulation and training; the scanned tape has the next one.
        serve_after: Whether to end with the running service.

    Returns:
        Hits and false alerts on the scanned tape.
    """
    console, begin = Console(highlight=False), time.monotonic()
    data, fresh = settings.home / "demo" / "dataset", settings.home / "demo" / "fresh"
    with _step(console, f"simulate {TAPES} tapes of {SYMBOLS} markets, {HOURS:.0f} h each") as report:
        simulate(data, symbols=SYMBOLS, hours=HOURS, seed=seed, abuse_rate=ABUSE_RATE, tapes=TAPES, progress=report)
        simulate(fresh, symbols=SYMBOLS, hours=HOURS, seed=seed + 1, abuse_rate=ABUSE_RATE)
    with _step(console, "train on the earliest, calibrate on later, test on the last tapes") as report:
        trained = train(data, settings.home, settings.parameters(), seed=seed, name=f"demo {seed}", progress=report)
    console.print(trained_table(trained.evaluation))
    try:
        console.print(told(promote(CHALLENGER, settings.home)), markup=False)
    except RegistryError as error:
        console.print(f"not promoted: {error}", markup=False)
    with _step(console, "scan a tape of another seed") as report:
        tape = read_dataset(fresh).tapes[0]
        alerts = settings.home / "demo" / "alerts.jsonl"
        found = run_scan(tape, settings, None, out=alerts, store=True, progress=report, say=lambda _: None)
    matched = _judged(console, found, fresh)
    console.print(f"alerts in {alerts}, dataset in {data}; {time.monotonic() - begin:.0f} s so far", markup=False)
    if serve_after:
        _serve(settings, console)
    return matched


def _judged(console: Console, found: Scanned, dataset: Path) -> Matched:
    labels = with_nanoseconds(read_dataset(dataset).labels)
    matched = match(found.alerts, labels)
    for line in summary(found):
        console.print(line, markup=False)
    console.print(hits_table(by_typology(matched), "Against what was planted there (a hit: same pattern, place, time, account)"))
    return matched


def _serve(settings: Settings, console: Console) -> None:
    from serving.supervisor import serve

    port = _free(MLFLOW_PORT)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", tracking_uri(settings.home),
               "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as mlflow:
        console.print(f"MLflow UI http://127.0.0.1:{port} (runs, metrics, plots, registered model)", markup=False)
        try:
            serve(settings.model_copy(update={"port": _free(settings.port)}), lambda line: console.print(line, markup=False))
        finally:
            mlflow.terminate()


def _free(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _step(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    begin = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
    console.print(f"[bold]{what}[/bold] · {time.monotonic() - begin:.0f} s")
