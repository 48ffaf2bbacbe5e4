"""An exchange, opened by its ccxt name: one client, one connection, shared by all its markets."""

from __future__ import annotations

import asyncio
import difflib
from collections import defaultdict
from types import TracebackType
from typing import Any, Self

from serving.errors import SourceError
from serving.sources.clock import MACHINE, Clock, ExchangeClock
from serving.sources.connection import with_own_reading
from serving.sources.dialects import DIALECTS
from serving.sources.dialects.dialect import Dialect, Fault
from serving.sources.feed import FeedStatus

_SHARED = {
    "enableRateLimit": True,
    "newUpdates": True,
    "options": {"tradesLimit": 10_000, "watchOrderBookLimit": 1000, "maxRetriesOnFailure": 0},
}
_NEAR = 5


def open_exchange(name: str, clock: Clock = MACHINE, **options: Any) -> Exchange:  # noqa: ANN401 - handed to ccxt
    """Return an exchange; nothing is asked of it yet.

    Requests of all its markets go through one rate limiter, ccxt's, at the pace that the exchange publishes.

    Args:
        name: ccxt's name, such as "binance", "kraken", "coinbaseexchange"; any case.
        clock: The machine's clocks.
        **options: ccxt's own settings, such as apiKey, secret, urls, httpsProxy or options, in ccxt's nesting.

    Raises:
        SourceError: ccxt knows no exchange of that name; the nearest ones are listed.
    """
    import ccxt.pro  # noqa: PLC0415 - takes a second to load; only a process that runs feeds does
    from ccxt import async_support  # noqa: PLC0415 - as above

    key = name.strip().lower()
    if key not in async_support.exchanges:
        near = difflib.get_close_matches(key, async_support.exchanges, _NEAR, 0.5)
        hint = f"; near: {', '.join(near)}" if near else "; such as binance, coinbaseexchange, kraken"
        raise SourceError(f"exchange must be one that ccxt {ccxt.__version__} knows, was {name!r}{hint}")
    dialect = DIALECTS.get(key, Dialect)
    made = getattr(ccxt.pro if key in ccxt.pro.exchanges else async_support, key)
    config = async_support.Exchange.deep_extend(_SHARED, dict(dialect.config), options)
    return Exchange(key, made(config), dialect, clock)


class Exchange:
    """One exchange and its connection.

    Attributes:
        name: ccxt's name; the venue of its events.
        api: ccxt's client.
        dialect: What is particular to it.
        clock: What time it is there.
        machine: The machine's clocks.
        last_arrival_ns: When a message last came over the connection (wall clock), None before the first.
    """

    def __init__(self, name: str, api: Any, dialect: type[Dialect], clock: Clock) -> None:  # noqa: ANN401 - ccxt's
        self.name = name
        self.api = api
        self.machine = clock
        self.clock = ExchangeClock(clock)
        self.dialect = dialect(api, self._tell)
        self.last_arrival_ns: int | None = None
        self._asking = asyncio.Lock()
        self._statuses: dict[str, list[FeedStatus]] = defaultdict(list)
        # What its coins are called and cost to move is of no use here, and costs a request.
        api.has["fetchCurrencies"] = False
        if hasattr(api, "client"):
            api.client = with_own_reading(api.client, lambda: api.clients)
        self._handle = api.handle_message
        api.handle_message = self._handle_message

    def _handle_message(self, client: Any, message: Any) -> None:  # noqa: ANN401 - ccxt ships no types
        """Read a message; one that ccxt cannot read ends the connection, where ccxt alone would fall silent."""
        from ccxt.base.errors import NetworkError  # noqa: PLC0415 - loaded with the exchange

        self.last_arrival_ns = self.machine.wall_ns()
        try:
            self._handle(client, message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the feeds are told and connect again
            client.on_error(NetworkError(f"a message of {self.name} could not be read: {error!r}"))

    def _tell(self, symbol: str, what: Fault) -> None:
        for status in self._statuses.get(symbol, ()):
            setattr(status, what, getattr(status, what) + 1)

    def attach(self, symbol: str, status: FeedStatus) -> None:
        """Have a feed's status told what is noticed of its market."""
        self._statuses[symbol].append(status)

    def detach(self, symbol: str, status: FeedStatus) -> None:
        """Tell a feed's status nothing more."""
        self._statuses[symbol] = [one for one in self._statuses[symbol] if one is not status]

    @property
    def is_connected(self) -> bool:
        """Whether a WebSocket connection stands."""
        return any(not client.closed() for client in (self.api.clients or {}).values())

    def can(self, what: str) -> bool:
        """Return whether the exchange has a capability by ccxt's name, such as "watchTrades"."""
        return bool(self.api.has.get(what))

    async def symbol_of(self, text: str) -> str:
        """Return ccxt's unified symbol of a market, such as "BTC/USDT" for btc-usdt, BTCUSDT or XBT/USDT.

        Raises:
            SourceError: The exchange has no such market; the nearest ones are listed.
        """
        await self.api.load_markets()
        given = text.strip()
        found = _known_as(self.api, given)
        if found is None:
            near = difflib.get_close_matches(given.upper(), list(self.api.symbols), _NEAR, 0.6)
            hint = f"; near: {', '.join(near)}" if near else ""
            raise SourceError(f"symbol must be a market of {self.name}, was {given!r}{hint}")
        return found

    async def hear_time(self) -> None:
        """Ask the exchange what time it is, where it answers that and has not told; one question for all markets."""
        async with self._asking:
            if self.clock.at() is not None or not self.can("fetchTime"):
                return
            ms = await self.api.fetch_time()
            if ms is not None:
                self.clock.hear(ms * 1_000_000)

    async def close(self) -> None:
        """End the connection."""
        # ccxt asks for several things at once; when one fails, the others would open a new session behind our back.
        self.api.open = _refuse_to_open
        await self.api.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End the connection."""
        await self.close()


def reason(error: BaseException) -> str:
    """Return what went wrong with what lay behind it: ccxt tells the address, its cause tells why."""
    return f"{error}: {error.__cause__}" if error.__cause__ else str(error)


def _refuse_to_open() -> None:
    raise ConnectionError("the exchange was closed")


def _known_as(api: Any, text: str) -> str | None:  # noqa: ANN401 - ccxt ships no types
    """Return the unified symbol of a market however it is spelled, None where there is none."""
    parts = text.upper().replace("-", "/").replace("_", "/").split("/")
    coins = "/".join(api.safe_currency_code(part) if ":" not in part else part for part in parts)
    for spelling in (text, text.upper(), coins):
        if spelling in api.markets:
            return spelling
    for spelling in (text, text.upper()):
        if spelling in api.markets_by_id:
            listed = api.markets_by_id[spelling]
            return str((listed[0] if isinstance(listed, list) else listed)["symbol"])
    return None
