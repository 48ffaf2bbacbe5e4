"""Binance: aggregate trades with gap-free ids, books whose updates follow one another by U and u (ccxt checks them)."""

from __future__ import annotations

from typing import Any

from serving.sources.dialects.dialect import Dialect, Tell, Trades
from serving.sources.terms import Known

_PAGE = 1000
_HOUR_MS = 3_600_000


class Binance(Dialect):
    """Binance spot and futures.

    The stream is that of aggregate trades, for their ids are the ones that REST gives too: what was missed can be told
    and asked for. All streams share one connection, of which Binance allows 1,024 subscriptions.
    """

    config = {  # noqa: RUF012 - never changed
        "options": {
            "watchTrades": {"name": "aggTrade"},
            "watchTradesForSymbols": {"name": "aggTrade"},
            "streamLimits": {"spot": 1, "margin": 1, "future": 1, "delivery": 1},
            "subscriptionLimitByStream": {"spot": 1024, "margin": 1024, "future": 200, "delivery": 200},
        }
    }
    gap_free = True
    book_fault = "sequence_errors"

    def __init__(self, api: Any, tell: Tell) -> None:  # noqa: ANN401 - ccxt ships no types
        super().__init__(api, tell)
        self._seen: dict[tuple[int, str], int] = {}
        self._handle = api.handle_order_book
        api.handle_order_book = self._handle_order_book

    def _handle_order_book(self, client: Any, message: Any) -> None:  # noqa: ANN401 - ccxt ships no types
        """Notice what comes again before ccxt leaves it aside without a word."""
        key = (id(client), str(message.get("s")))
        last = self._seen.get(key)
        if last is not None and message["u"] <= last:
            kind = "spot" if self.api.is_spot_url(client) else "swap"
            self.tell(self.api.safe_market(message["s"], None, None, kind)["symbol"], "duplicates")
        else:
            self._seen[key] = message["u"]
        self._handle(client, message)

    async def page(self, symbol: str, known: Known) -> Trades:
        """Return up to 1,000 trades that follow, by id; from a time without an id, in steps of an hour."""
        if known.trade_id is not None:
            return await self._from(symbol, int(known.trade_id) + 1)
        page: Trades = await self.api.fetch_trades(symbol, known.ms, _PAGE)
        if page:
            return page
        first, newest = await self._from(symbol, 0), await self.api.fetch_trades(symbol, None, 1)
        if not newest or not first or first[0]["timestamp"] >= known.ms:
            return first
        since = known.ms
        while not page and since <= newest[-1]["timestamp"]:
            since += _HOUR_MS
            page = await self.api.fetch_trades(symbol, since, _PAGE)
        return page

    async def _from(self, symbol: str, trade_id: int) -> Trades:
        page: Trades = await self.api.fetch_trades(symbol, None, _PAGE, {"fromId": trade_id})
        return page
