"""Recording: feeds of many markets into one tape's folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.errors import SourceError
from serving.sources.clock import MACHINE, Clock
from serving.sources.exchange import Exchange, open_exchange, reason
from serving.sources.exchange_feed import ExchangeFeed
from serving.sources.feed import Market
from serving.sources.tape_folder import TapeFolder, tape_folder
from serving.sources.terms import Known, Terms

FLUSH_S = 2.0
FILL_S = 3600.0
_NS_PER_MS = 1_000_000
Watch = Callable[[Sequence[ExchangeFeed]], None]


@dataclass(frozen=True)
class Recorded:
    """What was recorded.

    Attributes:
        feeds: The feeds, ended.
        rows: Rows by table.
    """

    feeds: Sequence[ExchangeFeed]
    rows: Mapping[str, int]


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


async def record(
    exchanges: Mapping[str, Mapping[str, Any]],
    symbols: Sequence[str],
    out: Path,
    terms: Terms,
    stop: asyncio.Event,
    watch: Watch,
    clock: Clock = MACHINE,
) -> Recorded:
    """Record markets until told to stop; the last seconds are on disk when it returns.

    A market that was recorded into the folder less than an hour ago goes on from its newest trade: what came since is
    asked for.

    Args:
        exchanges: ccxt's settings by exchange.
        symbols: Symbols, each of every exchange.
        out: Folder of the tape; left alone where an exchange or a symbol is not there.
        terms: What is recorded.
        stop: Ends it.
        watch: Called every other second with the feeds.
        clock: The machine's clocks.

    Raises:
        SourceError: An exchange or a symbol is not there.
        TapeError: The folder cannot be written.
    """
    async with AsyncExitStack() as stack:
        markets = []
        for name, options in exchanges.items():
            exchange = await stack.enter_async_context(open_exchange(name, clock, **options))
            markets += [(exchange, symbol) for symbol in await resolved(exchange, symbols)]
        with tape_folder(out) as folder:
            feeds = [
                ExchangeFeed(
                    exchange, symbol, folder.take, terms, _recent(folder, Market(exchange.name, symbol), clock)
                )
                for exchange, symbol in markets
            ]
            await _run(feeds, folder, stop, watch)
            return Recorded(feeds, folder.rows)


async def _run(feeds: Sequence[ExchangeFeed], folder: TapeFolder, stop: asyncio.Event, watch: Watch) -> None:
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


def _recent(folder: TapeFolder, market: Market, clock: Clock) -> Known | None:
    """Return the newest trade of a market in the folder if what came since it is to be asked for."""
    known = folder.newest(market)
    if known is None or clock.wall_ns() // _NS_PER_MS - known.ms > FILL_S * 1000:
        return None
    return known
