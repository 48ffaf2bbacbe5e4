"""Dialects: what is particular to an exchange."""

from __future__ import annotations

from serving.sources.dialects.binance import Binance
from serving.sources.dialects.coinbase import Coinbase, CoinbaseExchange
from serving.sources.dialects.dialect import Dialect
from serving.sources.dialects.kraken import Kraken

DIALECTS: dict[str, type[Dialect]] = {
    "binance": Binance,
    "binanceus": Binance,
    "binanceusdm": Binance,
    "binancecoinm": Binance,
    "coinbase": Coinbase,
    "coinbaseexchange": CoinbaseExchange,
    "kraken": Kraken,
}
