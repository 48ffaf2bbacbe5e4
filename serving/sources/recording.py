"""Recording: feeds of many markets into one tape's folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from features.time_units import MS_NS
from serving.errors import SourceError
from serving.sources.clock import MACHINE, Clock
from serving.sources.exchange import Exchange, open_exchange, reason
from serving.sources.exchange_feed import ExchangeFeed
from serving.sources.feed import Market
from serving.sources.tape_folder import TapeFolder
from serving.sources.terms import Known, Terms

FLUSH_S = 2.0
FILL_S = 3600.0
Watch = Callable[[Sequence[ExchangeFeed]], None]


async def resolved(exchange: Exchange, symbols: Sequence[str]) -> list[str]:
    """Return the unified symbols of markets.

    Raises:
        SourceError: The exchange has one of them not, or cannot be reached.
    """
    from ccxt.base.errors import BaseError  # noqa: PLC0415 - loaded with the exchange

    try:
        return list(dict.fromkeys([await exchange.symbol_of(symbol) for symbol in symbols]))
    except BaseError as error:
        raise SourceError(f"{exchange.name} could not be asked for its markets: {reason(error)}") from error


@asynccontextmanager
async def opened_markets(
    exchanges: Mapping[str, Mapping[str, Any]], symbols: Sequence[str], clock: Clock = MACHINE
) -> AsyncIterator[list[tuple[Exchange, str]]]:
    """Open exchanges and yield the markets that are meant, each with its exchange.

    Args:
        exchanges: ccxt's settings by exchange.
        symbols: Symbols, each of every exchange.
        clock: The machine's clocks.

    Raises:
        SourceError: An exchange or a symbol is not there.
    """
    async with AsyncExitStack() as stack:
        markets: list[tuple[Exchange, str]] = []
        for name, options in exchanges.items():
            exchange = await stack.enter_async_context(open_exchange(name, clock, **options))
            markets += [(exchange, symbol) for symbol in await resolved(exchange, symbols)]
        yield markets


async def record(
    markets: Sequence[tuple[Exchange, str]], folder: TapeFolder, terms: Terms, stop: asyncio.Event, watch: Watch
) -> list[ExchangeFeed]:
    """Record markets until told to stop; the last seconds are on disk when it returns.

    A market that was recorded into the folder less than an hour ago goes on from its newest trade: what came since is
    asked for.

    Args:
        markets: The markets, each with its exchange.
        folder: Where to.
        terms: What is recorded.
        stop: Ends it.
        watch: Called every other second with the feeds.

    Returns:
        The feeds, ended.

    Raises:
        TapeError: The folder cannot be written.
    """
    feeds = [
        ExchangeFeed(exchange, symbol, folder.take, terms, _recent(folder, exchange, symbol))
        for exchange, symbol in markets
    ]
    tasks = [asyncio.create_task(feed.run()) for feed in feeds]
    try:
        while not stop.is_set():
            watch(feeds)
            try:
                async with asyncio.timeout(FLUSH_S):
                    await stop.wait()
            except TimeoutError:
                await asyncio.to_thread(folder.flush)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for feed in feeds:
            await feed.flush()
    return feeds


def _recent(folder: TapeFolder, exchange: Exchange, symbol: str) -> Known | None:
    """Return the newest trade of a market in the folder if what came since it is to be asked for."""
    known = folder.newest(Market(exchange.name, symbol))
    if known is None or exchange.machine.wall_ns() // MS_NS - known.ms > FILL_S * 1000:
        return None
    return known
