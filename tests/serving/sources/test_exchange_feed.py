"""Feeds beside the stream: questions, retries, time, restarts, and markets that do not disturb each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from serving.errors import SourceError
from serving.sources.clock import Clock
from serving.sources.exchange import open_exchange
from serving.sources.exchange_feed import ExchangeFeed
from serving.sources.feed import Delivery
from serving.sources.terms import Known, Terms
from tests.serving.sources.recordings import Recording
from tests.serving.sources.stand_in import BinanceStandIn, CoinbaseStandIn
from tests.serving.sources.watching import AT_ONCE, QUICK, until, watching

POLLED = Terms(stream=False, tick_s=0.02, gather_s=0.0)
SECOND = 1_000_000_000


class Paused:
    """Sleeps that last until the test ends them, and what they were for."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._gate = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        gate = self._gate
        await gate.wait()

    def end(self) -> None:
        self._gate.set()
        self._gate = asyncio.Event()


def test_market_without_a_stream_is_asked_every_interval(coinbase: Recording) -> None:
    matches = [step for step in coinbase.steps if step.topic == ("matches", "SKL-USD")]

    async def run() -> None:
        paused = Paused()
        stand_in = CoinbaseStandIn(coinbase)
        for step in matches[:10]:
            stand_in.happen(step)
        async with (
            stand_in,
            watching(
                stand_in, "coinbaseexchange", ["SKL/USD"], replace(POLLED, books=False), Clock(sleep=paused)
            ) as seen,
        ):
            for count in (10, 30, 30, len(matches)):
                for step in matches[len(stand_in.trades["SKL-USD"]) : count]:
                    stand_in.happen(step)
                wanted = len(paused.asked) + 1
                paused.end()
                await until(lambda: len(paused.asked) >= wanted)  # noqa: B023 - awaited in the loop
                await seen.settled()
            numbers = [str(trade["trade_id"]) for step in matches for trade in step.trades]
            assert seen.column("SKL/USD", "trade_id") == numbers
            assert set(paused.asked) == {60.0}
            status = seen.status("SKL/USD")
            assert (status.state, status.gaps, status.duplicates) == ("live", 0, 0)
            assert seen.deliveries[-1].until_ns is not None

    asyncio.run(run())


def test_polled_book_is_told_as_an_image_and_then_by_changes(binance: Recording) -> None:
    steps = [step for step in binance.steps if step.topic == ("depth@100ms", "NKNUSDT")]

    async def run() -> None:
        stand_in = BinanceStandIn(binance)
        async with stand_in, watching(stand_in, "binance", ["NKN/USDT"], replace(POLLED, trades=False)) as seen:
            for step in steps:
                stand_in.happen(step)
                await asyncio.sleep(0)
            await until(lambda: seen.book("NKN/USDT") == stand_in.best("NKNUSDT", 100))
            assert seen.images("NKN/USDT") == 1

    asyncio.run(run())


@pytest.mark.parametrize("seconds", [0.5, 86401.0])
def test_interval_out_of_range_is_refused(seconds: float) -> None:
    with pytest.raises(SourceError, match=f"interval must be 1 to 86400 seconds, was {seconds:g}"):
        Terms(interval_s=seconds)


def test_terms_that_watch_nothing_or_too_deep_are_refused() -> None:
    with pytest.raises(SourceError, match="trades or books or both, was neither"):
        Terms(trades=False, books=False)
    with pytest.raises(SourceError, match="depth must be 1 to 1000 levels, was 5000"):
        Terms(depth=5000)


def test_exchange_that_does_not_exist_is_refused_with_near_names() -> None:
    with pytest.raises(SourceError, match=r"was 'krakn'; near: kraken"):
        open_exchange("krakn")


def test_exchange_nobody_wrote_a_dialect_for_is_opened_with_a_rate_limit() -> None:
    async def run() -> None:
        async with open_exchange("Bitstamp", timeout_on_exit=0) as exchange:
            assert exchange.name == "bitstamp"
            assert exchange.api.enableRateLimit
            assert exchange.can("watchTrades")
            assert not exchange.dialect.gap_free

    asyncio.run(run())


@pytest.mark.parametrize("spelling", ["BTC/CHF", "btc-chf", "XBT/CHF", "XBTCHF", " BTC_CHF "])
def test_symbol_is_known_however_it_is_spelled(kraken: Recording, spelling: str) -> None:
    from tests.serving.sources.stand_in import KrakenStandIn

    async def run() -> None:
        async with KrakenStandIn(kraken) as stand_in, open_exchange("kraken", **QUICK, **stand_in.config()) as exchange:
            assert await exchange.symbol_of(spelling) == "BTC/CHF"
            with pytest.raises(SourceError, match="symbol must be a market of kraken, was 'BTC/CHFF'; near: BTC/CHF"):
                await exchange.symbol_of("BTC/CHFF")

    asyncio.run(run())


def test_exchange_that_is_down_is_told_in_the_status_and_tried_again(coinbase: Recording) -> None:
    async def run() -> None:
        paused, stand_in = Paused(), CoinbaseStandIn(coinbase)
        stand_in.failing = True
        async with (
            stand_in,
            open_exchange(
                "coinbaseexchange", Clock(wall_ns=lambda: 5 * SECOND, sleep=paused), **QUICK, **stand_in.config()
            ) as exchange,
        ):
            feed = ExchangeFeed(exchange, "SKL/USD", _nowhere)
            task = asyncio.create_task(feed.run())
            for tries in (1, 2):
                await until(lambda: feed.status.retries == tries)  # noqa: B023 - awaited in the loop
                assert feed.status.state == "backing_off"
                assert "ExchangeNotAvailable" in feed.status.error
                assert feed.status.retry_at_ns == 15 * SECOND
                stand_in.failing = tries < 2
                paused.end()
            await until(lambda: feed.status.state == "live")
            assert (feed.status.error, feed.status.retries, feed.status.retry_at_ns) == ("", 0, None)
            assert paused.asked == [10.0, 10.0]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert feed.status.state == "stopped"

    asyncio.run(run())


async def _nowhere(_: Delivery) -> None:
    return


def test_market_that_fails_does_not_disturb_its_neighbours(coinbase: Recording) -> None:
    """AAA-BBB is listed, but its subscription is refused: on the connection that all share."""
    info = [*coinbase.info, {**coinbase.info[0], "id": "AAA-BBB"}]
    steps = [step for step in coinbase.steps if step.topic == ("matches", "SKL-USD")]

    async def run() -> None:
        stand_in = CoinbaseStandIn(replace(coinbase, info=info))
        terms = Terms(books=False, tick_s=0.02, gather_s=0.0)
        async with stand_in, watching(stand_in, "coinbaseexchange", ["SKL/USD"], terms) as seen:
            bad = ExchangeFeed(seen.exchange, "AAA/BBB", _nowhere, terms)
            gone = ExchangeFeed(seen.exchange, "NO/SUCH", _nowhere, terms)
            tasks = [asyncio.create_task(feed.run()) for feed in (bad, gone)]
            await stand_in.play(steps[: len(steps) // 2])
            await until(lambda: bad.status.retries > 2 and gone.status.retries > 2)
            await stand_in.play(steps[len(steps) // 2 :])
            await seen.settled()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert "AAA-BBB is not a valid product" in bad.status.error
            assert "must be a market of coinbaseexchange" in gone.status.error
            assert len(seen.column("SKL/USD", "trade_id")) == len(steps) - 1
            status = seen.status("SKL/USD")
            assert (status.connections, status.retries, status.error) == (1, 0, "")
            assert len(stand_in.connections) == 1

    asyncio.run(run())


def test_feed_that_knows_where_it_was_asks_for_what_came_since(coinbase: Recording) -> None:
    steps = [step for step in coinbase.steps if step.topic == ("matches", "SKL-USD")]
    first = steps[0].message["trade_id"]

    async def run() -> None:
        stand_in = CoinbaseStandIn(coinbase)
        for step in steps[:20]:
            stand_in.happen(step)
        async with (
            stand_in,
            watching(
                stand_in, "coinbaseexchange", ["SKL/USD"], Terms(books=False), known=Known(1618677817056, str(first))
            ) as seen,
        ):
            await stand_in.play(steps[20:])
            await until(lambda: len(seen.column("SKL/USD", "trade_id")) >= len(steps) - 1)
            assert seen.column("SKL/USD", "trade_id") == [str(first + n) for n in range(1, len(steps))]
            assert (seen.status("SKL/USD").gaps, seen.status("SKL/USD").filled) == (1, 1)

    asyncio.run(run())


def test_delivery_that_is_refused_comes_again_and_nothing_is_lost(coinbase: Recording) -> None:
    steps = [step for step in coinbase.steps if step.topic == ("matches", "SKL-USD")]

    async def run() -> None:
        stand_in = CoinbaseStandIn(coinbase)
        async with (
            stand_in,
            watching(stand_in, "coinbaseexchange", ["SKL/USD"], Terms(books=False, tick_s=0.02, gather_s=0.0)) as seen,
        ):
            refusals = iter([True, True, False] * 100)
            seen.feeds["SKL/USD"]._deliver = _refusing(seen.take, lambda: next(refusals))
            for step in steps:
                await stand_in.play([step])
            await until(lambda: len(seen.column("SKL/USD", "trade_id")) >= len(steps) - 1)
            numbers = [trade["trade_id"] for step in steps[1:] for trade in step.trades]
            assert list(map(int, seen.column("SKL/USD", "trade_id"))) == numbers

    asyncio.run(run())


def _refusing(
    take: Callable[[Delivery], Awaitable[None]], refuses: Callable[[], bool]
) -> Callable[[Delivery], Awaitable[None]]:
    async def deliver(delivery: Delivery) -> None:
        if refuses():
            raise BufferError("full")
        await take(delivery)

    return deliver


def test_quiet_market_is_moved_on_by_monotonic_time_whatever_the_wall_clock_does(coinbase: Recording) -> None:
    steps = [step for step in coinbase.steps if step.topic == ("matches", "SKL-USD")]

    async def run() -> None:
        now = [1000 * SECOND]
        wall = iter(range(10**18, 10**19, 10**15))
        clock = Clock(wall_ns=lambda: next(wall), monotonic_ns=lambda: now[0], sleep=AT_ONCE.sleep)
        stand_in = CoinbaseStandIn(coinbase)
        terms = Terms(books=False, tick_s=0.02, gather_s=0.0)
        async with stand_in, watching(stand_in, "coinbaseexchange", ["SKL/USD", "NU/GBP"], terms, clock) as seen:

            def told(symbol: str) -> int:
                times = [one.until_ns for one in seen.deliveries if one.market.symbol == symbol and one.until_ns]
                assert times == sorted(times)
                return times[-1] if times else 0

            await stand_in.play(steps[1:5])
            await until(lambda: len(seen.column("SKL/USD", "trade_id")) == 4)
            times = seen.tables("SKL/USD", "trades")[-1]["timestamp"].to_pylist()
            newest = max(time.value for time in times)
            # Each market has ticked once, and so looked at the clock, before that goes on.
            await asyncio.sleep(5 * terms.tick_s)
            await seen.settled()
            for _ in range(10):
                before = told("NU/GBP")
                now[0] += SECOND
                await until(lambda: told("NU/GBP") > before)  # noqa: B023 - awaited in the loop
            quiet = told("NU/GBP")
            assert newest + 6 * SECOND < quiet <= newest + 8 * SECOND
            stand_in.failing = True
            await stand_in.cut()
            await until(lambda: seen.status("NU/GBP").retries > 0)
            stopped = told("NU/GBP")
            for _ in range(5):
                tries = seen.status("NU/GBP").retries
                now[0] += SECOND
                await until(lambda: seen.status("NU/GBP").retries > tries)  # noqa: B023 - as above
            assert told("NU/GBP") == stopped

    asyncio.run(run())
