"""How a what-if reads: figures per typology, tables for a terminal, and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from features.json_values import finite
from serving.times import iso
from training.whatif import Judged, WhatIf

ALL = "all"
_WORDS = {True: "true", False: "false", None: "?"}


@dataclass(frozen=True)
class Row:
    """What becomes of one typology's alerts; NaN where there is nothing to divide by, or nothing is labelled.

    Attributes:
        typology: Its name, "all" for all together.
        before: Alerts under the present parameters.
        after: Alerts under the changed ones.
        gained: Alerts that only the changed ones raise.
        lost: Alerts that only the present ones raise.
        altered: Alerts of both that open, end or are held otherwise.
        truths_gained: How many of the gained are true, and how many false; the rest nobody has judged.
        truths_lost: The same of the lost.
        recall: Share of the labelled episodes that are hit, before and after.
        precision: Share of the judged alerts that are true, before and after.
    """

    typology: str
    before: int
    after: int
    gained: int
    lost: int
    altered: int
    truths_gained: tuple[int, int]
    truths_lost: tuple[int, int]
    recall: tuple[float, float]
    precision: tuple[float, float]


def rows_of(result: WhatIf) -> tuple[Row, ...]:
    """Return a row for each typology that has alerts or episodes, and one for all."""
    names = {one.typology for one in (*result.before, *result.after)} | set((result.episodes or {}).values())
    return (*(_row(result, name) for name in sorted(names)), _row(result, ALL))


def _row(result: WhatIf, name: str) -> Row:
    def mine(alerts: Sequence[Judged]) -> list[Judged]:
        return [one for one in alerts if name in {ALL, one.typology}]

    before, after, gained, lost = map(mine, (result.before, result.after, result.gained, result.lost))
    labelled = result.episodes is not None
    wanted = {number for number, typology in (result.episodes or {}).items() if name in {ALL, typology}}
    return Row(
        typology=name,
        before=len(before),
        after=len(after),
        gained=len(gained),
        lost=len(lost),
        altered=len(mine([old for old, _ in result.altered])),
        truths_gained=truths(gained),
        truths_lost=truths(lost),
        recall=(_recall(before, wanted), _recall(after, wanted)),
        precision=(_precision(before), _precision(after)) if labelled else (math.nan, math.nan),
    )


def _recall(alerts: Sequence[Judged], wanted: set[int]) -> float:
    found = set[int]().union(*(one.hits for one in alerts)) & wanted
    return len(found) / len(wanted) if wanted else math.nan


def _precision(alerts: Sequence[Judged]) -> float:
    true, false = truths(alerts)
    return true / (true + false) if true + false else math.nan


def truths(alerts: Sequence[Judged]) -> tuple[int, int]:
    """Return how many alerts are true, and how many false; what nobody has judged is neither."""
    return sum(one.true is True for one in alerts), sum(one.true is False for one in alerts)


def figures(result: WhatIf, *, details: bool) -> dict[str, Any]:
    """Return everything as JSON types; what cannot be measured is null."""
    days, labelled = result.days, result.episodes is not None
    rows = rows_of(result)
    out: dict[str, Any] = {
        "changes": [{"name": one.name, "before": one.before, "after": one.after} for one in result.changes],
        "days": days,
        "markets": result.markets,
        "labelled": labelled,
        "alerts_a_day": {"before": _rate(len(result.before), days), "after": _rate(len(result.after), days)},
        "typologies": [_record(row, labelled=labelled) for row in rows],
    }
    if details:
        out["gained"] = [_told(one, labelled=labelled) for one in result.gained]
        out["lost"] = [_told(one, labelled=labelled) for one in result.lost]
    known: dict[str, Any] = finite(out)
    return known


def _record(row: Row, *, labelled: bool) -> dict[str, Any]:
    names = ("typology", "before", "after", "gained", "lost")
    out: dict[str, Any] = {name: getattr(row, name) for name in names} | {"changed": row.altered}
    if labelled:
        for name, (true, false) in (("gained", row.truths_gained), ("lost", row.truths_lost)):
            out |= {f"true_{name}": true, f"false_{name}": false}
        for name, pair in (("recall", row.recall), ("precision", row.precision)):
            out[name] = dict(zip(("before", "after"), pair, strict=True))
    return out


def _told(one: Judged, *, labelled: bool) -> dict[str, Any]:
    alert = one.alert
    out: dict[str, Any] = {
        "alert_id": alert.alert_id, "tape": one.tape, "typology": alert.typology, "venue": alert.venue,
        "symbol": alert.symbol, "accounts": list(alert.accounts), "detected_at": iso(alert.detected_at),
        "confidence": alert.confidence,
    }  # fmt: skip
    return out | {"true": one.true} if labelled else out


def _rate(count: int, days: float) -> float:
    return count / days if days else math.nan


def tables_of(result: WhatIf, *, details: bool) -> Group:
    """Return what a person reads, within 80 columns."""
    return Group(*_parts(result, details=details))


def _parts(result: WhatIf, *, details: bool) -> Iterator[RenderableType]:
    yield _changes(result)
    rows = rows_of(result)
    before, after = (_rate(len(alerts), result.days) for alerts in (result.before, result.after))
    per_day = f"; alerts a day {before:.1f} → {after:.1f}" if result.days else ""
    yield Text(f"\n{result.markets} markets over {result.days:.2f} days{per_day}")
    yield _counts(rows)
    if result.episodes is not None:
        yield Text("\nAgainst the labels: true and false alerts, recall and precision", style="bold")
        yield _truths(rows)
    if details:
        for name, alerts in (("gained", result.gained), ("lost", result.lost)):
            yield Text(f"\n{len(alerts)} {name}", style="bold")
            yield _listed(alerts, labelled=result.episodes is not None)


def _changes(result: WhatIf) -> Table | Text:
    if not result.changes:
        return Text("No parameter differs from those in force.")
    table = plain_table("parameter", ("before", "after"))
    for one in result.changes:
        table.add_row(one.name, f"{one.before}", f"{one.after}")
    return table


def _counts(rows: Sequence[Row]) -> Table:
    table = plain_table("typology", ("before", "after", "gained", "lost", "changed"))
    for row in rows:
        table.add_row(row.typology, *map(str, (row.before, row.after, row.gained, row.lost, row.altered)))
    return table


def _truths(rows: Sequence[Row]) -> Table:
    table = plain_table("typology", ("gained t/f", "lost t/f", "recall", "precision"))
    for row in rows:
        gained, lost = ("/".join(map(str, pair)) for pair in (row.truths_gained, row.truths_lost))
        table.add_row(row.typology, gained, lost, _arrow(row.recall), _arrow(row.precision))
    return table


def _arrow(pair: tuple[float, float]) -> str:
    old, new = ("-" if math.isnan(value) else f"{value:.2f}" for value in pair)
    return old if old == new else f"{old} → {new}"


def _listed(alerts: Sequence[Judged], *, labelled: bool) -> Table:
    table = plain_table("typology", ("symbol", "detected", "conf."))
    table.add_column("is" if labelled else "", justify="right")
    table.add_column("accounts", overflow="ellipsis", no_wrap=True)
    for one in alerts:
        alert = one.alert
        truth = _WORDS[one.true] if labelled else ""
        at = iso(alert.detected_at)[5:19].replace("T", " ")
        accounts = ", ".join(alert.accounts)
        table.add_row(alert.typology, alert.symbol, at, f"{alert.confidence:.2f}", truth, accounts)
    return table


def plain_table(first: str, numbers: Sequence[str]) -> Table:
    """Return a table with a column of names and some of numbers."""
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right")
    return table
