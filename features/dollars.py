"""Dollars: which symbols are priced in US dollars, so that a minimum in USD means something without exchange rates."""

from __future__ import annotations

import re

QUOTES = ("USD", "USDT", "USDC", "BUSD", "DAI")
"""The dollar, and the coins that are redeemed for one; off by less than a percent but on a day of panic."""
_SYMBOL = re.compile(rf".+?[/\-_:]?(?:{'|'.join(QUOTES)})", re.IGNORECASE)


def quoted_in_usd(symbol: str) -> bool:
    """Return whether a symbol's prices are US dollars, as its name tells.

    Args:
        symbol: Base and quote currency, with or without a sign between them.

    Example:
        >>> [quoted_in_usd(name) for name in ("BTC/USD", "BTC-USDT", "btcusdc", "BTC/EUR", "USD/JPY", "USDT")]
        [True, True, True, False, False, False]
    """
    return symbol.upper() not in QUOTES and _SYMBOL.fullmatch(symbol) is not None
