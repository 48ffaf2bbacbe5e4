"""Asking an exchange for trades that were missed, or that are history: page after page, each trade once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from serving.sources.dialects.dialect import Dialect, Trades
from serving.sources.terms import Known

_FULL = 100


class Page(NamedTuple):
    """Trades that follow what was known.

    Attributes:
        trades: New trades, oldest first, at least one.
        joins: They are known to begin right after the known one: it was among the answer, or ids leave no room.
    """

    trades: Trades
    joins: bool


def _order(trade: dict[str, object]) -> tuple[int, int, str]:
    trade_id = str(trade["id"] or "")
    return int(str(trade["timestamp"])), int(trade_id) if trade_id.isdecimal() else 0, trade_id


async def trades_after(dialect: Dialect, symbol: str, known: Known) -> AsyncIterator[Page]:
    """Yield the trades that follow a known one, until there are no more.

    Args:
        dialect: The exchange.
        symbol: Unified symbol.
        known: The newest trade that is known, or a time to begin at.
    """
    seen = {known.trade_id}
    while True:
        answer = sorted(await dialect.page(symbol, known), key=_order)
        fresh = [trade for trade in answer if _follows(trade, known, dialect) and trade["id"] not in seen]
        if not fresh and len(answer) >= _FULL and answer[-1]["timestamp"] <= known.ms:
            # A page full of one millisecond: what else it held cannot be asked for, so go on behind it.
            known, seen = Known(known.ms + 1), {None}
            continue
        if not fresh:
            return
        yield Page(fresh, _joins(answer, fresh, known, dialect))
        newest = fresh[-1]["timestamp"]
        seen = {trade["id"] for trade in answer if trade["timestamp"] == newest and trade["id"] is not None}
        known = Known(newest, fresh[-1]["id"])


def _follows(trade: dict[str, object], known: Known, dialect: Dialect) -> bool:
    if dialect.gap_free and known.trade_id is not None:
        return int(str(trade["id"])) > int(known.trade_id)
    time = int(str(trade["timestamp"]))
    return time >= known.ms if trade["id"] is not None or known.trade_id is None else time > known.ms


def _joins(answer: Trades, fresh: Trades, known: Known, dialect: Dialect) -> bool:
    if known.trade_id is None or any(trade["id"] == known.trade_id for trade in answer):
        return True
    return dialect.gap_free and int(fresh[0]["id"]) == int(known.trade_id) + 1
