"""Kraken: books with a CRC32 over the ten best levels of each side, which ccxt reads and cannot check.

The checksum cannot tell a level that is wrong below the ten best, nor one whose two last changes came in the wrong
order; of the latter, the time of the changes tells.
"""

from __future__ import annotations

import zlib
from typing import Any

from features.time_units import MS_NS
from serving.sources.dialects.dialect import Dialect, Tell, Trades
from serving.sources.terms import Known

_DEPTHS = (10, 25, 100, 500, 1000)
_CHECKED = 10


def book_checksum(asks: Any, bids: Any, price_decimals: int, amount_decimals: int) -> int:  # noqa: ANN401 - ccxt's books
    """Return Kraken's checksum of a book: CRC32 over the ten best asks, then bids, as digits without leading zeros.

    Args:
        asks: Levels (price, amount), the best first.
        bids: As `asks`.
        price_decimals: Decimals of the market's prices.
        amount_decimals: Decimals of its amounts.

    Returns:
        A number of 32 bits.

    Source:
        Kraken's guide to WebSocket v2 book checksums.

    Example:
        >>> book_checksum([(0.05005, 0.00000500)], [(0.05, 0.000005)], 5, 8)
        3851508195
    """
    digits = (
        f"{price:.{price_decimals}f}".replace(".", "").lstrip("0")
        + f"{amount:.{amount_decimals}f}".replace(".", "").lstrip("0")
        for side in (asks, bids)
        for price, amount in side[:_CHECKED]
    )
    return zlib.crc32("".join(digits).encode())


class Kraken(Dialect):
    """Kraken spot, WebSocket v2.

    ccxt's own check is off by default and fails in Python when it is switched on: it splits a price, which is a float
    by then, at its point. Here ccxt keeps the book, and the check comes after each of its messages. Three more things
    are put right: a book is as deep as was subscribed, not as the asks of the first image; updates between a failure
    and the new image are left aside, where ccxt would stop reading; to get a new image the book is unsubscribed first.
    """

    # ccxt paces subscriptions like requests, one a second; Kraken takes them much faster.
    config = {"options": {"watchOrderBook": {"checksum": False}, "ws": {"cost": 0.1}}}  # noqa: RUF012 - never changed
    gap_free = True
    book_fault = "checksum_errors"

    def __init__(self, api: Any, tell: Tell) -> None:  # noqa: ANN401 - ccxt ships no types
        super().__init__(api, tell)
        self._depth = _DEPTHS[-1]
        self._last: dict[str, tuple[str, str, int]] = {}
        self._watched = False
        self._handle, self._book = api.handle_order_book, api.order_book
        api.handle_order_book = self._handle_order_book
        api.order_book = lambda snapshot=None, _depth=None: self._book(snapshot or {}, self._depth)

    async def watch_trades(self, symbol: str) -> Trades:
        """Return new trades, without the fifty last ones that Kraken sends first by itself."""
        trades: Trades = await self.api.watch_trades(symbol, None, None, {"snapshot": False})
        return trades

    async def watch_book(self, symbol: str, depth: int) -> Any:  # noqa: ANN401 - as ccxt gives it
        """Return the book after its next change, of the smallest depth that Kraken offers and that is enough."""
        enough = next(offered for offered in _DEPTHS if offered >= depth)
        self._depth = max(self._depth, enough) if self._watched else enough
        self._watched = True
        return await self.api.watch_order_book(symbol, self._depth)

    def _handle_order_book(self, client: Any, message: Any) -> None:  # noqa: ANN401 - ccxt ships no types
        """Let ccxt apply a message, then check the book, and only then wake who waits for it."""
        from ccxt.base.errors import ChecksumError, InvalidNonce  # noqa: PLC0415 - ccxt is loaded with the exchange

        update = message["data"][0]
        symbol, key = update["symbol"], f"orderbook@{update['symbol']}"
        told = (message["type"], update.get("timestamp") or "", update["checksum"])
        last = self._last.pop(symbol, None)
        if message["type"] == "update":
            if symbol not in self.api.orderbooks:
                return
            if told == last:
                self.tell(symbol, "duplicates")
            elif last is not None and told[1] < last[1]:
                self._refuse(client, InvalidNonce(f"a change of the book of {symbol} came after a later one"), symbol)
                return
        self._last[symbol] = told
        waiting = client.futures.pop(key, None)
        self._handle(client, message)
        if waiting is not None:
            client.futures[key] = waiting
        book = self.api.orderbooks[symbol]
        if book_checksum(book["asks"], book["bids"], *self._decimals(symbol)) == int(update["checksum"]):
            client.resolve(book, key)
        else:
            text = f"the book of {symbol} does not have the checksum {update['checksum']}"
            self._refuse(client, ChecksumError(text), symbol)

    def _refuse(self, client: Any, error: Exception, symbol: str) -> None:  # noqa: ANN401 - ccxt ships no types
        """Leave a book aside: until there is a new image, its changes mean nothing."""
        del self.api.orderbooks[symbol]
        self._last.pop(symbol, None)
        client.reject(error, f"orderbook@{symbol}")

    def _decimals(self, symbol: str) -> tuple[int, int]:
        info = self.api.market(symbol)["info"]
        return int(info["pair_decimals"]), int(info["lot_decimals"])

    async def forget_book(self, symbol: str) -> None:
        """Unsubscribe, for Kraken sends an image only to who is not subscribed."""
        client = self.api.client(self.api.urls["api"]["ws"]["publicV2"])
        params = {"channel": "book", "symbol": [symbol], "depth": self._depth}
        if not client.closed():
            await client.send({"method": "unsubscribe", "params": params, "req_id": self.api.request_id()})
        client.subscriptions.pop(f"orderbook@{symbol}", None)
        self.api.orderbooks.pop(symbol, None)

    async def page(self, symbol: str, known: Known) -> Trades:
        """Return up to 1,000 trades from just before the known one's millisecond on; `since` takes nanoseconds."""
        since = str((known.ms - 1) * MS_NS)
        page: Trades = await self.api.fetch_trades(symbol, None, None, {"since": since})
        return page
