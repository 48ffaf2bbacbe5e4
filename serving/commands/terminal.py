"""What commands share: options that mean the same everywhere, and how they talk to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from features.errors import TapewatchError
from serving.settings import Settings

Home = Annotated[Path | None, typer.Option("--home", help="State folder; TAPEWATCH_HOME, else ~/.tapewatch.")]
ParametersFile = Annotated[
    Path | None, typer.Option("--parameters", help="TOML of parameters; parameters.toml in the home if left out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
ExperimentFile = Annotated[
    str | None,
    typer.Option("--experiment", help="TOML of an experiment, or quick, thorough; `tapewatch experiment` prints one."),
]
OwnSeed = Annotated[int | None, typer.Option("--seed", help="Seed in place of the experiment's own.", min=0)]
Seed = Annotated[int, typer.Option(help="Seed: same seed and arguments, same result.")]


def settings_of(home: Path | None) -> Settings:
    """Return the settings, those of a state folder where one is given."""
    return Settings() if home is None else Settings(home=home)


def refuse_no_folder(path: Path | None, option: str) -> None:
    """Return if a file can be written there at the end, or none is asked for: before the work, not after it.

    Raises:
        TapewatchError: The folder of the file does not exist.
    """
    if path is not None and not path.parent.is_dir():
        raise TapewatchError(f"{option} must be a file in a folder that exists, was {path}")


def names_of(text: str, option: str) -> list[str]:
    """Return the names that an option lists with commas between, each once.

    Raises:
        TapewatchError: There is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise TapewatchError(f"{option} must be names with commas between, was {text!r}")
    return list(dict.fromkeys(names))


class Report(Protocol):
    """Takes how much is done, of how much in all, and of what, where that changes."""

    def __call__(self, done: int, total: int, what: str | None = None) -> None:
        """Move the bar."""


@contextmanager
def bar(what: str) -> Iterator[Report]:
    """Show a bar on standard error while something lasts, if that is a terminal; yields what moves it."""
    with steps() as step:
        yield step(what)


@contextmanager
def steps() -> Iterator[Callable[[str], Report]]:
    """Show a bar for each of several steps, as `bar` does; yields what takes a name and returns what moves its bar."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:

        def step(name: str) -> Report:
            task = progress.add_task(name, total=None)
            return lambda done, total, what=None: progress.update(task, completed=done, total=total, description=what)

        yield step


def say(text: str) -> None:
    """Print a line for a person on standard output."""
    Console(highlight=False).print(text, markup=False, soft_wrap=True)


def note(text: str) -> None:
    """Print a line for a person on standard error, where a program reads standard output."""
    Console(stderr=True, highlight=False).print(f"note: {text}", markup=False, soft_wrap=True)
