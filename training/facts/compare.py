"""Stylised facts side by side: what is published, what a simulated tape shows, what a real one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from features.errors import TapeError
from training.facts.measure import measure
from training.facts.sources import FACTS, Fact
from training.facts.tapes import markets_at

UNLIKE = 3.0


def compare(
    simulated: Path,
    real: Path | None = None,
    *,
    most_tapes: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return every stylised fact with its published band, the simulated value and the real one.

    Args:
        simulated: A tape or a dataset, made without abuse.
        real: A tape or a dataset to hold beside it; known pumps are left out.
        most_tapes: Of a dataset's tapes take at most so many, evenly spread.
        progress: Called with (tapes done, tapes in all) for each of the two.

    Returns:
        One row a fact by its name, in the order of `FACTS`: `family`, `title`, `low`, `high`, `covers`, `sources`,
        `note`; `simulated`, `simulated_low`, `simulated_high` (median, least and most over markets); the same for
        `real`; `verdict` of the simulated median (see `Fact.verdict`). Values that nobody knows are NaN.

    Raises:
        TapeError: There is nothing that can be read, or no trade in it.
    """
    measured = {"simulated": simulated} | ({"real": real} if real is not None else {})
    columns = {name: _measured(path, most_tapes, progress) for name, path in measured.items()}
    return pd.DataFrame([_row(fact, columns) for fact in FACTS]).set_index("name")


def _measured(path: Path, most_tapes: int, progress: Callable[[int, int], None] | None) -> pd.DataFrame:
    found = [measure(market) for market in markets_at(path, most_tapes=most_tapes, progress=progress)]
    if not found:
        raise TapeError(f"{path}: must hold trades, has none")
    return pd.DataFrame(found)


def _row(fact: Fact, columns: dict[str, pd.DataFrame]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": fact.name, "family": fact.family, "title": fact.title, "low": fact.low, "high": fact.high,
        "covers": fact.covers, "sources": fact.sources, "note": fact.note,
    }  # fmt: skip
    for name in ("simulated", "real"):
        values = columns[name][fact.name] if name in columns else pd.Series(dtype=float)
        row |= {name: values.median(), f"{name}_low": values.min(), f"{name}_high": values.max()}
    row["verdict"] = fact.verdict(float(row["simulated"]))
    return row


def table_of(facts: pd.DataFrame) -> Group:
    """Return what `compare` found as tables of at most 80 columns, deviations marked, with the sources below."""
    often = Counter(_cited(facts["sources"])).most_common()
    sources = {one: number for number, (one, _) in enumerate(often, start=1)}
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("stylised fact", "band", "simul.", "least…most", "", "real", "from"):
        table.add_column(name, justify="left" if name in ("stylised fact", "", "from") else "right", no_wrap=True)
    for family, rows in groupby(facts.itertuples(), key=lambda row: row.family):
        table.add_row(Text(str(family), style="bold"))
        for row in rows:
            table.add_row(*_cells(row, sources), style="red" if row.verdict in ("below", "above") else None)
    verdicts = facts["verdict"].value_counts()
    inside, outside = verdicts.get("inside", 0), verdicts.get("below", 0) + verdicts.get("above", 0)
    said = f"\n{inside} of {inside + outside} facts inside their band, {verdicts.get('unknown', 0)} not known (?)."
    said += "\nMedians over markets; what `from` covers is told in training/facts/sources.py.\n"
    parts: list[RenderableType] = [table, Text(said + _unlike_activity(facts))]
    parts += [Text(f"{number:>2} {source}") for source, number in sources.items()]
    return Group(*parts)


def _unlike_activity(facts: pd.DataFrame) -> str:
    rates = [float(facts[name].to_dict()["takers_per_minute"]) for name in ("simulated", "real")]
    if any(isnan(rate) for rate in rates) or max(rates) <= UNLIKE * min(rates):
        return ""
    simulated, real = (_figure(rate) for rate in rates)
    said = f"The simulated markets have {simulated} taker orders a minute, the real ones {real}: kurtosis, counts "
    return said + "and memory by the minute differ with that alone.\n"


def _cited(sources: Iterable[tuple[str, ...]]) -> list[str]:
    return [one for some in sources for one in some]


def _cells(row: Any, sources: dict[str, int]) -> list[str]:  # noqa: ANN401 - pandas names the row's type at run time
    band = f"{_figure(row.low)}…{_figure(row.high)}" if row.sources else ""
    spread = "" if isnan(row.simulated) else f"{_figure(row.simulated_low)}…{_figure(row.simulated_high)}"
    mark = {"below": "low", "above": "high", "unknown": "?"}.get(row.verdict, "")
    numbers = ",".join(str(number) for number in sorted(sources[one] for one in row.sources))
    return [f" {row.title}", band, _figure(row.simulated), spread, mark, _figure(row.real), numbers]


def _figure(value: float) -> str:
    # About two digits, no zeros at the end: seven columns have to stand in 80 characters.
    if isnan(value):
        return ""
    size = abs(value)
    told = f"{value:.{0 if size >= 10 else 1 if size >= 1 else 2 if size >= 0.1 else 3}f}"
    told = told.rstrip("0").rstrip(".") if "." in told else told
    return "0" if told == "-0" else told
