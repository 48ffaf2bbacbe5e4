"""Feeds of exchanges by ccxt, which is loaded when the first market is asked for: it is large."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import TapewatchError
from serving.errors import RequestError, SourceError
from serving.monitoring.sources import Resolved
from serving.sources.feed import Deliver, Feed, Market
from serving.sources.settings_file import exchange_options
from serving.sources.terms import Known, Terms

if TYPE_CHECKING:
    from serving.sources.exchange import Exchange

ANSWER_S = 15.0


class Exchanges:
    """See `serving.monitoring.sources.Sources`; an exchange is opened once, for all its markets.

    Args:
        home: State folder, whose `exchanges.toml` sets what a user wants otherwise.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._opened: dict[str, Exchange] = {}

    async def resolve(self, exchange: str, symbols: Sequence[str]) -> Resolved:
        """Return the markets that are meant, as the exchange names them.

        Where the exchange cannot be asked, symbols that it has not told are taken as they stand: its feeds try on, and
        tell.

        Raises:
            RequestError: There is no such exchange, or it does not list a symbol; names what comes near.
        """
        ccxt = await asyncio.to_thread(importlib.import_module, "ccxt")
        from serving.sources.exchange import reason  # noqa: PLC0415 - leads to ccxt

        try:
            opened = self._exchange(exchange)
        except SourceError as error:
            raise _refused("exchange", error) from error
        markets: list[Market] = []
        for number, symbol in enumerate(symbols):
            try:
                async with asyncio.timeout(ANSWER_S):
                    markets.append(Market(opened.name, await opened.symbol_of(symbol)))
            except SourceError as error:
                raise _refused("symbol", error) from error
            except (TimeoutError, ccxt.BaseError) as error:
                why = f"{type(error).__name__}: {reason(error)}"[:200]
                note = f"{opened.name} could not be asked what it lists ({why}); its feeds try on"
                as_given = [Market(opened.name, each.strip()) for each in symbols[number:]]
                return Resolved(tuple(dict.fromkeys([*markets, *as_given])), (note,))
        return Resolved(tuple(dict.fromkeys(markets)))

    def open(
        self, market: Market, deliver: Deliver, interval_s: float, *, books: bool, known: Known | None = None
    ) -> Feed:
        """Return a feed of a market, not yet running."""
        from serving.sources.exchange_feed import ExchangeFeed  # noqa: PLC0415 - leads to ccxt

        terms = Terms(books=books, interval_s=interval_s)
        return ExchangeFeed(self._exchange(market.venue), market.symbol, deliver, terms, known)

    async def close(self) -> None:
        """Let go of all connections."""
        opened, self._opened = list(self._opened.values()), {}
        for _ in range(2):  # a question of several requests whose first one failed still opens the session again
            await asyncio.gather(*(exchange.close() for exchange in opened), return_exceptions=True)

    def _exchange(self, name: str) -> Exchange:
        key = name.strip().lower()
        if key not in self._opened:
            from serving.sources.exchange import open_exchange  # noqa: PLC0415 - leads to ccxt

            self._opened[key] = open_exchange(key, **exchange_options(self._home, key))
        return self._opened[key]


def _refused(field: str, error: SourceError) -> TapewatchError:
    """Return what is wrong with a field of the request, or the error itself where it is about something else."""
    rule = str(error).removeprefix(f"{field} must be ")
    return error if rule == str(error) else RequestError(field, rule)
