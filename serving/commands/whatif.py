"""`tapewatch whatif` and `tune`: what other parameters would have raised on recorded tapes, and which to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from features.json_values import json_text
from serving.commands.terminal import AsJson, Home, bar, note, refuse_no_folder, say, settings_of

if TYPE_CHECKING:
    from models.bundle import Bundle
    from serving.settings import Settings


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
    from serving.whatif_report import figures, tables_of
    from training.whatif import refolding, what_if

    settings = settings_of(home)
    present = settings.parameters()
    origin = str(parameters) if parameters and not assigned else "changes"
    asked = changed(present, read_changes(parameters, assigned or (), "--set"), origin)
    bundle = _champion(settings, rules_only=rules_only)
    again = refolding(present, asked)
    if again:
        note(f"read by the fold, so the tapes are folded again: {', '.join(again)}")
    with bar("reading tapes") as report:
        result = what_if(path, settings.home, present, asked, bundle, report)
    if as_json:
        typer.echo(json_text(figures(result, details=details)))
    else:
        Console(highlight=False).print(tables_of(result, details=details))


def tune(
    dataset: Annotated[Path, typer.Argument(help="Dataset; without labels.csv alerts are ranked by confidence.")],
    budget: Annotated[float, typer.Option(help="Alerts a day, of all markets together.")],
    out: Annotated[Path, typer.Option(help="TOML of the proposed parameters to write.")] = Path("tuned.toml"),
    typology: Annotated[
        list[str] | None, typer.Option(help="Tune and count this one alone; may be repeated; all if left out.")
    ] = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Leave the champion model out.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Propose thresholds for a budget of alerts, chosen on the earlier tapes, told by what they reach on the later.

    `tapewatch whatif --parameters` tries the file that it writes,
    `tapewatch parameters adopt` takes it over.
    """
    from serving import tune_report
    from training.folded_store import STORE
    from training.markets import fold_dataset
    from training.tuner import tables_of, tune
    from training.whatif import recorded

    refuse_no_folder(out, "--out")
    tables_of(typology or ())
    settings = settings_of(home)
    present, (tapes, labelled) = settings.parameters(), recorded(dataset)
    bundle = _champion(settings, rules_only=rules_only)
    with bar("reading tapes") as report:
        markets = fold_dataset(tapes, present, report, store=settings.home / STORE)
    with bar("tuning") as report:
        found = tune(markets, present, bundle, budget, labelled=labelled, typologies=typology or (), progress=report)
    out.write_text(tune_report.proposed_toml(found), encoding="utf-8")
    if as_json:
        typer.echo(tune_report.as_json(found))
        return
    Console(highlight=False).print(tune_report.tables_of(found))
    say(f"\nproposed parameters in {out}")


def _champion(settings: Settings, *, rules_only: bool) -> Bundle | None:
    from models.registry import load_champion

    bundle = None if rules_only else load_champion(settings.home)
    if not rules_only and bundle is None:
        note("no champion model: the rules judge alone")
    return bundle
