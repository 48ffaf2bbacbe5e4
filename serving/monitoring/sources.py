"""Where feeds come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from serving.sources.feed import Deliver, Feed, Market
from serving.sources.terms import Known


@dataclass(frozen=True)
class Resolved:
    """Markets as the exchange itself names them.

    Attributes:
        markets: They, in the order of the request, each once.
        notes: What a person should know, such as that the exchange cannot be asked at the moment.
    """

    markets: tuple[Market, ...]
    notes: tuple[str, ...] = ()


class Sources(Protocol):
    """Opens feeds of exchanges by name."""

    async def resolve(self, exchange: str, symbols: Sequence[str]) -> Resolved:
        """Return the markets that are meant.

        Raises:
            RequestError: There is no such exchange, or it does not list a symbol; names what comes near.
        """
        ...

    def open(
        self, market: Market, deliver: Deliver, interval_s: float, *, books: bool, known: Known | None = None
    ) -> Feed:
        """Return a feed of a market, not yet running.

        Args:
            market: What to watch.
            deliver: Where it hands over what comes.
            interval_s: Seconds between two looks, where it polls.
            books: Whether to watch the order book, too.
            known: The newest trade that is on disk: what came since is asked for first.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
