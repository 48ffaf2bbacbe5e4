"""Settings as tables of a TOML file: read with every mistake reported at once, written with what each key means."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from features.errors import ParameterError

Tables = TypeVar("Tables", bound=BaseModel)


@dataclass(frozen=True)
class Mistake:
    """One value that breaks a rule: its dotted name, what it must be, what it was."""

    field: str
    rule: str
    was: str


class RefusedParametersError(ParameterError):
    """Settings have mistakes; the text has a line for each.

    Attributes:
        mistakes: The mistakes.
    """

    def __init__(self, origin: str, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        lines = "".join(f"\n  {mistake.field} {mistake.rule}, was {mistake.was}" for mistake in mistakes)
        super().__init__(f"{origin}: {len(mistakes)} mistake(s){lines}")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ParameterError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path} must be a readable TOML file, was not: {error}") from error


def parse_tables(kind: type[Tables], values: Mapping[str, Any], origin: str) -> Tables:
    """Return settings with the given values set and the rest at their defaults.

    Args:
        kind: What the settings are; every key of it has a default.
        values: Tables of values, as a TOML or JSON reader returns them.
        origin: What to call them in an error.

    Raises:
        RefusedParametersError: Values are unknown or out of range; the text has a line for each.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        mistakes = tuple(_mistake(details, kind()) for details in error.errors(include_url=False))
        raise RefusedParametersError(origin, mistakes) from error


def tables_to_toml(tables: BaseModel) -> str:
    """Return a TOML of all settings, each with its description and source; `parse_tables` takes it back."""
    return "\n".join(_toml_lines(tables, ())).lstrip("\n") + "\n"


def _toml_lines(table: BaseModel, path: tuple[str, ...]) -> Iterator[str]:
    fields = type(table).model_fields
    tables = [name for name in fields if isinstance(getattr(table, name), BaseModel)]
    if path and len(tables) < len(fields):
        yield f"\n[{'.'.join(path)}]"
    for name, field in fields.items():
        if name not in tables:
            extra = field.json_schema_extra
            source = f" Source: {extra['source']}." if isinstance(extra, dict) and extra["source"] else ""
            yield f"# {field.description}.{source}"
            yield f"{name} = {_toml_value(getattr(table, name))}"
    for name in tables:
        yield from _toml_lines(getattr(table, name), (*path, name))


def _toml_value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {json.dumps(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _mistake(details: ErrorDetails, defaults: BaseModel) -> Mistake:
    context = details.get("ctx", {})
    key = ".".join(
        str(part) for part in (*details["loc"], *([context["key"]] if "key" in context else []))
    ).removesuffix(".[key]")
    if details["type"] == "extra_forbidden":
        return Mistake(key, f"must be a known parameter{_nearest(key, defaults)}", repr(details["input"]))
    if details["type"] == "model_type":
        return Mistake(key, "must be a table", repr(details["input"]))
    must_be = details["msg"].removeprefix("Input should be ")
    return Mistake(key, f"must be {must_be}", repr(context.get("value", details["input"])))


def _nearest(key: str, defaults: BaseModel) -> str:
    known = {line: line for line in _keys(defaults, ())}
    last = {line.rpartition(".")[2]: line for line in known}
    close = get_close_matches(key, known, n=1) or [
        last[k] for k in get_close_matches(key.rpartition(".")[2], last, n=1)
    ]
    return f" (nearest: {close[0]})" if close else ""


def _keys(table: BaseModel, path: tuple[str, ...]) -> Iterator[str]:
    for name in type(table).model_fields:
        yield ".".join((*path, name))
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from _keys(value, (*path, name))
