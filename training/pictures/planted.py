"""What a dataset says about its tapes: planted episodes of `labels.csv`, and look-alikes of `innocent.csv`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

import pandas as pd

from features.errors import TapeError
from features.schema import DEFAULT_VENUE
from training.pictures.recorded import Market, Recorded

Role = Literal["planted", "innocent", "excerpt"]


@dataclass(frozen=True)
class Episode:
    """Something that happened on a tape, and that a picture is drawn of.

    Attributes:
        kind: Typology of an abuse, or kind of a look-alike.
        role: `planted` abuse, an `innocent` look-alike, or an `excerpt` of a tape that nothing is said about.
        venues: Venue of each of its markets.
        symbols: Symbol of each of its markets.
        accounts: Accounts that did it; empty where unknown.
        start: First ns.
        end: Last ns, >= start.
        order_ids: Orders it consists of, empty where unknown.
        severity: 0 subtle to 1 blatant, NaN where unknown.
        tape: Name of its tape, empty where the file does not say.
        alike: How many of its kind there were at once on its market, itself among them.
    """

    kind: str
    role: Role
    venues: tuple[str, ...]
    symbols: tuple[str, ...]
    accounts: tuple[str, ...]
    start: int
    end: int
    order_ids: tuple[str, ...] = ()
    severity: float = float("nan")
    tape: str = ""
    alike: int = 1

    @property
    def innocent(self) -> bool:
        """Whether nobody planted it."""
        return self.role != "planted"

    @property
    def note(self) -> str:
        """What is known of it, in few words."""
        if self.role == "planted":
            return "planted" if math.isnan(self.severity) else f"severity {self.severity:.2f}"
        if self.role == "excerpt":
            return "excerpt of the tape"
        return f"looks like abuse, is none{f' (one of {self.alike})' if self.alike > 1 else ''}"

    @property
    def title(self) -> str:
        """Kind in words."""
        words = self.kind.replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def headline(self) -> str:
        """Kind, severity and markets, in words."""
        where = dict.fromkeys(self.symbols), dict.fromkeys(self.venues)
        markets = " on ".join(", ".join(names) if len(names) <= 3 else f"{len(names)} of them" for names in where)
        severity = () if math.isnan(self.severity) else (f"severity {self.severity:.2f}",)
        return "  ·  ".join([self.title, *severity, markets])

    def is_on(self, tape: Recorded) -> bool:
        """Whether it lies on a tape: by name, or by market and time where the file names no tape."""
        if self.tape:
            return self.tape == tape.name
        return any(m.span[0] <= self.end and m.span[1] >= self.start for m in self.markets(tape))

    def markets(self, tape: Recorded) -> tuple[Market, ...]:
        """Return its markets that the tape has."""
        found = (
            tape.market(venue, symbol) for venue, symbol in dict.fromkeys(zip(self.venues, self.symbols, strict=True))
        )
        return tuple(market for market in found if market is not None)


def read_episodes(dataset: Path) -> list[Episode]:
    """Return the episodes of `labels.csv` and then of `innocent.csv`; a file that is missing has none.

    Raises:
        TapeError: A file lacks a column, or a time in it cannot be read.
    """
    return _read(dataset / "labels.csv", "typology") + _read(dataset / "innocent.csv", "kind")


def _read(path: Path, kind: str) -> list[Episode]:
    if not path.is_file():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = {kind, "symbol", "start", "end"} - set(table.columns)
    if missing:
        raise TapeError(f"{path}: must have the columns {kind}, symbol, start and end, lacks {', '.join(missing)}")
    try:
        for name in ("start", "end"):
            times = pd.to_datetime(table[name], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
            table[name] = times.astype("int64")
    except ValueError as error:
        raise TapeError(f"{path}: start and end must be ISO 8601 times: {error}") from error
    rows = table.to_dict("records")
    return _joined([(str(row.get("episode", "")), _episode(row, kind)) for row in rows])


def _joined(rows: list[tuple[str, Episode]]) -> list[Episode]:
    """Return episodes, those on several markets (rows of one name and kind) as one, in order of first appearance."""
    joined: dict[object, Episode] = {}
    for number, (name, row) in enumerate(rows):
        key = (row.tape, name, row.kind) if name else number
        seen = joined.get(key)
        joined[key] = row if seen is None else _union(seen, row)
    return list(joined.values())


def _union(one: Episode, other: Episode) -> Episode:
    return replace(
        one,
        venues=one.venues + other.venues,
        symbols=one.symbols + other.symbols,
        accounts=tuple(dict.fromkeys(one.accounts + other.accounts)),
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        order_ids=one.order_ids + other.order_ids,
    )


def _episode(row: dict[object, object] | dict[str, object], kind: str) -> Episode:
    cells = {str(name): value for name, value in row.items()}
    severity = str(cells.get("severity", ""))
    start = int(str(cells["start"]))
    venues, symbols = _split(cells.get("venue")) or (DEFAULT_VENUE,), _split(cells["symbol"])
    pairs = list(zip(venues, symbols, strict=True) if len(venues) == len(symbols) else product(venues, symbols))
    return Episode(
        kind=str(cells[kind]),
        role="planted" if kind == "typology" else "innocent",
        venues=tuple(venue for venue, _ in pairs),
        symbols=tuple(symbol for _, symbol in pairs),
        accounts=_split(cells.get("accounts")),
        start=start,
        end=max(int(str(cells["end"])), start),
        order_ids=_split(cells.get("order_ids")),
        severity=float(severity) if severity else float("nan"),
        tape=str(cells.get("tape", "")),
    )


def _split(cell: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(cell or "").split(";") if part.strip())
