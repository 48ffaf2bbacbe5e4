"""What lies where a false alert was raised: what was planted there, what looked like it, or nobody in particular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.alert import Alert
from training.hits import SLACK_NS, same_pattern

ROLES = ("market_maker", "latency_sensitive_quoter", "omnibus_account", "cross_venue_arbitrageur", "thin_market")
"""Kinds of look-alikes that last as long as their tape."""
BACKGROUND = "background"
_WHOLE_TAPE = 0.98


@dataclass(frozen=True)
class Around:
    """What is known of one market of one tape.

    Attributes:
        planted: Kind, accounts, start and end of each label.
        attempts: The same of what was planned and did not come about; without accounts.
        innocents: The same of look-alikes.
        hours: Length of the tape.
    """

    planted: tuple[Happening, ...]
    attempts: tuple[Happening, ...]
    innocents: tuple[Happening, ...]
    hours: float


@dataclass(frozen=True)
class Happening:
    """Something that happened, by whom, from when to when, ns."""

    kind: str
    accounts: frozenset[str]
    start: int
    end: int

    def near(self, alert: Alert) -> bool:
        """Whether it overlaps an alert's window, by the slack of a hit."""
        return max(self.start - alert.window_end, alert.window_start - self.end) <= SLACK_NS

    def shares(self, alert: Alert) -> bool:
        """Whether the alert names one of its accounts."""
        return bool(self.accounts & set(alert.accounts))


def read_innocents(dataset: Path) -> pd.DataFrame:
    """Return the look-alikes of a simulated dataset, times as `start_ns` and `end_ns`, accounts as sets."""
    table = pd.read_csv(dataset / "innocent.csv", dtype=str, keep_default_na=False)
    for name in ("start", "end"):
        table[f"{name}_ns"] = pd.to_datetime(table[name], utc=True).astype("datetime64[ns, UTC]").astype("int64")
    named = [frozenset(cell.split(";")) - {""} for cell in table["accounts"].tolist()]
    table["accounts"] = pd.Series(named, index=table.index, dtype=object)
    return table


def happenings(table: pd.DataFrame, kind: str) -> tuple[Happening, ...]:
    """Return the rows of a table with `accounts`, `start_ns`, `end_ns` and a column of kinds."""
    columns = (table[name].tolist() for name in (kind, "accounts", "start_ns", "end_ns"))
    return tuple(Happening(k, frozenset(a), int(s), int(e)) for k, a, s, e in zip(*columns, strict=True))


def explain(alert: Alert, around: Around) -> str:
    """Return in a few words what a false alert was raised on, the likeliest explanation first.

    "accounts of X": the alert names who did X, then; "attempt at X": X was tried there and did not come about;
    "beside X": X happened there then, to or by others; "background": none of it.
    """
    planted = [one for one in around.planted if one.near(alert)]
    events = [one for one in around.innocents if one.near(alert) and not _is_role(one, around)]
    tried = [one for one in around.attempts if one.near(alert)]
    roles = [one for one in around.innocents if _is_role(one, around) and one.shares(alert)]
    claimed = same_pattern(alert.typology)
    found = (
        *(f"accounts of {one.kind}" for one in planted if one.shares(alert)),
        *(f"attempt at {one.kind}" for one in tried if same_pattern(one.kind) == claimed),
        *(f"accounts of {one.kind}" for one in events if one.shares(alert)),
        *(f"accounts of {one.kind}" for one in roles),
        *(f"beside {one.kind}" for one in planted),
        *(f"beside {one.kind}" for one in events if not alert.accounts),
    )
    return next(iter(found), BACKGROUND)


def _is_role(one: Happening, around: Around) -> bool:
    return one.kind in ROLES and (one.end - one.start) / 3.6e12 >= _WHOLE_TAPE * around.hours


def attempts(plan: Sequence[Happening], planted: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return what was planned in a market and has no label there."""

    def came_about(one: Happening) -> bool:
        return any(label.kind == one.kind and label.start <= one.end and one.start <= label.end for label in planted)

    return tuple(one for one in plan if not came_about(one))
