"""Labels: what the market made of every episode, from its own messages.

An episode is labelled in every market where its accused sent orders; the span runs from their first to their last
message unless the plan knows better, and only what lies in it is evidence. One that did not come about (no self-match,
no bait pulled, no rise) is an attempt and gets no label. Look-alikes are recorded the same way, without ids, so that a
false alert can be explained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.events import TRADE
from training.simulator.exchange.records import LEVEL
from training.simulator.people.markets import Market
from training.simulator.people.stage import Stage
from training.simulator.tables import Columns, TableMaker

LABEL_COLUMNS = (
    "typology", "venue", "symbol", "accounts", "start", "end", "order_ids", "trade_ids", "severity", "tape", "episode",
)  # fmt: skip
INNOCENT_COLUMNS = ("kind", "venue", "symbol", "accounts", "start", "end", "orders", "trades", "tape")
INNOCENT_TAGS = 1 << 30
Row = dict[str, str | float]
_KEPT = ("time", "market", "kind", "account", "counter", "number", "trade")


@dataclass
class Evidence:
    """Tagged messages of a tape, by tag, shape (n, len(_KEPT)) each; rows of finished episodes are dropped."""

    rows: dict[int, list[NDArray[np.int64]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, columns: Columns) -> None:
        """Keep what carries a tag."""
        own, counter = columns["tag"], columns["counter_tag"]
        tagged = np.flatnonzero(((own >= 0) | (counter >= 0)) & (columns["kind"] != LEVEL))
        if not len(tagged):
            return
        table = np.stack([columns[name][tagged] for name in _KEPT], axis=1)
        own, counter = own[tagged], counter[tagged]
        for tag in np.unique(np.concatenate([own, counter])):
            if tag >= 0:
                self.rows[int(tag)].append(table[(own == tag) | (counter == tag)])

    def of(self, tag: int) -> dict[str, NDArray[np.int64]]:
        """Return and forget the messages of a tag, as columns of `_KEPT`."""
        rows = self.rows.pop(tag, [])
        table = np.concatenate(rows) if rows else np.zeros((0, len(_KEPT)), np.int64)
        return {name: table[:, i] for i, name in enumerate(_KEPT)}


@dataclass(frozen=True)
class Finished:
    """An episode that is over.

    Attributes:
        kind: Typology, or kind of look-alike.
        stage: Its stage.
        sides: Sides of a trade that the accused must hold for it to be evidence: 1, or 2.
        came_about: Whether its defining fact came about.
    """

    kind: str
    stage: Stage
    sides: int
    came_about: bool


def label_rows(finished: Finished, evidence: Evidence, maker: TableMaker) -> list[Row]:
    """Return one label a market of a planted episode, and of what it led to."""
    stage, seen = finished.stage, evidence.of(finished.stage.tag)
    accused = list(dict.fromkeys(stage.accused))
    own, counter = np.isin(seen["account"], accused), np.isin(seen["counter"], accused)
    trade = seen["kind"] == TRADE
    relevant = np.where(trade, (own & counter) if finished.sides > 1 else (own | counter), own)
    rows: list[Row] = []
    for kind, first, last in ((finished.kind, stage.labelled_from, stage.labelled_to), *stage.sequels):
        within = relevant & _within(seen["time"], first, last)
        for number in np.unique(seen["market"][within]):
            here = within & (seen["market"] == number)
            span = _span(first, last, seen["time"][here])
            orders, trades = np.unique(seen["number"][here & ~trade]), np.unique(seen["trade"][here & trade])
            ids = (maker.order_ids(orders).to_pylist(), maker.trade_ids(trades).to_pylist())
            rows.append(_row(kind, stage, stage.room.markets[int(number)], span, ids, maker.tape))
    if rows:
        return rows
    span = _span(stage.labelled_from, stage.labelled_to, np.array([stage.begin, max(stage.now, stage.begin)]))
    return [_row(finished.kind, stage, stage.market, span, ([], []), maker.tape)]


def _row(
    kind: str, stage: Stage, market: Market, span: tuple[int, int], ids: tuple[list[str], list[str]], tape: int
) -> Row:  # fmt: skip
    start = span[0] - span[0] % (market.venue.clock_us * 1_000)
    return {
        "typology": kind, "venue": market.venue.name, "symbol": market.symbol.name,
        "accounts": _names(stage, list(dict.fromkeys(stage.accused))), "start": iso(start), "end": iso(span[1]),
        "order_ids": ";".join(ids[0]), "trade_ids": ";".join(ids[1]), "severity": round(stage.severity, 4),
        "tape": tape_name(tape), "episode": f"{tape_name(tape)}/{stage.tag}",
    }  # fmt: skip


def innocent_rows(finished: Finished, evidence: Evidence, maker: TableMaker) -> list[Row]:
    """Return one row a market of a look-alike that is over."""
    stage, seen = finished.stage, evidence.of(finished.stage.tag)
    rows: list[Row] = []
    for number in np.unique(seen["market"]) if len(seen["market"]) else [stage.market.number]:
        here, market = seen["market"] == number, stage.room.markets[int(number)]
        times = seen["time"][here] if here.any() else np.array([stage.begin, max(stage.now, stage.begin)])
        start, end = _span(stage.labelled_from, stage.labelled_to, times)
        trade = seen["kind"] == TRADE
        rows.append(
            innocent_row(
                finished.kind, market.venue.name, market.symbol.name, _names(stage, stage.accused), (start, end),
                (len(np.unique(seen["number"][here & ~trade])), int(np.count_nonzero(here & trade))), maker.tape,
            )
        )  # fmt: skip
    return rows


def innocent_row(
    kind: str, venue: str, symbol: str, accounts: str, span: tuple[int, int], counts: tuple[int, int], tape: int
) -> Row:  # fmt: skip
    """Return one row of the record of look-alikes."""
    cells = (kind, venue, symbol, accounts, iso(span[0]), iso(span[1]), *counts, tape_name(tape))
    return dict(zip(INNOCENT_COLUMNS, cells, strict=True))


def frame(rows: Iterable[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a table in order of start."""
    table = pd.DataFrame(list(rows), columns=list(columns))
    return table.sort_values(["start", "symbol", "venue", columns[0]], ignore_index=True, kind="stable")


def tape_name(number: int) -> str:
    """Return the name of a tape's folder."""
    return f"tape-{number:03d}"


def iso(nanoseconds: int) -> str:
    """Return a time as text, microseconds, UTC."""
    return pd.Timestamp(nanoseconds, tz="UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _within(times: NDArray[np.int64], first: int | None, last: int | None) -> NDArray[np.bool_]:
    """Return which messages lie in the labelled span: history and aftermath are no evidence."""
    within = np.ones(len(times), np.bool_)
    if first is not None:
        within &= times >= first
    if last is not None:
        within &= times <= last
    return within


def _span(first: int | None, last: int | None, times: NDArray[np.int64]) -> tuple[int, int]:
    start = int(times.min()) if first is None else first
    return start, max(start, int(times.max()) if last is None else last)


def _names(stage: Stage, accounts: list[int]) -> str:
    return ";".join(stage.room.population.accounts[a].account_id for a in accounts)
