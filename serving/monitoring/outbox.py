"""From the feeds to the engine: what many feeds deliver is put together, so that it is not synced to disk one by one.

A feed waits until its delivery is on disk, so each has one delivery here, or a few. Nothing that was taken is given up:
while the engine is busy or away the same batch, with the same key, is sent again until it is in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby

import pyarrow as pa
import structlog

from features.time_units import SECOND_NS
from serving.engine.wire import Ack, Batch, batch_of
from serving.errors import EngineBusyError, EngineUnavailableError
from serving.sources.feed import Delivery

GATHER_S = 0.1
AGAIN_S = 1.0
MOST_ROWS = 50_000
log = structlog.get_logger(__name__)


@dataclass
class Parcel:
    """What one market delivers in a round, and who waits for it."""

    delivery: Delivery
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        tables = (self.delivery.trades, self.delivery.books)
        return sum(int(table.num_rows) for table in tables if table is not None)

    def join(self, later: Delivery) -> None:
        """Put what the market delivered afterwards behind it."""
        mine = self.delivery
        until = mine.until_ns if later.until_ns is None else later.until_ns
        trades, books = joined([mine.trades, later.trades]), joined([mine.books, later.books])
        self.delivery = replace(mine, trades=trades, books=books, until_ns=until)

    def settle(self, error: Exception | None = None) -> None:
        """Tell those who wait."""
        for one in self.waiting:
            if not one.done():
                one.set_result(None) if error is None else one.set_exception(error)


def joined(tables: Iterable[pa.Table | None]) -> pa.Table | None:
    """Return tables of one kind as one, None where there is none."""
    given = [table for table in tables if table is not None]
    return pa.concat_tables(given, promote_options="default") if given else None


def together(parcels: Iterable[Parcel]) -> list[list[Parcel]]:
    """Return the parcels that one batch may carry: of one venue, and with watermarks within the same second.

    One batch has one watermark, the least of its parcels'; so none waits for another by more than a second.
    """

    def place(parcel: Parcel) -> tuple[str, int]:
        until = parcel.delivery.until_ns
        return parcel.delivery.market.venue, -1 if until is None else until // SECOND_NS

    groups: list[list[Parcel]] = []
    for _, alike in groupby(sorted(parcels, key=place), key=place):
        mine: list[Parcel] = []
        rows = 0
        for parcel in alike:
            if mine and rows + parcel.rows > MOST_ROWS:
                groups.append(mine)
                mine, rows = [], 0
            mine.append(parcel)
            rows += parcel.rows
        groups.append(mine)
    return groups


def batch_for(parcels: list[Parcel], key: str) -> Batch:
    """Return one batch of the parcels of a venue; its watermark is for their markets alone."""
    found = [parcel.delivery for parcel in parcels]
    tables = {
        "trades": joined(one.trades for one in found),
        "books": joined(one.books for one in found),
    }
    untils = [one.until_ns for one in found if one.until_ns is not None]
    return batch_of(
        {name: table for name, table in tables.items() if table is not None},
        source=found[0].market.venue,
        key=key,
        watermark=min(untils, default=None),
        markets=[(one.market.venue, one.market.symbol) for one in found],
    )


class Outbox:
    """Takes deliveries of all feeds and hands them to the engine.

    Args:
        submit: Hands a batch to the engine; called in threads.
        sleep: Waits.
    """

    def __init__(
        self, submit: Callable[[Batch], Ack], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._submit = submit
        self._sleep = sleep
        self._parcels: dict[tuple[str, str], Parcel] = {}
        self._some = asyncio.Event()
        self._sent = 0
        # Tells the batches of this process from those of the one before, which may be on disk.
        self._name = os.urandom(8).hex()

    async def deliver(self, delivery: Delivery) -> None:
        """Return when the delivery is on disk.

        Raises:
            EngineFailedError: The engine cannot take it.
        """
        waiting = asyncio.get_running_loop().create_future()
        while (parcel := self._parcels.get(delivery.market)) is not None and parcel.rows >= MOST_ROWS:
            await asyncio.wait(parcel.waiting)
        if parcel is None:
            parcel = self._parcels[delivery.market] = Parcel(delivery)
        else:
            parcel.join(delivery)
        parcel.waiting.append(waiting)
        self._some.set()
        await waiting

    async def run(self) -> None:
        """Hand over until cancelled."""
        while True:
            await self._some.wait()
            await self._sleep(GATHER_S)
            self._some.clear()
            parcels, self._parcels = list(self._parcels.values()), {}
            # A market has one parcel a round, and rounds follow each other: its events stay in order.
            await asyncio.gather(*(self._send(group) for group in together(parcels)))

    async def _send(self, parcels: list[Parcel]) -> None:
        try:
            await self._submitted(parcels)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one market must not stop the others
            if len(parcels) == 1:
                log.warning("outbox.refused", market=parcels[0].delivery.market, why=str(error))
                parcels[0].settle(error)
            else:
                for parcel in parcels:
                    await self._send([parcel])
        else:
            for parcel in parcels:
                parcel.settle()

    async def _submitted(self, parcels: list[Parcel]) -> None:
        self._sent += 1
        batch = batch_for(parcels, f"{self._name}-{self._sent}")
        while True:
            try:
                ack = await asyncio.to_thread(self._submit, batch)
            except EngineUnavailableError as error:
                wait_s = error.retry_after_s if isinstance(error, EngineBusyError) else AGAIN_S
                log.warning("outbox.engine_unavailable", again_s=wait_s, why=str(error))
                await self._sleep(wait_s)
            else:
                if ack.late:
                    log.warning("outbox.late", venue=batch.source, late=ack.late, markets=batch.markets)
                return
