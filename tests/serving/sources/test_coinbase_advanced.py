"""Coinbase Advanced Trade: the maker's side turned round, trades newest first, messages numbered by connection."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from serving.sources.exchange import open_exchange
from serving.sources.history import fetch_history
from serving.sources.tape_folder import tape_folder
from tests.serving.sources.advanced import AdvancedStandIn
from tests.serving.sources.recordings import Recording
from tests.serving.sources.watching import QUICK, until, watching

pytestmark = pytest.mark.slow
MARKETS = {"NMR/EUR": "NMR-EUR", "DASH/BTC": "DASH-BTC"}


def test_lost_message_is_noticed_by_its_number_and_nothing_stays_lost(coinbase: Recording) -> None:
    async def run() -> None:
        stand_in = AdvancedStandIn(coinbase)
        steps = [step for step in stand_in.recording.steps if step.topic[1] in MARKETS.values()]
        every = {
            one: [match for step in steps if step.topic[1] == MARKETS[one] for match in step.trades] for one in MARKETS
        }
        async with stand_in, watching(stand_in, "coinbase", list(MARKETS)) as seen:
            await until(lambda: all(seen.images(one) == 1 for one in MARKETS))
            await stand_in.play(steps[:1000])
            for number in range(1000, 1003):
                stand_in.happen(steps[number])
            wanted = sum(stand_in.subscribed.values()) + 4
            stand_in.skip()
            stand_in.happen(steps[1003])
            await stand_in.send(steps[1003])
            await until(lambda: sum(stand_in.subscribed.values()) >= wanted)
            await stand_in.play(steps[1004:])
            await until(lambda: all(len(seen.column(one, "trade_id")) >= len(every[one]) for one in MARKETS))
            await seen.settled()
            for symbol, market in MARKETS.items():
                ids = sorted(map(int, seen.column(symbol, "trade_id")))
                assert ids == [match["trade_id"] for match in every[symbol]]
                assert seen.book(symbol) == stand_in.best(market, stand_in.depth)
                status = seen.status(symbol)
                assert (status.sequence_errors, status.gaps, status.filled, status.connections) == (1, 1, 1, 2)
            takers = {
                str(match["trade_id"]): {"buy": "sell", "sell": "buy"}[match["side"]] for match in every["NMR/EUR"]
            }
            told = dict(zip(seen.column("NMR/EUR", "trade_id"), seen.column("NMR/EUR", "aggressor"), strict=True))
            assert told == takers

    asyncio.run(run())


def test_history_of_advanced_trade_is_whole(coinbase: Recording, tmp_path: Path) -> None:
    async def run() -> list[str]:
        stand_in = AdvancedStandIn(coinbase)
        for step in stand_in.recording.steps:
            stand_in.happen(step)
        start = int(datetime.fromisoformat("2021-04-17T16:00:00Z").timestamp() * 1000)
        async with stand_in, open_exchange("coinbase", **QUICK, **stand_in.config()) as exchange:
            with tape_folder(tmp_path / "t") as folder:
                await fetch_history(exchange, "NMR/EUR", (start, start + 7_200_000), folder, lambda *_: None)
        return [str(match["trade_id"]) for match in stand_in.trades["NMR-EUR"]]

    assert asyncio.run(run()) == pq.read_table(tmp_path / "t" / "trades.parquet")["trade_id"].to_pylist()
