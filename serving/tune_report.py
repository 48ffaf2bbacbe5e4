"""How a tuning reads: what is proposed, and what it reaches on tapes that nothing was chosen from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from features.json_values import json_text
from models.parameters import to_toml
from serving.whatif_report import ALL, Row, figures, plain_table, rows_of, truths
from training.count_intervals import Interval, rate_interval, share_interval
from training.tuner import Proposal
from training.whatif import Judged, WhatIf

Measured = tuple[float, Interval]


def proposed_toml(proposal: Proposal) -> str:
    """Return the proposed parameters as a TOML that `whatif`, `scan` and `parameters adopt` take."""
    whose = ", ".join(proposal.typologies) or "all typologies"
    return (
        f"# Proposed by `tapewatch tune` for {proposal.budget:g} alerts a day of {whose}.\n{to_toml(proposal.proposed)}"
    )


def reached(result: WhatIf, alerts: Sequence[Judged]) -> dict[str, Measured]:
    """Return alerts a day and, where labelled, precision and recall, each with its 90 % interval."""
    n, days = len(alerts), result.days
    out = {"alerts_a_day": (n / days if days else math.nan, rate_interval(n, days))}
    if result.episodes is not None:
        wanted, (right, wrong) = set(result.episodes), truths(alerts)
        found = set[int]().union(*(one.hits for one in alerts)) & wanted
        judged = right + wrong
        out["precision"] = (right / judged if judged else math.nan, share_interval(right, judged))
        out["recall"] = (len(found) / len(wanted) if wanted else math.nan, share_interval(len(found), len(wanted)))
    return out


def as_json(proposal: Proposal) -> str:
    """Return everything for a program; what cannot be measured is null."""
    out: dict[str, Any] = {
        "budget": proposal.budget,
        "typologies": list(proposal.typologies),
        "version": {"before": proposal.present.version(), "after": proposal.proposed.version()},
    }
    for part, result in (("earlier", proposal.earlier), ("later", proposal.later)):
        sides = (("before", result.before), ("after", result.after))
        told = {when: _records(reached(result, alerts)) for when, alerts in sides}
        out[part] = figures(result, details=False) | {"reached": told}
    return json_text(out)


def _records(measured: dict[str, Measured]) -> dict[str, Any]:
    return {name: {"value": value, "low": low, "high": high} for name, (value, (low, high)) in measured.items()}


def tables_of(proposal: Proposal) -> Group:
    """Return what a person reads, within 80 columns."""
    return Group(*_parts(proposal))


def _parts(proposal: Proposal) -> Iterator[RenderableType]:
    later = proposal.later
    if not later.changes:
        yield Text("The parameters in force are the best that was found for this budget.")
    else:
        table = plain_table("parameter", ("present", "proposed"))
        for one in later.changes:
            table.add_row(one.name, f"{one.before:g}", f"{one.after:g}")
        yield table
    whose = ", ".join(proposal.typologies) or "all typologies"
    yield Text(f"\nBudget: {proposal.budget:g} alerts a day of {whose}")
    yield _reached(proposal)
    yield Text("90 % intervals; nothing was chosen from the later tapes.", style="dim")
    if later.episodes is None:
        yield Text("Without labels.csv alerts are ranked by confidence, and precision is not known.", style="dim")
    yield Text("\nOn the later tapes, present → proposed", style="bold")
    yield _typologies(rows_of(later), labelled=later.episodes is not None, days=later.days)


def _reached(proposal: Proposal) -> Table:
    table = plain_table("", ("present", "proposed"))
    for part, result in (("earlier", proposal.earlier), ("later", proposal.later)):
        sides = [reached(result, alerts) for alerts in (result.before, result.after)]
        for name in sides[0]:
            digits = 1 if name == "alerts_a_day" else 2
            label = f"{name.replace('_', ' ')}, {part} tapes"
            table.add_row(label, *(_with_interval(side[name], digits) for side in sides))
    return table


def _with_interval(measured: Measured, digits: int) -> str:
    value, (low, high) = measured
    return "-" if math.isnan(value) else f"{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def _typologies(rows: Sequence[Row], *, labelled: bool, days: float) -> Table:
    table = plain_table("typology", ("alerts a day", *(("precision", "recall") if labelled else ())))
    for row in rows:
        shown = [_pair((row.before / days, row.after / days), 1) if days else "-"]
        shown += [_pair(row.precision, 2), _pair(row.recall, 2)] if labelled else []
        table.add_row(row.typology, *shown, style="bold" if row.typology == ALL else None)
    return table


def _pair(pair: tuple[float, float], digits: int) -> str:
    old, new = ("-" if math.isnan(value) else f"{value:.{digits}f}" for value in pair)
    return old if old == new else f"{old} → {new}"
