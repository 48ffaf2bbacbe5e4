"""Faults put into the recorded traffic: each is noticed, and what is delivered is whole, single and true again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from serving.sources.terms import Terms
from tests.serving.sources.recordings import Recording, Step
from tests.serving.sources.stand_in import BinanceStandIn, CoinbaseStandIn, KrakenStandIn, StandIn
from tests.serving.sources.watching import Watching, until, watching

pytestmark = pytest.mark.slow

TRADES = Terms(books=False, tick_s=0.05, gather_s=0.0)
BOOKS = Terms(trades=False, tick_s=0.05, gather_s=0.0)
DEEP = replace(BOOKS, depth=KrakenStandIn.depth)


def whole(seen: Watching, symbol: str, ids: Iterable[int]) -> None:
    """Refuse trades that are missing or doubled."""
    assert sorted(map(int, seen.column(symbol, "trade_id"))) == sorted(ids)


def coinbase_trades(recording: Recording, market: str) -> list[Step]:
    return [step for step in recording.steps if step.topic == ("matches", market) and step.message["type"] == "match"]


def numbers(steps: Iterable[Step]) -> list[int]:
    return [trade["trade_id"] for step in steps for trade in step.trades]


def test_trades_that_are_lost_are_noticed_and_asked_for(coinbase: Recording) -> None:
    steps = coinbase_trades(coinbase, "SKL-USD")
    lost = set(range(3, len(steps) - 1, 7))

    async def run() -> Watching:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], TRADES) as seen,
        ):
            for number, step in enumerate(steps):
                stand_in.happen(step)
                if number not in lost:
                    await stand_in.send(step)
                    await stand_in.drained()
            await until(lambda: len(seen.column("SKL/USD", "trade_id")) >= len(steps))
            return seen

    seen = asyncio.run(run())
    whole(seen, "SKL/USD", numbers(steps))
    status = seen.status("SKL/USD")
    assert (status.gaps, status.filled, status.sequence_errors) == (len(lost), len(lost), len(lost))
    assert (status.duplicates, status.retries, status.notes) == (0, 0, [])


def test_trades_that_come_twice_are_delivered_once(coinbase: Recording) -> None:
    steps = coinbase_trades(coinbase, "SKL-USD")

    async def run() -> Watching:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], TRADES) as seen,
        ):
            await stand_in.play(steps)
            for step in steps[::5]:
                await stand_in.send(step)
            await stand_in.drained()
            await seen.settled()
            return seen

    seen = asyncio.run(run())
    whole(seen, "SKL/USD", numbers(steps))
    assert seen.status("SKL/USD").duplicates == len(steps[::5])
    assert seen.status("SKL/USD").gaps == 0


def test_trades_that_come_in_another_order_are_noticed_and_whole(coinbase: Recording) -> None:
    steps = coinbase_trades(coinbase, "SKL-USD")
    swapped = steps.copy()
    for number in range(4, len(steps) - 1, 10):
        swapped[number], swapped[number + 1] = swapped[number + 1], swapped[number]

    async def run() -> Watching:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], TRADES) as seen,
        ):
            happened = 0
            for number, step in enumerate(swapped):
                while happened <= max(number, steps.index(step)):
                    stand_in.happen(steps[happened])
                    happened += 1
                await stand_in.send(step)
                await stand_in.drained()
            await until(lambda: len(seen.column("SKL/USD", "trade_id")) >= len(steps))
            return seen

    seen = asyncio.run(run())
    whole(seen, "SKL/USD", numbers(steps))
    status, faults = seen.status("SKL/USD"), len(range(4, len(steps) - 1, 10))
    assert (status.gaps, status.filled, status.sequence_errors) == (faults, faults, faults)


def test_trade_that_cannot_be_had_any_more_is_a_hole_that_is_told(coinbase: Recording) -> None:
    steps = coinbase_trades(coinbase, "SKL-USD")

    async def run() -> Watching:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], TRADES) as seen,
        ):
            await stand_in.play([*steps[:5], *steps[6:10]])
            await until(lambda: bool(seen.status("SKL/USD").notes))
            await stand_in.play(steps[10:])
            await seen.settled()
            return seen

    seen = asyncio.run(run())
    missing = numbers(steps)[5]
    whole(seen, "SKL/USD", [number for number in numbers(steps) if number != missing])
    status = seen.status("SKL/USD")
    assert (status.gaps, status.filled) == (1, 0)
    assert status.notes == [f"1 trades between ids {missing} and {missing} could not be had any more"]


def _cut_markets(name: str, recording: Recording) -> tuple[StandIn, dict[str, str], str]:
    if name == "binance":
        return BinanceStandIn(recording), {"NKN/USDT": "NKNUSDT", "LRC/BTC": "LRCBTC"}, "a"
    if name == "kraken":
        return KrakenStandIn(recording), {"XMR/USD": "XMR/USD", "SC/EUR": "SC/EUR"}, "trade_id"
    return CoinbaseStandIn(recording), {"SKL/USD": "SKL-USD", "DASH/BTC": "DASH-BTC"}, "trade_id"


def told_trades(step: Step, key: str) -> list[int]:
    """Return the ids of the trades that a client is sent (a last match is the one before it began)."""
    if step.message.get("type") == "last_match":
        return []
    return [trade[6] if isinstance(trade, list) else trade[key] for trade in step.trades]


@pytest.mark.parametrize(
    ("name", "fixture"), [("binance", "binance"), ("coinbaseexchange", "coinbase"), ("kraken", "kraken")]
)
def test_connection_that_is_cut_again_and_again_loses_nothing(
    name: str, fixture: str, request: pytest.FixtureRequest
) -> None:
    stand_in, markets, key = _cut_markets(name, request.getfixturevalue(fixture))
    steps = [step for step in stand_in.recording.steps if step.topic[1] in markets.values()]
    cuts = 4

    async def run() -> Watching:
        async with stand_in, watching(stand_in, name, list(markets)) as seen:
            part = len(steps) // (cuts + 1)
            for number in range(cuts):
                await stand_in.play(steps[number * part : (number + 1) * part - 20])
                await seen.settled()
                wanted = sum(stand_in.subscribed.values()) + 2 * len(markets)
                await stand_in.cut()
                for step in steps[(number + 1) * part - 20 : (number + 1) * part]:
                    stand_in.happen(step)
                await until(lambda: sum(stand_in.subscribed.values()) >= wanted)  # noqa: B023 - awaited in the loop
            await stand_in.play(steps[cuts * part :])
            expected = {
                one: [i for step in steps if step.topic[1] == markets[one] for i in told_trades(step, key)]
                for one in markets
            }
            await until(lambda: all(len(seen.column(one, "trade_id")) >= len(expected[one]) for one in markets))
            await seen.settled()
            for symbol, market in markets.items():
                whole(seen, symbol, expected[symbol])
                assert seen.book(symbol) == stand_in.best(market, stand_in.depth)
            return seen

    seen = asyncio.run(run())
    for symbol in markets:
        status = seen.status(symbol)
        assert status.connections == cuts + 1
        assert status.gaps == status.filled
        assert status.checksum_errors == 0
        assert seen.images(symbol) == cuts + 1


class Faults:
    """Plays steps of one book with faults, each awaited: noticed, and a new image subscribed."""

    def __init__(self, stand_in: StandIn, seen: Watching, symbol: str) -> None:
        self.stand_in, self.seen, self.symbol = stand_in, seen, symbol
        self.injected: Counter[str] = Counter()

    def errors(self) -> int:
        status = self.seen.status(self.symbol)
        return status.checksum_errors + status.sequence_errors

    async def inject(self, kind: str, sent: Iterable[tuple[Step, Any]]) -> None:
        before, images = self.errors(), self.seen.images(self.symbol)
        for step, message in sent:
            await self.stand_in.send(step, message)
        await self.stand_in.drained()
        await until(lambda: self.errors() > before and self.seen.images(self.symbol) > images)
        assert self.errors() == before + 1
        self.injected[kind] += 1


def corrupted(step: Step) -> Any:
    """Return a Kraken message with another quantity in it, the checksum as it was."""
    message = deepcopy(step.message)
    for side in ("bids", "asks"):
        for level in message["data"][0][side]:
            level["qty"] += 1.0
    return message


def test_kraken_books_with_faults_are_noticed_by_checksum_and_fetched_anew(kraken: Recording) -> None:
    """Faults below the ten best levels cannot be noticed by Kraken's checksum, so they are put where it changes."""
    steps = [step for step in kraken.steps if step.topic == ("book", "XMR/USD")]

    async def run() -> Faults:
        async with KrakenStandIn(kraken) as stand_in, watching(stand_in, "kraken", ["XMR/USD"], DEEP) as seen:
            faults, kinds = Faults(stand_in, seen, "XMR/USD"), ["drop", "swap", "corrupt"]
            await until(lambda: seen.images("XMR/USD") == 1)
            number = 0
            while number < len(steps) - 2:
                first, second = steps[number], steps[number + 1]
                before = steps[number - 1].mark if number else None
                if number % 20 or len({before, first.mark, second.mark}) < 3:
                    await stand_in.play([first])
                    number += 1
                    continue
                kind = kinds[faults.injected.total() % 3]
                stand_in.happen(first)
                stand_in.happen(second)
                sent = {"drop": [(second, None)], "swap": [(second, None), (first, None)]}
                await faults.inject(kind, sent.get(kind, [(first, corrupted(first)), (second, None)]))
                number += 2
            await seen.settled()
            assert seen.book("XMR/USD") == stand_in.best("XMR/USD", stand_in.depth)
            return faults

    faults = asyncio.run(run())
    assert faults.injected.total() >= 20
    status = faults.seen.status("XMR/USD")
    assert status.checksum_errors + status.sequence_errors == faults.injected.total()
    assert status.checksum_errors >= faults.injected["drop"] + faults.injected["corrupt"]
    assert status.retries == 0


def test_kraken_message_that_comes_twice_is_noticed_and_changes_nothing(kraken: Recording) -> None:
    steps = [step for step in kraken.steps if step.topic == ("book", "XMR/USD")][:100]

    async def run() -> Watching:
        async with KrakenStandIn(kraken) as stand_in, watching(stand_in, "kraken", ["XMR/USD"], DEEP) as seen:
            for number, step in enumerate(steps):
                await stand_in.play([step])
                if number % 10 == 0:
                    await stand_in.send(step)
            await stand_in.drained()
            await seen.settled()
            assert seen.book("XMR/USD") == stand_in.best("XMR/USD", stand_in.depth)
            return seen

    status = asyncio.run(run()).status("XMR/USD")
    assert (status.duplicates, status.checksum_errors) == (10, 0)


def test_binance_books_with_faults_are_noticed_by_number_and_fetched_anew(binance: Recording) -> None:
    steps = [step for step in binance.steps if step.topic == ("depth@100ms", "NKNUSDT")]

    async def run() -> tuple[Faults, int]:
        async with BinanceStandIn(binance) as stand_in, watching(stand_in, "binance", ["NKN/USDT"], BOOKS) as seen:
            faults, number, doubled = Faults(stand_in, seen, "NKN/USDT"), 0, 0
            await until(lambda: seen.images("NKN/USDT") == 1)
            while number < len(steps) - 2:
                if number % 10 != 9:
                    await stand_in.play([steps[number]])
                    if number % 10 == 4:
                        await stand_in.send(steps[number])
                        doubled += 1
                    number += 1
                    continue
                stand_in.happen(steps[number])
                stand_in.happen(steps[number + 1])
                late = [(steps[number], None)] if faults.injected.total() % 2 else []
                await faults.inject("swap" if late else "drop", [(steps[number + 1], None), *late])
                number += 2
            await stand_in.play(steps[number:])
            await seen.settled()
            assert seen.book("NKN/USDT") == stand_in.best("NKNUSDT", stand_in.depth)
            return faults, doubled

    faults, doubled = asyncio.run(run())
    status = faults.seen.status("NKN/USDT")
    assert faults.injected.total() >= 10
    assert status.sequence_errors == faults.injected.total()
    assert status.duplicates == doubled + faults.injected["swap"]
    assert status.retries == 0


def test_coinbase_book_whose_changes_come_late_is_noticed_by_time_and_fetched_anew(coinbase: Recording) -> None:
    steps = [step for step in coinbase.steps if step.topic == ("level2_batch", "SKL-USD")][:600]

    async def run() -> tuple[Faults, int]:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], BOOKS) as seen,
        ):
            faults, number, doubled = Faults(stand_in, seen, "SKL/USD"), 0, 0
            await until(lambda: seen.images("SKL/USD") == 1)
            while number < len(steps) - 2:
                first, second = steps[number], steps[number + 1]
                if number % 25 != 24 or first.message["time"] == second.message["time"]:
                    await stand_in.play([first])
                    if number % 25 == 10:
                        await stand_in.send(first)
                        doubled += 1
                    number += 1
                    continue
                stand_in.happen(first)
                stand_in.happen(second)
                await faults.inject("swap", [(second, None), (first, None)])
                number += 2
            await seen.settled()
            assert seen.book("SKL/USD") == stand_in.best("SKL-USD", stand_in.depth)
            return faults, doubled

    faults, doubled = asyncio.run(run())
    status = faults.seen.status("SKL/USD")
    assert faults.injected.total() >= 10
    assert (status.sequence_errors, status.duplicates) == (faults.injected.total(), doubled)


def test_coinbase_book_with_a_bid_above_the_asks_is_fetched_anew(coinbase: Recording) -> None:
    steps = [step for step in coinbase.steps if step.topic == ("level2_batch", "SKL-USD")][:20]

    async def run() -> Faults:
        async with (
            CoinbaseStandIn(coinbase) as stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], BOOKS) as seen,
        ):
            faults = Faults(stand_in, seen, "SKL/USD")
            await stand_in.play(steps[:10])
            wrong = replace(steps[10]).message | {"changes": [["buy", "99.0", "1"]]}
            await faults.inject("corrupt", [(steps[10], wrong)])
            await stand_in.play(steps[11:])
            await seen.settled()
            assert seen.book("SKL/USD") == stand_in.best("SKL-USD", stand_in.depth)
            return faults

    assert asyncio.run(run()).seen.status("SKL/USD").checksum_errors == 1
