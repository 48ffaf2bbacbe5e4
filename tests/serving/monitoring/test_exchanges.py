"""From a stand-in exchange on a real socket through ccxt, the feeds and the outbox into the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.alerts.store import AlertStore
from serving.engine.engine import Engine
from serving.engine.watcher import Watch
from serving.errors import RequestError
from serving.monitoring.exchanges import Exchanges
from serving.monitoring.monitor import Monitor
from serving.monitoring.wire import AskMarkets, Markets, Refused, Start
from serving.settings import Settings
from serving.sources.feed import Market
from tests.serving.sources.conftest import coinbase  # noqa: F401 - a fixture
from tests.serving.sources.recordings import Recording
from tests.serving.sources.stand_in import CoinbaseStandIn, StandIn
from tests.serving.sources.watching import QUICK, until

NAME = "coinbaseexchange"


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Callable[[StandIn], Exchanges]:
    """Return what reads a stand-in in place of the exchange."""

    def reading(stand_in: StandIn) -> Exchanges:
        options = QUICK | stand_in.config()  # type: ignore[attr-defined]
        monkeypatch.setattr("serving.monitoring.exchanges.exchange_options", lambda _home, _name: options)
        return Exchanges(Path("/nowhere"))

    return reading


@pytest.fixture
def engine(settings: Settings, watch: Watch, sqlite_store: AlertStore) -> Iterator[Engine]:
    started = Engine(settings, watch, sqlite_store, lambda: 0.0)
    yield started
    started.close()


@pytest.mark.parametrize("books", [False, True])
def test_exchange_that_is_monitored_delivers_every_recorded_trade_into_the_engine(
    settings: Settings,
    sqlite_store: AlertStore,
    engine: Engine,
    exchanges: Callable[[StandIn], Exchanges],
    coinbase: Recording,  # noqa: F811
    books: bool,  # noqa: FBT001 - a case
) -> None:
    stand_in = CoinbaseStandIn(coinbase)
    markets = list(coinbase.books)[: 2 if books else None]
    symbols = [market.replace("-", "/") for market in markets]
    mine = [step for step in coinbase.steps if step.topic[1] in markets]
    matches = sum(step.message["type"] == "match" for step in mine)

    async def watched() -> Markets:
        async with stand_in:
            monitor = Monitor(settings, exchanges(stand_in), engine, sqlite_store.database)
            running = asyncio.create_task(monitor.run())
            told = await monitor.answer(Start(NAME, symbols, 60.0, books=books))
            assert isinstance(told, Markets)
            assert told.started == len(symbols)
            await until(lambda: sum(stand_in.subscribed.values()) >= len(symbols) * (1 + books))
            await stand_in.play(mine)
            feeds = [watched.status for watched in monitor._watching.watched.values()]
            await until(lambda: sum(status.events for status in feeds) >= matches + books)
            await until(lambda: all(status.state == "live" for status in feeds))
            told = await monitor.answer(AskMarkets())
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert isinstance(told, Markets)
        return told

    told = asyncio.run(watched())
    assert [(one.state, one.error, one.gaps) for one in told.markets] == [("live", "", 0)] * len(symbols)
    delivered = sum(one.events for one in told.markets)
    assert delivered > matches if books else delivered == engine.status().events == matches
    assert engine.status().late == 0


def test_exchange_names_are_its_own_and_what_it_does_not_list_is_told_with_near_names(
    exchanges: Callable[[StandIn], Exchanges],
    coinbase: Recording,  # noqa: F811
) -> None:
    stand_in = CoinbaseStandIn(coinbase)
    listed = next(iter(coinbase.books))

    async def asked() -> None:
        async with stand_in:
            sources = exchanges(stand_in)
            resolved = await sources.resolve(f" {NAME.upper()}", [listed, listed.replace("-", "/")])
            assert resolved.markets == (Market(NAME, listed.replace("-", "/")),)
            assert resolved.notes == ()
            with pytest.raises(RequestError, match=rf"symbol must be a market of .*near: .*{listed.split('-')[0]}"):
                await sources.resolve(NAME, [listed.replace("-", "/") + "X"])
            await sources.close()

    asyncio.run(asked())


def test_exchange_that_does_not_answer_is_monitored_all_the_same_with_a_note(
    exchanges: Callable[[StandIn], Exchanges],
    coinbase: Recording,  # noqa: F811
) -> None:
    stand_in = CoinbaseStandIn(coinbase)
    stand_in.failing = True

    async def asked() -> None:
        async with stand_in:
            sources = exchanges(stand_in)
            resolved = await sources.resolve(NAME, ["A/B"])
            await sources.close()
        assert resolved.markets == (Market(NAME, "A/B"),)
        assert "could not be asked what it lists" in resolved.notes[0]

    asyncio.run(asked())


def test_exchange_that_nobody_knows_is_refused_with_near_names(
    settings: Settings, sqlite_store: AlertStore, engine: Engine
) -> None:
    monitor = Monitor(settings, Exchanges(settings.home), engine, sqlite_store.database)
    told = asyncio.run(monitor.answer(Start("binanse", ["BTC/USDT"], 60.0, books=True)))
    assert isinstance(told, Refused)
    assert told.field == "exchange"
    assert "near: binance" in told.must_be
