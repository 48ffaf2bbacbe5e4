"""Reading a setup from a TOML file, with every mistake reported at once.

    [tape]                       # hours, tapes, seed, abuse_rate, typologies, severity, innocents, books,
                                 # fixings_h, start_h
    symbols = 6                  # that many known symbols, unless there are [[symbol]] tables; venues likewise

    [[venue]]                    # name, share, maker_bps, taker_bps, clock_us
    [venue.session]              # opens, closes, auction_s; without it the venue never closes

    [[symbol]]                   # like = "BTC/USD" and what differs, or everything a symbol has
    [[episode]]                  # kind, at ("01:30" after the tape's start, or hours), symbol, venue, severity, tape
    [[innocent]]                 # the same for look-alikes, without severity

`training/simulator/examples/` has worked examples.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from features.errors import ParameterError
from features.time_units import DAY_NS, SECOND_NS
from training.simulator.people.markets import Session, Symbol, Venue
from training.simulator.scenario_tables import (
    KNOWN_SYMBOLS,
    TABLES,
    EpisodeTable,
    InnocentTable,
    ScenarioFile,
    SessionTable,
    SymbolTable,
    VenueTable,
    nearest,
)
from training.simulator.setup import Planned, Setup, default_setup

EXAMPLES = Path(__file__).with_name("examples")
_OPTIONS = "options"


def read_setup(path: Path | None, **overrides: Any) -> Setup:  # noqa: ANN401 - judged as values of the file are
    """Return the setup of a scenario file.

    Args:
        path: TOML file; None for one without any table.
        overrides: Values of [tape] to take instead of the file's; None keeps the file's. A number of symbols or venues
            replaces its tables. What was placed on symbols, venues or hours that are no longer there is left out.

    Raises:
        ParameterError: The file cannot be read, or values are unknown or out of range; the text has a line for each.
    """
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in overrides.items() if v is not None}
    origin = str(path) if path else _OPTIONS
    values = _read(path) if path else {}
    file = _validated(origin, values, {})
    mistakes = _contradictions(file, _setup(origin, file))
    if mistakes:
        raise _refused(origin, mistakes)
    left = {"symbol": "symbols", "venue": "venues"}
    kept = {name: table for name, table in values.items() if left.get(name) not in given}
    file = _validated(origin, kept | {"tape": values.get("tape", {}) | given}, given)
    setup = _setup(origin, file)
    placed = [_planned(row) for row in (*file.episode, *file.innocent) if not _misplaced(setup, row)]
    return replace(setup, planned=tuple(placed))


def scenario_path(name: str) -> Path:
    """Return the path that a name stands for: a file's own, or an example of that name.

    Raises:
        ParameterError: There is neither.
    """
    own, example = Path(name), EXAMPLES / f"{name}.toml"
    path = own if own.is_file() else example
    if not path.is_file():
        known = sorted(path.stem for path in EXAMPLES.glob("*.toml"))
        raise ParameterError(
            f"scenario must be a file or one of {', '.join(known)}{nearest(name, known)}, was {name!r}"
        )
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path} must be a readable TOML file, was not: {error}") from error


def _validated(origin: str, values: dict[str, Any], given: Mapping[str, Any]) -> ScenarioFile:
    try:
        return ScenarioFile.model_validate(values)
    except ValidationError as error:
        mistakes = [_mistake(details, values, given) for details in error.errors(include_url=False)]
        raise _refused(origin, mistakes) from error


def _setup(origin: str, file: ScenarioFile) -> Setup:
    """Return the setup of a file, but for what is placed in it."""
    tape = file.tape
    same = ("hours", "tapes", "abuse_rate", "severity", "innocents", "books", "fixings_h", "start_h")
    try:
        plain = default_setup(
            symbols=tape.symbols, venues=tape.venues, seed=tape.seed, typologies=tuple(tape.typologies)
        )
        return replace(
            plain,
            **{name: getattr(tape, name) for name in same},
            symbols=tuple(_symbol(table) for table in file.symbol) or plain.symbols,
            venues=tuple(_venue(table) for table in file.venue) or plain.venues,
        )
    except ParameterError as error:
        raise _refused(origin, [str(error)]) from error


def _symbol(table: SymbolTable) -> Symbol:
    if table.like is not None:
        return replace(KNOWN_SYMBOLS[table.like], **table.changes())
    return Symbol(**table.changes())


def _venue(table: VenueTable) -> Venue:
    session = None if table.session is None else Session(**table.session.model_dump())
    return Venue(**table.model_dump(exclude={"session"}), session=session)


def _planned(table: InnocentTable) -> Planned:
    severity = table.severity if isinstance(table, EpisodeTable) else 0.5
    return Planned(table.kind, table.at, table.symbol, table.venue, severity, table.tape)


def _contradictions(file: ScenarioFile, setup: Setup) -> list[str]:
    """Return what each table allows and the whole does not."""
    mistakes, symbols, venues = list[str](), [s.name for s in setup.symbols], [v.name for v in setup.venues]
    for table, names in (("symbol", symbols), ("venue", venues)):
        twice = [name for name, count in Counter(names).items() if count > 1]
        mistakes += [f"[[{table}]] name must be different in each, was {name!r} more than once" for name in twice]
        if f"{table}s" in file.tape.model_fields_set and getattr(file, table):
            mistakes.append(f"[tape] {table}s must be left out where there are [[{table}]] tables")
    tables: Sequence[tuple[str, Sequence[InnocentTable]]] = (("episode", file.episode), ("innocent", file.innocent))
    for name, rows in tables:
        for number, row in enumerate(rows, 1):
            mistakes += [f"[[{name}]] {number} ({row.kind}) {what}" for what in _misplaced(setup, row)]
    return mistakes


def _misplaced(setup: Setup, row: InnocentTable) -> list[str]:
    """Return why something cannot be where a file places it."""
    mistakes, symbols, venues = list[str](), [s.name for s in setup.symbols], [v.name for v in setup.venues]
    for field, value, known in (("symbol", row.symbol, symbols), ("venue", row.venue, venues)):
        if value is not None and value not in known:
            mistakes.append(f"{field} must be on the tape{nearest(value, known)}, was {value!r}")
    if row.at >= setup.hours:
        mistakes.append(f"at must be before the tape ends at {setup.hours:g} h, was {row.at:g} h")
    mistakes += [f"at must be while {name} is open" for name in _closed(setup, row)]
    if row.tape is not None and row.tape >= setup.tapes:
        mistakes.append(f"tape must be below the number of tapes, {setup.tapes}, was {row.tape}")
    return mistakes


def _closed(setup: Setup, row: InnocentTable) -> list[str]:
    """Return the venues where something could be placed at a time at which they are closed."""
    when = setup.span(0)[0] + round(row.at * 3_600) * SECOND_NS
    hour = when % DAY_NS / (3_600 * SECOND_NS)
    sessions = {venue.name: venue.session for venue in setup.venues if row.venue in {None, venue.name}}
    return [name for name, s in sessions.items() if s is not None and not s.opens <= hour < s.closes]


def _refused(origin: str, mistakes: Sequence[str]) -> ParameterError:
    return ParameterError(f"{origin}: {len(mistakes)} mistake(s)" + "".join(f"\n  {line}" for line in mistakes))


def _mistake(details: ErrorDetails, values: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    table, *rest = details["loc"]
    names = [str(part) for part in rest if not isinstance(part, int)]
    model, number, where = _model_of(str(table), names), rest[0] if rest else None, f"[{table}]"
    if isinstance(number, int):
        where = f"[[{table}]] {number + 1}{_called(values, str(table), number)}"
    if table == "tape" and names and names[0] in given:
        where = ""
    field = f"{where} {'.'.join(names)}".strip()
    if details["type"] == "extra_forbidden":
        known = list(model.model_fields) if model else []
        what = "field" if rest else "table"
        hint = nearest(names[-1] if names else str(table), known)
        return f"{field} must be a known {what}{hint}, was {details['input']!r}"
    if details["type"] == "missing":
        return f"{field} must be given"
    must_be = details["msg"].removeprefix("Input should be ")
    if isinstance(details["input"], (dict, BaseModel)):
        return f"{field} must be {must_be}"
    return f"{field} must be {must_be}, was {details['input']!r}"


def _called(values: Mapping[str, Any], table: str, number: int) -> str:
    """Return the name or kind by which the file calls a table, in brackets."""
    row = values[table][number]
    name = next((row[key] for key in ("name", "like", "kind") if key in row), None) if isinstance(row, dict) else None
    return f" ({name})" if name is not None else ""


def _model_of(table: str, names: Sequence[str]) -> type[BaseModel] | None:
    """Return the model whose fields an unknown name could have meant."""
    if not names:
        return ScenarioFile
    return SessionTable if names[0] == "session" and len(names) > 1 else TABLES.get(table)
