"""`tapewatch demo`: simulate, train, register, scan a new tape, serve. Every step is the command of the same name."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from features.errors import RegistryError
from features.readers import read_dataset
from models.registry import CHALLENGER, tracking_uri
from serving.scan import run_scan, summary
from serving.scoring import Scanned
from serving.settings import Settings
from serving.supervisor import serve
from training.benchmark_tapes import HOURLY
from training.experiment import Experiment
from training.hits import Matched, by_typology, match, with_nanoseconds
from training.promote import promote, told
from training.report import hits_table, trained_table
from training.simulator import simulate
from training.train import train

MLFLOW_PORT = 5000


@dataclass(frozen=True)
class DemoSize:
    """How much is simulated.

    Attributes:
        tapes: Tapes to train on.
        symbols: Markets a tape.
        hours: Length of each tape.
        abuse_rate: Planted episodes a symbol-hour.
        typologies: What is planted: what shows itself within hours.
    """

    tapes: int = 12
    symbols: int = 6
    hours: float = 3.0
    abuse_rate: float = 0.9
    typologies: tuple[str, ...] = HOURLY


FULL = DemoSize()


def run_demo(settings: Settings, *, seed: int, size: DemoSize = FULL, serve_after: bool = True) -> Matched:
    """Run the whole main job and print what it found, and how good that was.

    Args:
        settings: Where state goes.
        seed: Seed of simulation and training; the scanned tape has the next one.
        size: How much is simulated.
        serve_after: Whether to end with the running service.

    Returns:
        Hits and false alerts on the scanned tape.
    """
    console, begin = Console(highlight=False), time.monotonic()
    data, fresh = settings.home / "demo" / "dataset", settings.home / "demo" / "fresh"
    market: dict[str, Any] = {"symbols": size.symbols, "hours": size.hours, "abuse_rate": size.abuse_rate,
                              "typologies": size.typologies}  # fmt: skip
    with _step(console, f"simulate {size.tapes} tapes of {size.symbols} markets, {size.hours:g} h each") as report:
        simulate(data, seed=seed, tapes=size.tapes, progress=report, **market)
        simulate(fresh, seed=seed + 1, **market)
    with _step(console, "train on the earliest, calibrate on later, test on the last tapes") as report:
        trained = train(
            data,
            settings.home,
            settings.parameters(),
            experiment=Experiment(seed=seed),
            name=f"demo {seed}",
            progress=report,
        )
    console.print(trained_table(trained.evaluation))
    _promote(console, settings.home)
    with _step(console, "scan a tape of another seed") as report:
        tape = read_dataset(fresh).tapes[0]
        alerts = settings.home / "demo" / "alerts.jsonl"
        found = run_scan(tape, settings, None, out=alerts, store=True, progress=report, say=lambda _: None)
    matched = _judged(console, found, fresh)
    _say(console, f"alerts   {alerts}\ndataset  {data}\n{time.monotonic() - begin:.0f} s in all")
    if serve_after:
        _serve(settings, console)
    return matched


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


def _promote(console: Console, home: Path) -> None:
    try:
        _say(console, told(promote(CHALLENGER, home)))
    except RegistryError as error:
        # A home in which the demo, or a better training, ran before: its champion scans and serves.
        _say(console, f"not promoted: {error}")


def _judged(console: Console, found: Scanned, dataset: Path) -> Matched:
    labels = with_nanoseconds(read_dataset(dataset).labels)
    matched = match(found.alerts, labels)
    for line in summary(found):
        _say(console, line)
    title = "Against what was planted there (a hit: same pattern, place, time, account)"
    console.print(hits_table(by_typology(matched), title))
    return matched


def _serve(settings: Settings, console: Console) -> None:
    port = _free(MLFLOW_PORT)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", tracking_uri(settings.home),
               "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
    served = settings.model_copy(update={"port": _free(settings.port)})
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as mlflow:  # noqa: S603 - fixed arguments
        _say(console, f"MLflow UI http://127.0.0.1:{port} (runs, metrics, plots, registered model)")
        try:
            serve(served, lambda line: _say(console, line))
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
