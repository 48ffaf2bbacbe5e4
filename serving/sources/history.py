"""Past trades of a market, asked for page by page into a tape; an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from features.time_units import MS_NS
from serving.errors import SourceError
from serving.files import write_whole
from serving.sources.asking import Page, trades_after
from serving.sources.canonical import trades_table
from serving.sources.exchange import Exchange, reason
from serving.sources.feed import RETRY_S, Market
from serving.sources.ledger import Trade
from serving.sources.tape_folder import PARTS, TapeFolder
from serving.sources.terms import Known
from serving.times import iso

STATE = "history.json"
_TRIES = 5
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Span:
    """A span of a market's history, and how far it has come.

    Attributes:
        venue: The exchange.
        symbol: Unified symbol.
        since_ms: Its start, ms UTC.
        until_ms: Its end, not in it.
        reached_ms: Time of the last trade that is on disk; the start before the first.
        reached_id: Its id.
        done: All of it is on disk.
    """

    venue: str
    symbol: str
    since_ms: int
    until_ms: int
    reached_ms: int
    reached_id: str | None = None
    done: bool = False

    @property
    def market(self) -> Market:
        """The market."""
        return Market(self.venue, self.symbol)


class Spans:
    """The spans of a tape's folder, on disk.

    Args:
        out: The tape's folder.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / PARTS / STATE
        stored = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else []
        self._spans = [Span(**one) for one in stored]

    def taken_up(self, market: Market, since_ms: int, until_ms: int) -> Span:
        """Return the span that was begun at this start, to its new end, or a new one."""
        for span in self._spans:
            if (span.market, span.since_ms) == (market, since_ms):
                return replace(span, until_ms=until_ms, done=span.done and span.until_ms >= until_ms)
        return Span(*market, since_ms, until_ms, since_ms)

    def store(self, span: Span) -> None:
        """Keep how far a span has come."""
        others = [one for one in self._spans if (one.market, one.since_ms) != (span.market, span.since_ms)]
        self._spans = [*others, span]
        write_whole(self._path, json.dumps([asdict(one) for one in self._spans], indent=1).encode())


async def fetch_history(
    exchange: Exchange, symbol: str, span: tuple[int, int], folder: TapeFolder, progress: Progress
) -> int:
    """Bring a market's trades of a span into a tape's folder.

    What is fetched goes to disk before it is noted how far it came; trades that are there already are left aside. So
    the same call again, after an interruption or a kill, goes on, and no trade is doubled or lost.

    Args:
        exchange: The exchange.
        symbol: Unified symbol.
        span: Start and end (not in it), ms UTC.
        folder: The tape's folder.
        progress: Takes seconds done, seconds in all, and what.

    Returns:
        How many trades were added.

    Raises:
        SourceError: The exchange gives no trades when asked, does not reach back that far, or fails again and again.
    """
    if not exchange.can("fetchTrades"):
        raise SourceError(f"exchange must be one that gives past trades, was {exchange.name}, which does not")
    spans = Spans(folder.out)
    at = spans.taken_up(Market(exchange.name, symbol), *span)
    there = folder.trade_ids(at.market, at.reached_ms)
    added = 0
    async for page in _pages(exchange, symbol, at):
        _refuse_unreached(page, at)
        inside = [trade for trade in page.trades if trade["timestamp"] < at.until_ms]
        fresh = [trade for trade in inside if str(trade["id"]) not in there and _is_whole(trade)]
        if fresh:
            folder.add("trades", trades_table(at.market, fresh, exchange.dialect))
        added += len(fresh)
        if inside:
            at = replace(at, reached_ms=inside[-1]["timestamp"], reached_id=inside[-1]["id"])
        folder.flush()
        spans.store(at)
        progress(_seconds(at.reached_ms - at.since_ms), _seconds(at.until_ms - at.since_ms), _told(at))
        if len(inside) < len(page.trades):
            break
    folder.flush()
    spans.store(replace(at, done=True))
    return added


async def _pages(exchange: Exchange, symbol: str, at: Span) -> AsyncIterator[Page]:
    """Yield pages; a failing connection is tried again some times, and the page after the last good one asked for."""
    from ccxt.base.errors import BaseError, NetworkError  # noqa: PLC0415 - loaded with the exchange

    if at.done:
        return
    known, failures = Known(at.reached_ms, at.reached_id), 0
    while True:
        try:
            async for page in trades_after(exchange.dialect, symbol, known):
                yield page
                known, failures = Known(page.trades[-1]["timestamp"], page.trades[-1]["id"]), 0
        except NetworkError as error:
            failures += 1
            if failures >= _TRIES:
                raise SourceError(
                    f"{exchange.name} could not be reached {failures} times in a row: {reason(error)}"
                ) from error
            await exchange.machine.sleep(RETRY_S)
        except BaseError as error:
            raise SourceError(f"{exchange.name} refused: {reason(error)}") from error
        else:
            return


def _refuse_unreached(page: Page, at: Span) -> None:
    first = page.trades[0]["timestamp"]
    if at.reached_id is None and first >= at.until_ms:
        raise SourceError(
            f"--since and --until must span trades that {at.venue} gives: of {at.symbol} the first after "
            f"{_iso(at.since_ms)} is of {_iso(first)}"
        )


def _is_whole(trade: Trade) -> bool:
    return bool(trade["timestamp"] and (trade["price"] or 0) > 0 and (trade["amount"] or 0) > 0)


def _iso(ms: int) -> str:
    return iso(ms * MS_NS).replace(".000000", "")


def _told(at: Span) -> str:
    return f"{at.venue} {at.symbol} {_iso(at.reached_ms)[:16]}"


def _seconds(ms: int) -> int:
    return ms // 1000
