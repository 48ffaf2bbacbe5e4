"""Changing parameters: tables of new values over those in force, checked as a whole, and what they change."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from features.errors import ParameterError
from models.parameters import Parameters, parse_parameters
from models.toml_tables import read_toml

Tables = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One parameter as it is set.

    Attributes:
        name: Dotted name, such as `spoofing.least_bait_multiple`.
        value: Its value.
        default: Its default.
        meaning: What it is, with its unit.
        source: Where the default comes from.
    """

    name: str
    value: Any
    default: Any
    meaning: str
    source: str


@dataclass(frozen=True)
class Change:
    """One parameter that two sets have at different values."""

    name: str
    before: Any
    after: Any


def settings_in(table: BaseModel) -> tuple[Setting, ...]:
    """Return every parameter of a table and of the tables in it, in the order of the TOML."""
    return tuple(_settings(table, type(table)(), ()))


def _settings(table: BaseModel, default: BaseModel, path: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in type(table).model_fields.items():
        value, usual = getattr(table, name), getattr(default, name)
        if isinstance(value, BaseModel):
            yield from _settings(value, usual, (*path, name))
        else:
            extra = field.json_schema_extra
            source = str(extra["source"]) if isinstance(extra, dict) else ""
            yield Setting(".".join((*path, name)), value, usual, field.description or "", source)


def changes(before: Parameters, after: Parameters) -> tuple[Change, ...]:
    """Return the parameters whose values differ, in the order of the TOML."""
    pairs = zip(settings_in(before), settings_in(after), strict=True)
    return tuple(Change(old.name, old.value, new.value) for old, new in pairs if old.value != new.value)


def changed(present: Parameters, values: Mapping[str, Any], origin: str = "parameters") -> Parameters:
    """Return the parameters in force with some values set anew; what is not named stays as it is.

    Args:
        present: The parameters in force.
        values: Tables of values, whole or in part, as a TOML or JSON reader returns them.
        origin: What to call them in an error.

    Raises:
        ParameterError: Values are unknown or out of range; all are told, and nothing is changed.
    """
    return parse_parameters(_over(present.model_dump(), values, Parameters()), origin)


def _over(present: Mapping[str, Any], values: Mapping[str, Any], table: BaseModel) -> Tables:
    # Tables are joined; a dictionary that is one parameter's value replaces the one before.
    out = dict(present)
    for name, value in values.items():
        inner = getattr(table, name, None) if name in type(table).model_fields else None
        is_table = isinstance(inner, BaseModel) and isinstance(value, Mapping)
        out[name] = _over(present[name], value, inner) if is_table and inner is not None else value
    return out


def read_changes(file: Path | None, assignments: Sequence[str], field: str = "change") -> Tables:
    """Return tables of new values from a TOML file and from `name=value` texts; the texts win.

    Args:
        file: TOML of values; None for none.
        assignments: Texts.
        field: What the caller calls a text, for its errors.

    Raises:
        ParameterError: The file cannot be read as TOML, or a text is none such.
    """
    values: Tables = {} if file is None else read_toml(file)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        *path, last = name.strip().split(".")
        if not equals or not path or not all((*path, last)):
            raise ParameterError(f"{field} must be TABLE.NAME=VALUE, was {assignment}")
        table = values
        for step in path:
            inner = table.setdefault(step, {})
            if not isinstance(inner, dict):
                raise ParameterError(f"{field} {assignment}: {step} must be a table, was {inner!r}")
            table = inner
        table[last] = _value(f"{field} {assignment}", text)
    return values


def _value(origin: str, text: str) -> Any:  # noqa: ANN401 -- whatever TOML can hold
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{origin}: the value must be TOML, was {text.strip()!r}") from error
