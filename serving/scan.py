"""`tapewatch scan`: a recorded tape in, one JSON line an alert out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console

from features.errors import TapewatchError
from features.readers import refuse_own_file
from models.registry import load_champion
from serving.abstention import abstentions
from serving.alerts.record import to_record
from serving.alerts.store import AlertStore
from serving.scoring import Scanned, scan_tape
from serving.settings import Settings


def run_scan(
    tape: Path,
    settings: Settings,
    parameters: Path | None,
    *,
    out: Path | None = None,
    skip_bad_rows: Path | None = None,
    store: bool = False,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Scanned:
    """Scan a tape, write its alerts, and tell a person on standard error what was found.

    Args:
        tape: A file or a folder.
        settings: Where the champion model and the parameters are.
        parameters: TOML of parameters in place of the home's.
        out: JSON Lines to write; standard output if left out.
        skip_bad_rows: Where to put rows that break the schema instead of refusing the tape.
        store: Put the alerts into the alert store as well, where the service shows them.
        progress: Called with (events done, events in all).
        say: Gets each line for a person; standard error if left out.

    Raises:
        TapewatchError: There is no folder to write to.
        TapeError: The tape cannot be read, is what would be written over, or rows break the schema.
        ParameterError: The parameters have mistakes.
    """
    if out is not None and not out.parent.is_dir():
        raise TapewatchError(f"--out must be a file in a folder that exists, was {out}")
    if out is not None:
        refuse_own_file(tape, out, "alerts")
    bundle = load_champion(settings.home)
    chosen = settings.parameters(parameters)
    found = scan_tape(tape, chosen, bundle, skip_bad_rows=skip_bad_rows, progress=progress)
    encoder = msgspec.json.Encoder()
    lines = b"".join(encoder.encode(to_record(alert)) + b"\n" for alert in found.alerts)
    if out is None:
        sys.stdout.buffer.write(lines)
    else:
        out.write_bytes(lines)
    if store:
        _store(found, settings)
    told = say or _to_person
    for note in (*found.tape.notes, *abstentions(found.tape, chosen)):
        told(f"note: {note}")
    if found.tape.quarantined:
        told(f"{found.tape.quarantined} rows left out, see {skip_bad_rows}")
    if bundle is None:
        told("no champion model: the rules judged alone (`tapewatch train` and `tapewatch promote` make one)")
    for line in summary(found):
        told(line)
    return found


def _store(found: Scanned, settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    alerts = AlertStore.open(settings.store_url)
    try:
        alerts.upsert(found.alerts)
    finally:
        alerts.close()


def _to_person(line: str) -> None:
    Console(stderr=True, highlight=False).print(line, markup=False, soft_wrap=True)


def summary(found: Scanned) -> list[str]:
    """Return in a few lines what a scan found."""
    first = f"{found.events:,} events, {found.markets} markets, {found.hours:.1f} market hours: "
    by_typology = Counter((alert.category, alert.typology) for alert in found.alerts)
    lines = [f"{first}{len(found.alerts)} alerts"]
    return lines + [f"  {category:<13} {name:<22} {n:>5}" for (category, name), n in sorted(by_typology.items())]
