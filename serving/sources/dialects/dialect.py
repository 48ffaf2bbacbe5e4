"""What differs from exchange to exchange, and what ccxt's client code leaves to be done: one dialect a file.

`Dialect` is how any exchange is spoken to that nobody wrote one for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from serving.sources.terms import Known

Fault = Literal["duplicates", "sequence_errors", "checksum_errors"]
Tell = Callable[[str, Fault], None]
"""Tells of a symbol what came that should not have come."""

Trades = list[dict[str, Any]]
"""Trades as ccxt gives them: id, timestamp (ms), side (the taker's), price, amount, info (as sent)."""


class Dialect:
    """Any exchange of ccxt.

    Attributes:
        config: What ccxt is set to, beside what the user says.
        gap_free: Trade ids are whole numbers that grow by one, so that a missing trade is noticed by its number.
        book_fault: What a book that ccxt refuses counts as.

    Args:
        api: The exchange's ccxt client.
        tell: Takes what was noticed.
    """

    config: Mapping[str, Any] = {}
    gap_free = False
    book_fault: Fault = "checksum_errors"

    def __init__(self, api: Any, tell: Tell) -> None:  # noqa: ANN401 - ccxt ships no types
        self.api = api
        self.tell = tell

    async def watch_trades(self, symbol: str) -> Trades:
        """Return the trades that came since the last call, once there are any."""
        trades: Trades = await self.api.watch_trades(symbol)
        return trades

    async def watch_book(self, symbol: str, depth: int) -> Any:  # noqa: ANN401, ARG002 - as ccxt gives it; others ask
        """Return the book after its next change: a live object, with `bids`, `asks` and `timestamp` (ms or None)."""
        return await self.api.watch_order_book(symbol)

    async def forget_book(self, symbol: str) -> None:
        """Leave a broken book aside, so that the next `watch_book` begins with a new image."""
        if self.api.has.get("unWatchOrderBook"):
            await self.api.un_watch_order_book(symbol)

    async def page(self, symbol: str, known: Known) -> Trades:
        """Return trades that follow a known one, as many as the exchange gives at once, oldest first.

        Args:
            symbol: Unified symbol.
            known: Where to go on; without an id, trades from that time on.

        Returns:
            Trades; those already known may be among them. None that is new: there are no more.
        """
        page: Trades = await self.api.fetch_trades(symbol, known.ms)
        return page

    def in_order(self, trades: Trades) -> Trades:
        """Return trades of one reading in the order in which they happened, where the exchange sends them otherwise."""
        return trades

    def aggressor_of(self, trade: Mapping[str, Any]) -> str | None:
        """Return the taker's side, "buy" or "sell", None where it is not told."""
        side = trade["side"]
        return side if side in {"buy", "sell"} else None

    def orders_of(self, trade: Mapping[str, Any]) -> tuple[str | None, str | None]:  # noqa: ARG002 - others look
        """Return the ids of the buy and the sell order of a trade, None where the exchange does not tell them."""
        return None, None
