"""All recorded traffic through the real client over a real socket: nothing is missed, nothing is refused."""

from __future__ import annotations

import asyncio

import pytest

from tests.serving.sources.recordings import Recording
from tests.serving.sources.stand_in import BinanceStandIn, CoinbaseStandIn, KrakenStandIn, StandIn
from tests.serving.sources.watching import Watching, watching

pytestmark = pytest.mark.slow

FAULTS = ("duplicates", "gaps", "checksum_errors", "sequence_errors", "retries")


async def replayed(stand_in: StandIn, name: str, markets: dict[str, str]) -> Watching:
    """Return what feeds delivered of all steps; markets are the exchange's names by unified symbol."""
    async with stand_in, watching(stand_in, name, list(markets)) as seen:
        await stand_in.play(stand_in.recording.steps)
        await seen.settled()
        for symbol, market in markets.items():
            assert seen.book(symbol) == stand_in.best(market, stand_in.depth)
        return seen


def test_binance_recording_replays_without_an_error(binance: Recording) -> None:
    markets = {"NKN/USDT": "NKNUSDT", "BLZ/ETH": "BLZETH", "LRC/BTC": "LRCBTC", "RUNE/EUR": "RUNEEUR"}
    stand_in = BinanceStandIn(binance)
    seen = asyncio.run(replayed(stand_in, "binance", markets))
    assert stand_in.sent == len(binance.steps)
    assert {name: seen.total(name) for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert seen.column("NKN/USDT", "trade_id") == ["15683430"]
    assert seen.column("LRC/BTC", "aggressor") == ["buy"]


def test_coinbase_recording_replays_without_an_error(coinbase: Recording) -> None:
    markets = {market.replace("-", "/"): market for market in coinbase.books}
    stand_in = CoinbaseStandIn(coinbase)
    seen = asyncio.run(replayed(stand_in, "coinbaseexchange", markets))
    assert stand_in.sent == len(coinbase.steps)
    assert stand_in.asked == ["/products", "/time"]
    assert len({id(one) for one in stand_in.met}) == 1
    assert {name: seen.total(name) for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    for symbol, market in markets.items():
        matches = [
            step.message for step in coinbase.steps if step.topic[1] == market and step.message["type"] == "match"
        ]
        assert seen.column(symbol, "trade_id") == [str(match["trade_id"]) for match in matches]
        takers = [{"buy": "sell", "sell": "buy"}[match["side"]] for match in matches]
        assert seen.column(symbol, "aggressor") == takers
        makers = seen.column(symbol, "sell_order_id")
        assert [makers[n] for n, match in enumerate(matches) if match["side"] == "sell"] == [
            match["maker_order_id"] for match in matches if match["side"] == "sell"
        ]


def test_kraken_recording_replays_with_every_checksum_right(kraken: Recording) -> None:
    markets = {market: market for market in kraken.books}
    stand_in = KrakenStandIn(kraken)
    seen = asyncio.run(replayed(stand_in, "kraken", markets))
    assert stand_in.sent == len(kraken.steps)
    assert {name: seen.total(name) for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert len(seen.column("XMR/USD", "price") + seen.column("SC/EUR", "price")) == 10
