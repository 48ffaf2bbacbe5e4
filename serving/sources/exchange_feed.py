"""A market of an exchange as a feed: trades and book over WebSocket, by questions where there is none.

    ccxt client → reading (stream or polled) → Ledger, BookView → Outbox → deliver

Three things run side by side: what reads, what asks for missing trades, and what hands over. A failure ends the first
two; they begin again after `retry_s`, and what was missed meanwhile is asked for. Nothing of it touches another market.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from features.time_units import MS_NS, SECOND_NS
from serving.errors import SourceError
from serving.sources.asking import trades_after
from serving.sources.book_view import BookView
from serving.sources.dialects.dialect import Fault
from serving.sources.exchange import Exchange, reason
from serving.sources.feed import Deliver, FeedStatus, Market
from serving.sources.ledger import Ledger, Trade, note
from serving.sources.outbox import Outbox
from serving.sources.reading import read_book, read_trades
from serving.sources.terms import Known, Terms

_TEXT = 300
_DEFAULT = Terms()


class ExchangeFeed:
    """One market of an exchange.

    Time. `until_ns` of a delivery is the exchange's own time as its messages tell it (`ExchangeClock`), less
    `margin_s`. It is taken at the tick before the one that tells it, so that all that had reached this machine by then
    has been read, and it stands still while trades are missing, while the connection is down, and until what a cut hid
    has been asked for. A polled market's time is that of its last question. Trades that are lost without a sign (no ids
    to count by, no cut) cannot be waited for.

    Attributes:
        market: What it watches.
        status: How it is.

    Args:
        exchange: The exchange, shared by the feeds of its markets.
        symbol: Unified symbol, see `Exchange.symbol_of`.
        deliver: Takes what came.
        terms: What is watched, and how.
        known: The newest trade that was there before: what came since is asked for first.
    """

    def __init__(
        self, exchange: Exchange, symbol: str, deliver: Deliver, terms: Terms = _DEFAULT, known: Known | None = None
    ) -> None:
        self.market = Market(exchange.name, symbol)
        self.status = FeedStatus()
        self.exchange = exchange
        self.terms = terms
        self.view = BookView(terms.depth)
        self.ledger = Ledger(self.status, gap_free=exchange.dialect.gap_free, known=known)
        self.outbox = Outbox(self.market, exchange.dialect)
        self.torn = asyncio.Event()
        self._deliver = deliver
        self._wanted = asyncio.Event()
        self._cut = known is not None
        self._counted = False
        self._began: Known | None = None
        self._whole = False
        self._mark_ns: int | None = None
        self._next_mark_ns: int | None = None
        exchange.attach(symbol, self.status)

    async def run(self) -> None:
        """Deliver until cancelled; failures are told in the status and tried again, never raised."""
        handing = asyncio.create_task(self._hand_over())
        try:
            while True:
                try:
                    await self._watch()
                except Exception as error:  # noqa: BLE001 - told, and tried again: nothing ends a feed but its owner
                    await self._back_off(error)
        finally:
            handing.cancel()
            with suppress(asyncio.CancelledError):
                await handing
            self.status.state = "stopped"
            self.status.retry_at_ns = None
            self.exchange.detach(self.market.symbol, self.status)

    async def flush(self) -> None:
        """Hand over what is left, after the end of `run`; raises what `deliver` raises."""
        while (delivery := self.outbox.next(None)) is not None:
            await self._deliver(delivery)
            self.outbox.taken(self.status)

    async def _watch(self) -> None:
        self.status.state = "connecting"
        self.view.forget()
        name = await self.exchange.symbol_of(self.market.symbol)
        if name != self.market.symbol:
            raise SourceError(f"symbol must be as the exchange names it, {name}, was {self.market.symbol}")
        await self.exchange.hear_time()
        began_ns = self.exchange.clock.at()
        if self._began is None and began_ns is not None:
            self._began = Known(began_ns // MS_NS)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._mend())
            if self.terms.trades:
                group.create_task(read_trades(self))
            else:
                self._whole = True
            if self.terms.books:
                group.create_task(read_book(self))

    async def _back_off(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self._whole = False
        self._cut = True
        self.status.retries += 1
        self._tell_failure(error)
        await self.exchange.machine.sleep(self.terms.retry_s)
        self.status.retry_at_ns = None

    def _tell_failure(self, error: BaseException) -> None:
        self.status.error = f"{type(error).__name__}: {reason(error)}"[:_TEXT]
        self.status.state = "backing_off"
        self.status.retry_at_ns = self.exchange.machine.wall_ns() + int(self.terms.retry_s * SECOND_NS)

    def arrived(self) -> None:
        """Note that something came, so that the feed is live."""
        self.status.last_arrival_ns = self.exchange.last_arrival_ns or self.exchange.machine.wall_ns()
        self._be_live()

    def _be_live(self) -> None:
        if self.status.state == "connecting":
            self.status.state = "live"
            self.status.connections += 1
            self.status.error, self.status.retries = "", 0

    def take(self, trades: Sequence[Trade], *, asked: bool = False) -> None:
        """Take trades as they came, and pass on those that are new."""
        fresh = self._plausible(self.ledger.take(trades, asked=asked))
        if fresh:
            self.exchange.clock.hear(max(int(trade["timestamp"]) for trade in fresh) * MS_NS)
            self.outbox.add_trades(fresh)
            self._wanted.set()
        if self.ledger.holes:
            self.torn.set()
        if self.outbox.is_full:
            raise BufferError(f"{len(fresh)} trades and more wait to be taken; reading stops")
        if not asked:
            self.arrived()

    def _plausible(self, trades: list[Trade]) -> list[Trade]:
        kept = [trade for trade in trades if not self.exchange.clock.is_leap(int(trade["timestamp"]) * MS_NS)]
        if len(kept) < len(trades):
            note(self.status, "trades stamped more than an hour ahead of the exchange's time were left aside")
        return kept

    def show(self, book: object, time_ms: int | None) -> None:
        """Pass on what changed of the book."""
        clock = self.exchange.clock
        if time_ms is not None and clock.is_leap(time_ms * MS_NS):
            time_ms = None
        if time_ms is not None:
            clock.hear(time_ms * MS_NS)
        heard = time_ms * MS_NS if time_ms is not None else clock.at()
        time_ns = max(heard or self.exchange.machine.wall_ns(), self.outbox.told_ns)
        if not self.outbox.add_changes(self.view.changes(book, time_ns)):
            self.view.forget()
        self._wanted.set()
        self.arrived()

    async def catch_up(self) -> None:
        """Ask for what was missed since the newest known trade, if anything can have been."""
        known, asked_ns = self.ledger.newest or self._began, self.exchange.clock.at()
        if self._cut and known is not None:
            if not self._counted:
                self.status.gaps += 1
                self._counted = True
            if self.exchange.can("fetchTrades"):
                joins = await self.ask(known)
                self.status.filled += joins
            else:
                joins = False
            if not joins:
                self._note_gap(known)
        if asked_ns is not None:
            self._began = Known(asked_ns // MS_NS)
        self._cut = self._counted = False
        self._whole = True

    def tell_gap(self, known: Known) -> None:
        """Count a hole that cannot be filled, after a known trade."""
        self.status.gaps += 1
        self._note_gap(known)

    def _note_gap(self, known: Known) -> None:
        note(self.status, f"trades after {known.trade_id or known.ms} may be missing: they could not be had any more")

    def refuse_book(self, fault: Fault) -> None:
        """Count a book that cannot be, and begin anew."""
        setattr(self.status, fault, getattr(self.status, fault) + 1)
        self.view.forget()

    async def ask(self, known: Known) -> bool:
        """Take the trades after a known one; return whether they are known to join it without a gap."""
        joins: bool | None = None
        async for page in trades_after(self.exchange.dialect, self.market.symbol, known):
            joins = page.joins if joins is None else joins
            self.take(page.trades, asked=True)
        by_number = self.exchange.dialect.gap_free and known.trade_id is not None
        return by_number or joins is not False

    def mark(self, monotonic_ns: int) -> None:
        """Note a time at which all that had happened was asked for."""
        self._mark_ns = monotonic_ns

    async def _mend(self) -> None:
        """Ask for missing trades, a few times, for questions may be answered later than the stream tells."""
        while True:
            await self.torn.wait()
            self.torn.clear()
            while self.ledger.holes:
                hole = self.ledger.holes[0]
                for wait_s in (0.0, 1.0, 2.0, 4.0):
                    if wait_s:
                        await self.exchange.machine.sleep(wait_s)
                    if hole.missing:
                        await self._ask_for(hole.before, max(hole.missing))
                if hole.missing:
                    self.ledger.give_up(hole)

    async def _ask_for(self, known: Known, last: int) -> None:
        async for page in trades_after(self.exchange.dialect, self.market.symbol, known):
            self.take(page.trades, asked=True)
            if int(page.trades[-1]["id"]) >= last:
                return

    async def _hand_over(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.terms.tick_s):
                    await self._wanted.wait()
                    await asyncio.sleep(self.terms.gather_s)
            self._wanted.clear()
            if self._whole and self.exchange.is_connected:
                self._be_live()
            try:
                delivery = self.outbox.next(self._until_ns())
                if delivery is None:
                    continue
                await self._deliver(delivery)
            except Exception as error:  # noqa: BLE001 - told, and the same is delivered again
                self._tell_failure(error)
                await self.exchange.machine.sleep(self.terms.retry_s)
                self.status.retry_at_ns = None
                self.status.state = "connecting"
            else:
                self.outbox.taken(self.status)
            if not self.outbox.is_empty:
                self._wanted.set()

    def _until_ns(self) -> int | None:
        """Return the time before which no event of this market will follow, None where that is not known."""
        now = self.exchange.machine.monotonic_ns()
        due = self._next_mark_ns is None or now - self._next_mark_ns >= self.terms.tick_s * SECOND_NS
        if self._streams and due:
            self._mark_ns, self._next_mark_ns = self._next_mark_ns, now
        if not self._whole or self.ledger.holes or self._mark_ns is None:
            return None
        time_ns = self.exchange.clock.at(self._mark_ns)
        return None if time_ns is None else time_ns - int(self.terms.margin_s * SECOND_NS)

    @property
    def _streams(self) -> bool:
        return self.streams("watchTrades" if self.terms.trades else "watchOrderBook")

    def streams(self, what: str) -> bool:
        """Return whether something is listened to, by ccxt's name of it, rather than asked for."""
        return self.terms.stream and self.exchange.can(what)
