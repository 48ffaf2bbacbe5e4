"""Which markets are of the same thing, by the names of their symbols."""

from __future__ import annotations

import re

from features.dollars import QUOTES as DOLLARS

_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}
_QUOTES = ("FDUSD", "TUSD", *sorted(DOLLARS, key=len, reverse=True), "EUR", "GBP", "JPY", "CHF", "KRW", "BTC", "ETH")
_SEPARATORS = re.compile(r"[/\-_]")


def group_of(symbol: str, *, one_dollar: bool = False) -> str:
    """Return the name that markets of the same thing share.

    Case and separators do not count, and XBT is BTC. Dollars and the coins redeemed for one are different things: what
    looks like a gap between them is their exchange rate. What has more parts than base and quote (a perpetual, a dated
    future) is a thing of its own.

    Args:
        symbol: The symbol, as on a venue.
        one_dollar: Whether all dollars count as one all the same.

    Example:
        >>> [group_of(name) for name in ("BTC/USDT", "BTC-USDT", "btcusdt", "XBT/USD", "BTC-USD-PERP", "BTC/USDT:USDT")]
        ['BTC/USDT', 'BTC/USDT', 'BTC/USDT', 'BTC/USD', 'BTC/USD/PERP', 'BTC/USDT:USDT']
        >>> group_of("BTCUSDT", one_dollar=True)
        'BTC/USD'
    """
    parts = _SEPARATORS.split(symbol.strip().upper())
    if len(parts) == 1:
        ends = (quote for quote in _QUOTES if parts[0].endswith(quote) and len(parts[0]) > len(quote))
        quote = next(ends, "")
        parts = [parts[0].removesuffix(quote), quote] if quote else parts
    named = [_ALIASES.get(part, part) for part in parts]
    if one_dollar and len(named) == 2 and named[1] in DOLLARS:
        named[1] = "USD"
    return "/".join(named)
