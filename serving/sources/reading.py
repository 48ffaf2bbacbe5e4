"""How a feed reads: it listens where the exchange streams, else it asks again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from serving.errors import SourceError
from serving.sources.book_view import is_crossed
from serving.sources.dialects.dialect import Fault

if TYPE_CHECKING:
    from serving.sources.exchange_feed import ExchangeFeed

_REFUSALS = 5
_FAULTS: dict[str, Fault] = {"InvalidNonce": "sequence_errors", "CrossedBookError": "checksum_errors"}
T = TypeVar("T")


class CrossedBookError(SourceError):
    """The best bid of a book is not below the best ask."""


async def heard(awaited: Awaitable[T]) -> T:
    """Return what is waited for; ccxt cancels it when a connection ends, which is a failure and not our end.

    Raises:
        SourceError: The connection ended.
    """
    try:
        return await awaited
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise SourceError("the connection ended") from None


async def read_trades(feed: ExchangeFeed) -> None:
    """Read trades until something fails."""
    if feed.streams("watchTrades"):
        await _listen(feed)
    else:
        await _poll_trades(feed)


async def _listen(feed: ExchangeFeed) -> None:
    """Subscribe first, then ask for what was missed: between the two nothing falls through."""
    api, symbol = feed.exchange.api, feed.market.symbol
    unsure = feed.ledger.newest if not feed.exchange.dialect.gap_free else None
    first = asyncio.ensure_future(feed.exchange.dialect.watch_trades(symbol))
    try:
        await feed.catch_up()
        trades = await heard(first)
    finally:
        if first.done() and not first.cancelled():
            first.exception()
        first.cancel()
    if unsure is not None and feed.exchange.can("fetchTrades"):
        await feed.ask(unsure)
    while True:
        feed.take(feed.exchange.dialect.in_order(_unread(api, symbol, trades)))
        trades = await heard(feed.exchange.dialect.watch_trades(symbol))


def _unread(api: Any, symbol: str, told: list[Any]) -> list[Any]:  # noqa: ANN401 - ccxt ships no types
    """Return all trades that ccxt holds, and have it hold them no longer: each is read once, and memory is bounded."""
    cache = api.trades.get(symbol)
    if not cache:
        return told
    trades = list(cache)
    for held in (cache, getattr(cache, "hashmap", {}), getattr(cache, "_index", [])):
        held.clear()
    return trades


async def _poll_trades(feed: ExchangeFeed) -> None:
    if not feed.exchange.can("fetchTrades"):
        raise SourceError(f"{feed.market.venue} gives no trades, neither as a stream nor when asked")
    api, symbol, machine = feed.exchange.api, feed.market.symbol, feed.exchange.machine
    await feed.catch_up()
    while True:
        asked_ns = machine.monotonic_ns()
        known = feed.ledger.newest
        if known is None:
            feed.take(await api.fetch_trades(symbol), asked=True)
        elif not await feed.ask(known):
            feed.tell_gap(known)
        feed.mark(asked_ns)
        feed.arrived()
        await machine.sleep(feed.terms.interval_s)


async def read_book(feed: ExchangeFeed) -> None:
    """Read the book until something fails."""
    if feed.streams("watchOrderBook"):
        await _listen_to_book(feed)
    else:
        await _poll_book(feed)


async def _listen_to_book(feed: ExchangeFeed) -> None:
    """Listen to the book; one that is refused is counted, left aside and asked for anew."""
    from ccxt.base.errors import ChecksumError, InvalidNonce  # noqa: PLC0415 - loaded with the exchange

    dialect, symbol, refused = feed.exchange.dialect, feed.market.symbol, 0
    while True:
        try:
            book = await heard(dialect.watch_book(symbol, feed.terms.depth))
            _refuse_crossed(book, symbol)
        except (ChecksumError, InvalidNonce, CrossedBookError) as error:
            fault = _FAULTS.get(type(error).__name__, dialect.book_fault)
            feed.refuse_book(fault)
            refused += 1
            if refused > _REFUSALS:
                raise
            await dialect.forget_book(symbol)
        else:
            refused = 0
            feed.show(book, book["timestamp"])


def _refuse_crossed(book: Any, symbol: str) -> None:  # noqa: ANN401 - ccxt ships no types
    if is_crossed(book):
        raise CrossedBookError(f"the book of {symbol} has bids at or above asks")


async def _poll_book(feed: ExchangeFeed) -> None:
    if not feed.exchange.can("fetchOrderBook"):
        raise SourceError(f"{feed.market.venue} gives no books, neither as a stream nor when asked")
    while True:
        book = await feed.exchange.api.fetch_order_book(feed.market.symbol)
        if not is_crossed(book):
            feed.show(book, book["timestamp"])
        await feed.exchange.machine.sleep(feed.terms.interval_s)
