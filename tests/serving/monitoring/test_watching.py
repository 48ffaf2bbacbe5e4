from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from serving.engine.wire import Ack, Batch
from serving.errors import EngineBusyError, EngineFailedError, EngineUnavailableError
from serving.monitoring.latest import LatestTrades
from serving.monitoring.outbox import GATHER_S, Outbox, Parcel, together
from serving.monitoring.watching import Watching
from serving.monitoring.wire import Listed
from serving.sources.clock import Clock
from serving.sources.feed import RETRY_S, Delivery, Market
from serving.sources.terms import Known
from tests.serving.monitoring.scripted import SECOND_NS, START, Scripted, ScriptedFeed, Step, trades_of

A, B, C = (Market("x", f"{name}/USDT") for name in ("BTC", "ETH", "XRP"))
NOW = START + 100 * SECOND_NS


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """Return the trades of a batch."""
    trades: pa.Table = batch.table("trades")
    rows: list[dict[str, Any]] = trades.to_pylist()
    return rows


class Taker:
    """Takes batches as the engine does, and fails as it is told."""

    def __init__(self, *fails: Exception, refuses: str = "") -> None:
        self.batches: list[Batch] = []
        self._fails = list(fails)
        self._refuses = refuses

    def __call__(self, batch: Batch) -> Ack:
        if self._refuses in (row["symbol"] for row in rows_of(batch)):
            raise EngineFailedError("ArrowInvalid: of this market alone")
        self.batches.append(batch)
        if self._fails:
            raise self._fails.pop(0)
        return Ack(0, 0, 0)

    def ids(self, market: Market) -> list[str]:
        """Return the event ids of a market as they came, each once."""
        rows = [row for batch in self.batches for row in rows_of(batch)]
        return list(dict.fromkeys(row["event_id"] for row in rows if row["symbol"] == market.symbol))


class Sleeps:
    """Waits no time, but notes how long it should have been, and lets others run."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


def unsaved() -> LatestTrades:
    """Return a memory whose file is never written."""
    return LatestTrades(Path("/nowhere"), lambda: NOW)


def parcel(market: Market, second: int | None, count: int = 1) -> Parcel:
    until = None if second is None else START + second * SECOND_NS
    return Parcel(Delivery(market, trades_of(market, 0, count), until_ns=until))


async def run(outbox: Outbox, work: Callable[[], Awaitable[None]]) -> None:
    running = asyncio.create_task(outbox.run())
    await work()
    running.cancel()


def test_outbox_deliveries_of_many_feeds_come_as_one_batch_with_a_watermark_of_their_own() -> None:
    taker, sleeps = Taker(), Sleeps()
    outbox = Outbox(taker, sleeps)

    async def work() -> None:
        await asyncio.gather(*(outbox.deliver(parcel(market, 5).delivery) for market in (A, B, C)))

    asyncio.run(run(outbox, work))
    (batch,) = taker.batches
    assert batch.source == "x"
    assert batch.markets == [A, B, C]
    assert batch.watermark == START + 5 * SECOND_NS
    assert len(rows_of(batch)) == 3
    assert sleeps.asked == [GATHER_S]


def test_together_watermarks_more_than_a_second_apart_do_not_hold_each_other_back() -> None:
    groups = together([parcel(A, 5), parcel(B, 900), parcel(C, 5), parcel(Market("y", "Z"), 5), parcel(B, None)])
    assert sorted(sorted(one.delivery.market for one in group) for group in groups) == [
        [A, C], [B], [B], [Market("y", "Z")],
    ]  # fmt: skip


def test_parcel_joined_by_a_later_delivery_keeps_order_and_the_later_watermark() -> None:
    mine = parcel(A, 5)
    mine.join(Delivery(A, trades_of(A, 1, 2), until_ns=None))
    trades: pa.Table = mine.delivery.trades
    assert trades["trade_id"].to_pylist() == ["0", "1", "2"]
    assert mine.delivery.until_ns == START + 5 * SECOND_NS


@pytest.mark.parametrize(
    ("error", "waits"), [(EngineBusyError(0.25), 0.25), (EngineUnavailableError("it is starting"), 1.0)]
)
def test_outbox_engine_that_is_busy_or_away_gets_the_very_same_batch_again(error: Exception, waits: float) -> None:
    taker, sleeps = Taker(error, error), Sleeps()
    outbox = Outbox(taker, sleeps)
    asyncio.run(run(outbox, lambda: outbox.deliver(parcel(A, 5).delivery)))
    assert len(taker.batches) == 3
    assert taker.batches[0] == taker.batches[1] == taker.batches[2]
    assert sleeps.asked == [GATHER_S, waits, waits]


def test_outbox_market_whose_events_the_engine_refuses_fails_alone() -> None:
    taker = Taker(refuses=B.symbol)
    outbox, results = Outbox(taker, Sleeps()), []

    async def work() -> None:
        deliveries = (outbox.deliver(parcel(market, 5).delivery) for market in (A, B, C))
        results.extend(await asyncio.gather(*deliveries, return_exceptions=True))

    asyncio.run(run(outbox, work))
    assert [type(result) for result in results] == [type(None), EngineFailedError, type(None)]
    assert taker.ids(A)
    assert taker.ids(C)


def bringing(first: int, count: int) -> Step:
    return lambda feed: feed.bring(first, count)


def failing(_feed: ScriptedFeed) -> None:
    raise ValueError("a message that nobody expected")


@examples(max_examples=10)
@given(plan=st.lists(st.lists(st.sampled_from(["bring", "fail"]), max_size=5), min_size=2, max_size=3))
def test_watching_whatever_fails_of_one_feed_the_others_deliver_everything(plan: list[list[str]]) -> None:
    markets = [A, B, C][: len(plan)]

    def script(market: Market, opened: int) -> Sequence[Step]:
        """Return what is left of the plan after as many failures as there were openings before."""
        steps: list[Step] = []
        failures = 0
        for n, what in enumerate(plan[markets.index(market)]):
            if what == "fail":
                failures += 1
                if failures == opened:
                    return [*steps, failing]
                steps = []
            else:
                steps.append(bringing(2 * n, 2))
        return [*steps, lambda _feed: done[market].set()]

    taker, sources, done = Taker(), Scripted(script), {market: asyncio.Event() for market in markets}
    outbox = Outbox(taker, Sleeps())
    watching = Watching(sources, outbox.deliver, unsaved(), Clock(lambda: NOW, sleep=Sleeps()))
    brought = {market: 2 * steps.count("bring") for market, steps in zip(markets, plan, strict=True)}

    async def work() -> None:
        for market in markets:
            await watching.start(Listed(*market))
        for event in done.values():
            await event.wait()
        await watching.close()

    asyncio.run(run(outbox, work))
    assert {market: len(taker.ids(market)) for market in markets} == brought


def test_watching_feed_that_crashes_is_told_and_opened_again_with_its_counts() -> None:
    done, taker, told = asyncio.Event(), Taker(), []
    scripts = {1: [bringing(0, 3), failing], 2: [bringing(3, 2), lambda _feed: done.set()]}
    sources = Scripted(lambda _market, opened: scripts[opened])

    async def sleep(seconds: float) -> None:
        told.append((seconds, watching.told(A)))

    outbox = Outbox(taker, Sleeps())
    watching = Watching(sources, outbox.deliver, unsaved(), Clock(lambda: NOW, sleep=sleep))

    async def work() -> None:
        await watching.start(Listed(*A))
        await done.wait()
        told.append((0.0, watching.told(A)))
        await watching.close()

    asyncio.run(run(outbox, work))
    assert sources.known == {A: Known(START // 1_000_000 + 2000, "2")}
    (waited, failed), (_, again) = told
    assert waited == RETRY_S == 10
    assert (failed.state, failed.retries, failed.events) == ("backing_off", 1, 3)
    assert failed.error == "ValueError: a message that nobody expected"
    assert failed.retry_at == NOW + 10 * SECOND_NS
    assert (again.state, again.error, again.retries) == ("live", "", 0)
    assert (again.events, again.connections) == (5, 2)
    assert again.lag_s == 96.0


def test_watching_start_again_changes_nothing_and_with_another_interval_opens_anew() -> None:
    sources = Scripted()

    async def deliver(_delivery: Delivery) -> None:
        raise AssertionError

    async def work() -> list[bool]:
        watching = Watching(sources, deliver, unsaved(), Clock(lambda: NOW))
        asked = [Listed(*A, since=1), Listed(*A, since=2), Listed(*A, interval_s=1.0)]
        started = [await watching.start(listed) for listed in asked]
        await asyncio.sleep(0)
        started += [await watching.stop(A), await watching.stop(A)]
        return started

    assert asyncio.run(work()) == [True, False, True, True, False]


def test_latest_trades_survive_a_restart_for_an_hour(tmp_path: Path) -> None:
    now, file = NOW, tmp_path / "latest_trades.json"
    for market, count in ((A, 5), (A, 9), (B, 2)):
        latest = LatestTrades(file, lambda: now)
        latest.note(Delivery(market, trades_of(market, 0, count), until_ns=NOW))
        latest.save()
    again = LatestTrades(file, lambda: now)
    assert again.of(A) == Known(START // 1_000_000 + 8000, "8")
    assert again.of(B) == Known(START // 1_000_000 + 1000, "1")
    assert again.of(C) is None
    now += 3600 * SECOND_NS
    assert again.of(A) is None
    file.write_bytes(b"{")
    assert LatestTrades(file, lambda: now).of(A) is None


def test_latest_trades_wait_while_earlier_ones_may_be_missing() -> None:
    latest = unsaved()
    latest.note(Delivery(A, trades_of(A, 0, 5), until_ns=NOW))
    latest.note(Delivery(A, trades_of(A, 7, 3)))
    assert latest.of(A) == Known(START // 1_000_000 + 4000, "4")
    latest.note(Delivery(A, trades_of(A, 5, 7), until_ns=NOW))
    assert latest.of(A) == Known(START // 1_000_000 + 11_000, "11")


def test_parcels_of_quiet_markets_that_only_tell_the_time_go_with_their_own_kind() -> None:
    def parcel(market: Market, until: int | None, count: int) -> Parcel:
        return Parcel(Delivery(market, trades_of(market, 0, count) if count else None, until_ns=until))

    other = Market("y", "BTC/USDT")
    groups = together(
        [
            parcel(other, NOW, 0),
            parcel(A, None, 3),
            parcel(B, NOW, 0),
            parcel(C, NOW + SECOND_NS, 0),
            parcel(other, NOW, 2),
        ]
    )
    assert [{one.delivery.market.venue for one in group} for group in groups] == [{"x"}, {"x"}, {"x"}, {"y"}]
    assert [[one.delivery.until_ns for one in group] for group in groups] == [
        [None], [NOW], [NOW + SECOND_NS], [NOW, NOW],
    ]  # fmt: skip
