"""`tapewatch whatif`: alerts gained and lost by other parameters, on recorded tapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from serving.commands.terminal import AsJson, Home, bar, note, settings_of


def whatif(
    path: Annotated[Path, typer.Argument(metavar="TAPE_OR_DATASET", help="What to replay.")],
    parameters: Annotated[
        Path | None, typer.Option("--parameters", help="TOML of changed values; the rest stays as in force.")
    ] = None,
    assigned: Annotated[
        list[str] | None, typer.Option("--set", help="One change, TABLE.NAME=VALUE; may be repeated.")
    ] = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Leave the champion model out.")] = False,
    details: Annotated[bool, typer.Option("--details", help="List the alerts gained and lost.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Replay recorded tapes under the present and under changed parameters: alerts gained, lost and changed.

    Folded tapes are kept in the home, so that a second replay takes seconds.
    Where labels.csv says what is true, recall and precision are compared, too.
    """
    from models.parameter_changes import changed, read_changes
    from models.registry import load_champion
    from serving.whatif_report import figures, tables_of
    from training.whatif import refolding, what_if

    settings = settings_of(home)
    present = settings.parameters()
    origin = str(parameters) if parameters and not assigned else "changes"
    asked = changed(present, read_changes(parameters, assigned or ()), origin)
    bundle = None if rules_only else load_champion(settings.home)
    if not rules_only and bundle is None:
        note("no champion model: the rules judge alone")
    again = refolding(present, asked)
    if again:
        note(f"read by the fold, so the tapes are folded again: {', '.join(again)}")
    with bar("reading tapes") as report:
        result = what_if(path, settings.home, present, asked, bundle, report)
    if as_json:
        typer.echo(json.dumps(figures(result, details=details)))
    else:
        Console(highlight=False).print(tables_of(result, details=details))
