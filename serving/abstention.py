"""Which rules have nothing to judge on a tape, for want of data: said once, in a line for each kind that is missing."""

from __future__ import annotations

import pyarrow as pa

from features.cross.names import group_of
from features.readers import Tape
from models.catalogue import Detector, detectors
from models.parameters import Parameters

_TRADERS = {"buyer_id", "seller_id"}
_CALLED = {"orders": "order messages", "books": "book levels", "trades": "trades"}


def abstentions(tape: Tape, parameters: Parameters) -> list[str]:
    """Return a sentence for each kind of data that a tape lacks, with the rules that abstain for it.

    Args:
        tape: The tape; one without any event has nothing to say.
        parameters: What the rules are set to.
    """
    if not len(tape):
        return []
    names: dict[str, list[str]] = {}
    for rule in detectors(parameters):
        if missing := _missing(rule, tape):
            names.setdefault(missing, []).append(rule.name)
    return [f"{what}: {_and(rules)} abstain{'s' * (len(rules) == 1)}" for what, rules in names.items()]


def _missing(rule: Detector, tape: Tape) -> str:
    """Return what a tape lacks first of what a rule needs; "" for nothing."""
    tables = {"orders": tape.orders, "books": tape.books, "trades": tape.trades}
    empty = (name for name, table in tables.items() if name in rule.needs and not _rows(table))
    if (name := next(empty, None)) is not None:
        return f"no {_CALLED[name]} on this tape"
    if nameless := _nameless(rule, tape):
        return nameless
    if "venues" in rule.needs and not _on_two_venues(tape):
        return "nothing on this tape trades on two venues"
    # where there is a book, it tells who took
    if "aggressor" in rule.needs and not (_has(tape.trades, {"aggressor"}) or _rows(tape.orders)):
        return "trades of this tape do not tell who took"
    return ""


def _nameless(rule: Detector, tape: Tape) -> str:
    if "accounts" not in rule.needs:
        return ""
    if "orders" in rule.needs:
        return "" if _has(tape.orders, {"account_id"}) else "orders of this tape name no accounts"
    return "" if _has(tape.trades, _TRADERS) else "trades of this tape name no accounts"


def _on_two_venues(tape: Tape) -> bool:
    """Return whether anything is traded on more than one venue."""
    if tape.trades is None or "venue" not in tape.trades.column_names:
        return False
    pairs = tape.trades.select(["venue", "symbol"]).group_by(["venue", "symbol"]).aggregate([])
    things = [group_of(str(symbol)) for symbol in pairs["symbol"].to_pylist()]
    return len(set(things)) < len(things)


def _rows(table: pa.Table | None) -> int:
    return 0 if table is None else int(table.num_rows)


def _has(table: pa.Table | None, columns: set[str]) -> bool:
    return table is not None and bool(columns & set(table.column_names))


def _and(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
