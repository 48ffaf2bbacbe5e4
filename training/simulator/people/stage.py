"""What people with a plan see of the markets, and what they can do there.

A plan is a generator: it acts through its stage and yields a `Wait` for a time or for a fill, whichever is first. It
answers a fill only after its account's latency. Prices are ticks, quantities lots, times nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from features.time_units import SECOND_NS
from training.simulator.chance import Chance
from training.simulator.exchange.records import MEETS_ITSELF, POST_ONLY, RESTS
from training.simulator.flow import desk
from training.simulator.flow.touch import imbalance, middle
from training.simulator.flow.world import World
from training.simulator.people.markets import TYPICAL_LOTS, Market
from training.simulator.people.population import ROLES, Population

BUY, SELL = 1, -1
GTC, IOC, FOK, POST = RESTS, 0, 8, RESTS + POST_ONLY


@dataclass(eq=False)
class Order:
    """An order of somebody with a plan.

    Attributes:
        hook: Its number at the desk.
        market: Where.
        account: Whose.
        side: BUY or SELL.
        price: Latest limit, ticks.
        lots: Quantity sent.
        sent: When, ns.
    """

    world: World
    hook: int
    market: Market
    account: int
    side: int
    price: int
    lots: int
    sent: int

    @property
    def filled(self) -> int:
        """Lots filled so far."""
        return int(self.world.desk.filled[self.hook])

    @property
    def is_open(self) -> bool:
        """Whether it rests in the book."""
        return bool(desk.stands(self.world, self.hook))


class Wait(NamedTuple):
    """Until a time, or until one of the orders is filled, wholly or in part."""

    until: int
    orders: tuple[Order, ...] = ()


class Touch(NamedTuple):
    """Best prices and the lots shown there; an empty side stands a typical spread away with 0 lots."""

    bid: int
    ask: int
    bid_lots: int
    ask_lots: int

    @property
    def spread(self) -> int:
        """Ticks between them."""
        return self.ask - self.bid


Plan = Generator[Wait, None, Any]
"""What people with a plan do; the outermost returns False if its defining fact did not come about."""


@dataclass
class Room:
    """What all stages of a tape share.

    Attributes:
        world: Everything.
        markets: All markets.
        population: Everybody.
        span: First and last nanosecond of the tape.
        fixings_h: Hours between the moments at which reference prices are taken, from midnight UTC.
        start: Takes a new plan: its first time, its generator.
        transfers: Deposits and withdrawals: time, account, signed USD.
    """

    world: World
    markets: tuple[Market, ...]
    population: Population
    span: tuple[int, int]
    fixings_h: float
    hooks: list[int]
    start: Callable[[int, Plan], None]
    transfers: list[tuple[int, int, float]] = field(default_factory=list)


@dataclass
class Stage:
    """One episode's view of the world.

    Attributes:
        room: What it shares with the others.
        market: Where it plays, first of all.
        chance: Source of all its chance.
        tag: Its number on the tape.
        begin: When it begins, ns.
        end: When it should be over, ns.
        severity: 0 subtle to 1 blatant.
        accused: Accounts that commit it, for the label; a plan fills it.
        labelled_from: The label's start where that is not the first message, ns.
        labelled_to: The label's end where that is not the last message, ns.
        sequels: What it led to, labelled as well: typology, start and end, ns.
        orders: Every order that it sent and that still counts.
    """

    room: Room
    market: Market
    chance: Chance
    tag: int
    begin: int
    end: int
    severity: float = 0.5
    accused: list[int] = field(default_factory=list)
    labelled_from: int | None = None
    labelled_to: int | None = None
    sequels: list[tuple[str, int, int]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    @property
    def now(self) -> int:
        """Present time, ns."""
        return int(self.room.world.clock[0])

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return (self.now - self.begin) / SECOND_NS

    @property
    def duration_s(self) -> float:
        """Planned length in seconds."""
        return (self.end - self.begin) / SECOND_NS

    @property
    def left_s(self) -> float:
        """Seconds until it should be over, 0 or more."""
        return max(self.end - self.now, 0) / SECOND_NS

    def sleep(self, seconds: float) -> Wait:
        """Return a wait of that many seconds, at least a microsecond."""
        return Wait(self.now + max(int(seconds * 1e6), 1) * 1_000)

    def at(self, seconds: float) -> Wait:
        """Return a wait until that many seconds after the beginning."""
        return Wait(self.begin + int(seconds * 1e6) * 1_000)

    def filled(self, *orders: Order, within_s: float) -> Wait:
        """Return a wait until one of the orders is filled, or that many seconds have passed, at least a microsecond."""
        return Wait(self.now + max(int(within_s * 1e6), 1) * 1_000, orders)

    def between(self, subtle: float, blatant: float) -> float:
        """Return the point between two extremes that the severity stands for, with some chance."""
        share = min(max(self.severity + self.chance.normal(0.0, 0.06), 0.0), 1.0)
        return subtle + (blatant - subtle) * share

    def strangers(self, count: int, role: str = "retail") -> list[int]:
        """Return that many different accounts of a role: retail, dormant or desks."""
        return self.chance.sample(ROLES[role], count)

    def lots(self, typical_orders: float) -> int:
        """Return a quantity of so many typical orders in lots, at least 1."""
        return max(1, round(typical_orders * TYPICAL_LOTS))

    def touch(self, market: Market | None = None) -> Touch:
        """Return the best prices of a market."""
        where = market or self.market
        book = self.room.world.exchange.books[where.number]
        wide = max(round(2 * where.half_spread_ticks), 1)
        bid, ask = int(book["best"][0]), int(book["best"][1])
        has_bid, has_ask = bool(book["resting"][0]), bool(book["resting"][1])
        last = int(book["last"])
        bid = bid if has_bid else (ask - wide if has_ask else last - wide)
        ask = ask if has_ask else bid + wide
        shown = book["depth"]
        return Touch(bid, ask, int(shown[0, bid]) if has_bid else 0, int(shown[1, ask]) if has_ask else 0)

    def mid(self, market: Market | None = None) -> float:
        """Return the mid price in ticks."""
        return float(middle(self.room.world, (market or self.market).number))

    def last(self, market: Market | None = None) -> int:
        """Return the price of the last trade in ticks."""
        return int(self.room.world.exchange.books[(market or self.market).number]["last"])

    def tilt(self, reach: int = 6, market: Market | None = None) -> float:
        """Return (bid - ask) / (bid + ask) of the lots within that many ticks of the touch."""
        return float(imbalance(self.room.world, (market or self.market).number, reach))

    def shown(self, side: int, first: int, levels: int, market: Market | None = None) -> int:
        """Return the lots shown on a side at that many prices from `first` on, away from the touch."""
        depth = self.room.world.exchange.books[(market or self.market).number]["depth"][0 if side > 0 else 1]
        low, high = (first - levels + 1, first + 1) if side > 0 else (first, first + levels)
        return int(depth[max(low, 0) : high].sum())

    def volume(self, market: Market | None = None) -> int:
        """Return the lots traded in a market so far."""
        return int(self.room.world.moods[(market or self.market).number]["volume"])

    def own_volume(self, accounts: Sequence[int], market: Market | None = None) -> int:
        """Return the lots traded so far by accounts, once for each of them that took part."""
        return int(self.room.world.people.volume[list(accounts), (market or self.market).number].sum())

    def position(self, account: int, market: Market | None = None) -> int:
        """Return the lots that an account holds."""
        return int(self.room.world.exchange.position[account, (market or self.market).number])

    def elsewhere(self) -> list[Market]:
        """Return the other markets of the same symbol."""
        return [m for m in self.room.markets if m.asset == self.market.asset and m.number != self.market.number]

    def send(
        self,
        account: int,
        side: int,
        lots: int,
        price: float,
        *,
        terms: int = GTC,
        display: int = 0,
        meets_itself: bool = False,
        market: Market | None = None,
    ) -> Order:
        """Send a limit order now.

        Args:
            account: Whose.
            side: BUY or SELL.
            lots: Quantity, raised to 1 if less.
            price: Limit in ticks, rounded.
            terms: GTC, IOC, FOK or POST.
            display: Lots that an iceberg shows at a time; 0 shows all.
            meets_itself: Whether it may trade with the account's own orders.
            market: Where, if not the stage's market.
        """
        where, hook = market or self.market, self.room.hooks.pop()
        flags = terms + (MEETS_ITSELF if meets_itself else 0)
        order = Order(self.room.world, hook, where, account, side, round(price), max(lots, 1), self.now)
        self.orders.append(order)
        desk.send_order(
            self.room.world, where.number, account, side, order.price, order.lots, flags, display, self.tag, hook
        )  # fmt: skip
        return order

    def take(self, account: int, side: int, lots: int, *, slip: int = 0, market: Market | None = None) -> Order:
        """Send a marketable order, up to `slip` ticks through the touch; what does not fill is gone."""
        touch = self.touch(market)
        price = touch.ask + slip if side > 0 else touch.bid - slip
        return self.send(account, side, lots, price, terms=IOC, market=market)

    def join(self, account: int, side: int, lots: int, *, behind: int = 0, market: Market | None = None) -> Order:
        """Rest an order that many ticks behind the own touch; negative improves it, short of the other side."""
        touch = self.touch(market)
        price = min(touch.bid - behind, touch.ask - 1) if side > 0 else max(touch.ask + behind, touch.bid + 1)
        return self.send(account, side, lots, price, market=market)

    def cancel(self, *orders: Order) -> int:
        """Cancel orders that still stand; return how many did."""
        return sum(bool(desk.cancel_order(self.room.world, order.hook)) for order in orders)

    def replace(self, order: Order, price: float, lots: int) -> bool:
        """Change price and open lots of an order that still stands; return whether it did."""
        order.price = round(price)
        return bool(desk.replace_order(self.room.world, order.hook, order.price, max(lots, 1)))

    def ahead(self, order: Order) -> int:
        """Return the lots shown before an order in its queue, -1 when it does not stand."""
        return int(desk.lots_ahead(self.room.world, order.hook))

    def news(self, move: float, crowd: int, within_s: float, *, side: int = 0, asset: int | None = None) -> None:
        """Move what the symbol is worth by a log return, and make a crowd decide within some seconds."""
        desk.shock(self.room.world, self.market.asset if asset is None else asset, move, crowd, within_s, side)

    def phase(self, market: Market | None = None) -> int:
        """Return the phase of a market: CONTINUOUS, CALL, HALTED or CLOSED."""
        return int(self.room.world.exchange.books[(market or self.market).number]["phase"])

    def set_phase(self, phase: int, market: Market | None = None) -> None:
        """Let a market enter a phase now: CONTINUOUS, CALL, HALTED or CLOSED."""
        desk.set_phase(self.room.world, (market or self.market).number, phase)

    def transfer(self, account: int, usd: float) -> None:
        """Note a deposit (positive) or a withdrawal of an account now."""
        self.room.transfers.append((self.now, account, usd))

    def also(self, plan: Plan, *, after_s: float = 0.0) -> None:
        """Let another plan of the same episode begin."""
        self.room.start(self.now + int(after_s * 1e6) * 1_000, plan)
