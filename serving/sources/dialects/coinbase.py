"""Coinbase: gap-free trade ids; a public book without keys; no sequence and no checksum of the book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.sources.dialects.dialect import Dialect, Tell, Trades
from serving.sources.terms import Known

_PAGE = 1000
_LEAST_SPAN_MS, _FIRST_SPAN_MS = 1_000, 60_000


class CoinbaseExchange(Dialect):
    """Coinbase Exchange, the "pro" feed (ccxt's `coinbaseexchange`).

    ccxt subscribes to `level2`, which asks for keys; `level2_batch` sends the same messages to anybody. The `sequence`
    of matches counts the messages of all channels, so it cannot be checked here; the trade ids can. A book's messages
    carry a time, which must not go back; a level that is lost without leaving the book crossed stays unnoticed.
    """

    gap_free = True
    book_fault = "sequence_errors"

    def __init__(self, api: Any, tell: Tell) -> None:  # noqa: ANN401 - ccxt ships no types
        super().__init__(api, tell)
        self._last: dict[str, Any] = {}
        self._handle, self._handle_error = api.handle_order_book, api.handle_error_message
        api.handle_order_book, api.handle_error_message = self._handle_order_book, self._handle_error_message

    async def watch_book(self, symbol: str, depth: int) -> Any:  # noqa: ANN401, ARG002 - as ccxt gives it, whole
        """Return the book after its next change, from the channel that needs no keys."""
        return await self.api.subscribe("level2_batch", symbol, "level2")

    def _handle_order_book(self, client: Any, message: Any) -> None:  # noqa: ANN401 - ccxt ships no types
        from ccxt.base.errors import InvalidNonce  # noqa: PLC0415 - ccxt is loaded with the first exchange

        product = message["product_id"]
        symbol = self.api.safe_market(product, None, "-")["symbol"]
        last = self._last.pop(product, None)
        if message["type"] == "l2update":
            if symbol not in self.api.orderbooks:
                return
            self._last[product] = message
            if message == last:
                self.tell(symbol, "duplicates")
                return
            if last is not None and message["time"] < last["time"]:
                del self.api.orderbooks[symbol]
                error = InvalidNonce(f"a change of the book of {symbol} came after a later one")
                client.reject(error, f"level2:{product}")
                return
        self._handle(client, message)

    def _handle_error_message(self, client: Any, message: Any) -> bool:  # noqa: ANN401 - ccxt ships no types
        """Tell a failure to the product that it names, where it names one, and not to all that share the connection."""
        from ccxt.base.errors import ExchangeError  # noqa: PLC0415 - ccxt is loaded with the first exchange

        text = f"{message.get('message')}: {message.get('reason')}"
        keys = [key for key in client.futures if key.partition(":")[2] and key.partition(":")[2] in text]
        for key in keys:
            client.subscriptions.pop(key, None)
            client.reject(ExchangeError(text), key)
        return bool(keys) or bool(self._handle_error(client, message))

    async def forget_book(self, symbol: str) -> None:
        """Unsubscribe, for an image comes only with a new subscription."""
        product = self.api.market(symbol)["id"]
        client = self.api.client(self.api.urls["api"]["ws"])
        if not client.closed():
            await client.send({"type": "unsubscribe", "product_ids": [product], "channels": ["level2_batch"]})
        client.subscriptions.pop(f"level2:{product}", None)
        self.api.orderbooks.pop(symbol, None)

    async def page(self, symbol: str, known: Known) -> Trades:
        """Return up to 1,000 trades that follow, by id; from a time without an id, the id is found by halving."""
        last = int(known.trade_id) if known.trade_id is not None else await self._last_before(symbol, known.ms)
        page: Trades = await self.api.fetch_trades(symbol, None, _PAGE, {"after": last + 1 + _PAGE})
        return [trade for trade in page if int(trade["id"]) > last]

    async def _last_before(self, symbol: str, ms: int) -> int:
        """Return the id of the last trade before a time, 0 where there is none."""
        newest = await self.api.fetch_trades(symbol, None, 1)
        low, high = 0, int(newest[-1]["id"]) if newest else 0
        while low < high:
            middle = (low + high + 1) // 2
            found = await self.api.fetch_trades(symbol, None, 1, {"after": middle + 1})
            if not found or found[-1]["timestamp"] < ms:
                low = middle
            else:
                high = min(middle, int(found[-1]["id"])) - 1
        return low

    def orders_of(self, trade: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Return the maker's and the taker's order by their sides; `side` in what was sent is the maker's."""
        info = trade["info"]
        maker, taker = info.get("maker_order_id"), info.get("taker_order_id")
        return (maker, taker) if info.get("side") == "buy" else (taker, maker)


class Coinbase(Dialect):
    """Coinbase Advanced Trade (ccxt's `coinbase`): trades of a span of time, the newest 1,000 of it.

    `side` is the maker's, here too, which ccxt passes on as it is. Trades of a message come newest first. Messages of a
    connection are counted by `sequence_num`, over all channels: if one is missing, the connection is begun anew.
    """

    gap_free = True

    def __init__(self, api: Any, tell: Tell) -> None:  # noqa: ANN401 - ccxt ships no types
        super().__init__(api, tell)
        self._numbers: dict[int, int] = {}
        self._handle = api.handle_message
        api.handle_message = self._handle_message

    def _handle_message(self, client: Any, message: Any) -> None:  # noqa: ANN401 - ccxt ships no types
        number = message.get("sequence_num")
        if number is not None:
            due = self._numbers.get(id(client))
            self._numbers = {id(client): number + 1}
            if due is not None and number != due:
                self._refuse(client, number, due)
        self._handle(client, message)

    def _refuse(self, client: Any, number: int, due: int) -> None:  # noqa: ANN401 - ccxt ships no types
        """Tell all that listen, and end the connection by raising."""
        from ccxt.base.errors import InvalidNonce  # noqa: PLC0415 - ccxt is loaded with the exchange

        for symbol in {key.partition("::")[2] for key in client.subscriptions if "::" in key}:
            self.tell(symbol, "sequence_errors")
        raise InvalidNonce(f"message {number} came where {due} was due")

    def in_order(self, trades: Trades) -> Trades:
        """Return trades by their ids."""
        return sorted(trades, key=lambda trade: int(trade["id"]))

    def aggressor_of(self, trade: Mapping[str, Any]) -> str | None:
        """Return the side that is not the maker's."""
        return {"buy": "sell", "sell": "buy"}.get(str(trade["side"]))

    async def page(self, symbol: str, known: Known) -> Trades:
        """Return the trades of a span that is short enough to be given whole."""
        newest: Trades = await self.api.fetch_trades(symbol, None, 1)
        since, span = known.ms, _FIRST_SPAN_MS
        while newest and since <= newest[-1]["timestamp"]:
            page: Trades = await self.api.fetch_trades(symbol, since, _PAGE, {"until": since + span})
            if len(page) >= _PAGE and span > _LEAST_SPAN_MS:
                span = max(_LEAST_SPAN_MS, span // 4)
                continue
            if any(trade["id"] != known.trade_id for trade in page):
                return page
            since, span = since + span, span * 2
        return []
