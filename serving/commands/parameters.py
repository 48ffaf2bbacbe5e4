"""`tapewatch parameters`: what can be set, what is in force, and who set it so and why."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from features.json_values import json_text
from serving.commands.terminal import AsJson, Home, say, settings_of

if TYPE_CHECKING:
    from serving.parameters import Adopted, ParameterHistory

CHECK = "check"


class CheckByDefault(TyperGroup):
    """Reads `parameters FILE` as `parameters check FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 -- typer's own copy of click's
        """Put the default command before what is none."""
        is_file = bool(args) and args[0] not in self.commands and not args[0].startswith("-")
        return super().parse_args(ctx, [CHECK, *args] if is_file else args)


parameters = typer.Typer(cls=CheckByDefault, invoke_without_command=True)
By = Annotated[str | None, typer.Option(help="Who; the user of the operating system if left out.")]
Why = Annotated[str, typer.Option(help="Why; kept in the history.")]


@parameters.callback()
def describe(context: typer.Context) -> None:
    """Print every parameter with default, meaning and source; check a FILE; adopt one, with who and why."""
    from models.parameters import default_toml

    if context.invoked_subcommand is None:
        typer.echo(default_toml(), nl=False)


@parameters.command(CHECK)
def check(file: Annotated[Path, typer.Argument(help="TOML to check.")]) -> None:
    """Check a file of parameters; `tapewatch parameters FILE` does the same."""
    from models.parameters import load_parameters

    say(f"{file}: valid, version {load_parameters(file).version()}")


@parameters.command()
def adopt(
    file: Annotated[Path, typer.Argument(help="TOML of new values; what it does not name stays as in force.")],
    why: Why,
    by: By = None,
    home: Home = None,
) -> None:
    """Set parameters for scan and serve; every version is kept with who, when and why."""
    from models.toml_tables import read_toml

    values = read_toml(file)
    with _history(home) as history:
        before = history.in_force()
        _told(history.adopt(values, by=_user(by), why=why, at=time.time_ns()), before)


@parameters.command()
def revert(
    why: Why,
    version: Annotated[str | None, typer.Argument(help="Number or version; the one before if left out.")] = None,
    by: By = None,
    home: Home = None,
) -> None:
    """Adopt an earlier version again."""
    with _history(home) as history:
        before = history.in_force()
        _told(history.revert(by=_user(by), why=why, at=time.time_ns(), version=version), before)


@parameters.command("history")
def list_history(home: Home = None, as_json: AsJson = False) -> None:
    """List the adopted versions, the newest first: when, by whom, what changed, and why."""
    from serving.times import iso

    with _history(home) as history:
        every = history.all()
    if as_json:
        typer.echo(json_text([asdict(one) | {"at": iso(one.at)} for one in every]))
    elif not every:
        say("nothing was adopted yet; `tapewatch parameters adopt FILE --why TEXT` does")
    else:
        Console(highlight=False).print(_listed(every))


@parameters.command()
def show(
    version: Annotated[str | None, typer.Argument(help="Number or version; what is in force if left out.")] = None,
    home: Home = None,
) -> None:
    """Print the whole TOML of a version, or of what is in force."""
    from models.parameters import to_toml

    with _history(home) as history:
        text = to_toml(history.in_force()) if version is None else history.get(version).toml
    typer.echo(text, nl=False)


@contextmanager
def _history(home: Path | None) -> Iterator[ParameterHistory]:
    from serving.alerts.store import AlertStore
    from serving.parameters import ParameterHistory

    settings = settings_of(home)
    settings.home.mkdir(parents=True, exist_ok=True)
    store = AlertStore.open(settings.store_url)
    try:
        yield ParameterHistory(settings, store.database)
    finally:
        store.close()


def _user(by: str | None) -> str:
    return getpass.getuser() if by is None else by


def _told(adopted: Adopted, before: Any) -> None:  # noqa: ANN401 -- Parameters, which would load pydantic at start
    from models.parameter_changes import changes

    for one in changes(before, adopted.parameters):
        say(f"{one.name}: {one.before} → {one.after}")
    say(f"version {adopted.version} (number {adopted.number}) adopted by {adopted.by}; scan uses it from now on,")
    say("serve from its next start")


def _listed(every: Sequence[Adopted]) -> Table:
    from serving.times import iso

    table = Table(box=None, pad_edge=False)
    for name in ("no.", "version", "adopted", "by", "why"):
        table.add_column(
            name, no_wrap=name in {"no.", "version", "adopted"}, justify="right" if name == "no." else "left"
        )
    for one in every:
        table.add_row(str(one.number), one.version, iso(one.at)[:16].replace("T", " "), one.by, one.why)
    return table
