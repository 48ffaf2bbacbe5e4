"""The state of everything that happens by itself: constants, moods and habits as records and arrays.

Everything is here, so a tape can stop after any event and go on later; memory does not grow with its length.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from training.simulator.exchange.venue import Exchange
from training.simulator.flow.agenda import Agenda

MAX_LEVELS = 8
HOURS = 24
N_DESK = 1 << 16
DESK = 1 << 24  # hooks from here on are orders of people with a plan, below they are market makers


class Spec(Protocol):
    """Constants of one market; all markets of a symbol share an asset.

    Attributes:
        asset: Number of the symbol.
        venue: Number of the venue.
        opening: Opening price, ticks.
        typical: Median size of an order that rests, lots.
        decisions_s: Spontaneous decisions of background accounts a second, at average activity.
        offspring: Mean number of other decisions that each order sets off.
        persistence: Exponent of the number of orders of one decision; near 1 gives long memory.
        impatience: Factor on everybody's share of orders that take.
        life_s: Typical life of a resting background order.
        back_ticks: Typical distance behind the touch.
        size_tail: Exponent of large sizes.
        slip: Ticks through the touch that a background taker goes at most.
        snipe_s: Mean time between looks of fast takers.
        hours: Relative activity of each hour of the day, mean 1, shape (24,).
    """

    asset: int
    venue: int
    opening: float
    typical: float
    decisions_s: float
    offspring: float
    persistence: float
    impatience: float
    life_s: float
    back_ticks: float
    size_tail: float
    slip: int
    snipe_s: float
    hours: NDArray[np.float64]


class Asset(Protocol):
    """What a symbol is worth, and how excited everybody is about it.

    Attributes:
        sigma: Standard deviation of the log price over one second.
        beta: Correlation of its moves with all other assets'.
        wildness: Standard deviation of log volatility.
        value: Log of the price it is worth, ticks.
        quick: Log volatility around its usual level, seconds.
        steady: The same, minutes.
        slow: The same, hours.
        buzz: Log activity around its usual level, minutes; not tied to volatility.
        sentiment: Standard normal leaning of background decisions to buy.
        mid: Log of the mean of its markets' mid prices.
        markets: How many markets it has.
        first: The first of them; they stand together.
        arbitrage_s: Mean time between looks of arbitrageurs, 0 without any.
    """

    sigma: float
    beta: float
    wildness: float
    value: float
    quick: float
    steady: float
    slow: float
    buzz: float
    sentiment: float
    mid: float
    markets: int
    first: int
    arbitrage_s: float


class Mood(Protocol):
    """The loose numbers of a market: signed taker flow so far, in roots of small orders, and lots traded so far."""

    flow: float
    volume: int


class Maker(Protocol):
    """One market maker in one market.

    Attributes:
        market: Where.
        account: Who.
        levels: Quotes a side, at most MAX_LEVELS.
        lots: Size of the first level, the same on both sides.
        half_spread: Ticks from fair price to first quote.
        gap: Ticks between levels.
        refresh_s: Mean time between looks at the market.
        limit: Inventory in lots from which one side is quoted reluctantly.
        lean: Ticks that the fair price moves at full book imbalance.
        trust_s: Time constant with which belief goes to what the asset is worth.
        replaces: 1 where quotes move by replace messages instead of cancel and new.
        flashes: Mean number of fleeting orders a look.
        belief: Log of the believed price in ticks.
        seen: When it last looked, ns.
        flow: The market's signed flow then.
        heat: Recent movement of belief, which widens the quotes.
        inventory: Lots held.
        pending: 1 while a reaction to a fill is on the agenda.
        paused: No quote on this side before, ns, shape (2,).
        slot: Slots of the quotes, 0 for none, shape (2, MAX_LEVELS).
        number: Order numbers that those slots must still hold.
    """

    market: int
    account: int
    levels: int
    lots: int
    half_spread: float
    gap: float
    refresh_s: float
    limit: int
    lean: float
    trust_s: float
    replaces: int
    flashes: float
    belief: float
    seen: int
    flow: float
    heat: float
    inventory: int
    pending: int
    paused: NDArray[np.int64]
    slot: NDArray[np.int64]
    number: NDArray[np.int64]


class Desk(NamedTuple):
    """Orders of people with a plan, by number of their hook, shape (N_DESK,) each.

    Attributes:
        slot: Where it rests, 0 when it does not.
        number: Order number that the slot must still hold.
        filled: Lots filled so far.
        waiter: Who waits for its next fill, -1 for nobody.
        ticket: What the waiter then wakes with.
    """

    slot: NDArray[np.int64]
    number: NDArray[np.int64]
    filled: NDArray[np.int64]
    waiter: NDArray[np.int64]
    ticket: NDArray[np.int64]


class People(NamedTuple):
    """Habits, shape (n_accounts,) unless stated.

    Attributes:
        reach: Cumulative share of each market's background orders, shape (n_markets, n_retail), last is 1.
        usual: Usual order size relative to the median account's.
        roundness: Share of orders in round sizes.
        impatience: Share of orders that take.
        omnibus: 1 where many clients share the account, so that it may meet itself.
        latency_ns: Time from something at the venue to the account's answer.
        volume: Lots traded, shape (n_accounts, n_markets).
        snipers: Fast takers.
        arbitrageurs: Those who trade one venue against another.
    """

    reach: NDArray[np.float64]
    usual: NDArray[np.float64]
    roundness: NDArray[np.float64]
    impatience: NDArray[np.float64]
    omnibus: NDArray[np.int64]
    latency_ns: NDArray[np.int64]
    volume: NDArray[np.int64]
    snipers: NDArray[np.int64]
    arbitrageurs: NDArray[np.int64]


class World(NamedTuple):
    """A tape in the making.

    Attributes:
        exchange: Books, orders, log and holdings.
        specs: One `Spec` a market.
        assets: One `Asset` a symbol.
        moods: One `Mood` a market.
        makers: One `Maker` each.
        people: Habits.
        desk: Orders of people with a plan.
        agenda: What will happen.
        streams: Random streams: one a market, then one an asset, then the common one.
        clock: Time of the latest action, ns; and whom to wake with which ticket, shape (3,).
    """

    exchange: Exchange
    specs: Any
    assets: Any
    moods: Any
    makers: Any
    people: People
    desk: Desk
    agenda: Agenda
    streams: NDArray[np.uint64]
    clock: NDArray[np.int64]


def _fields(kind: type, *names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names]


SPEC = np.dtype(
    [
        *_fields(np.int64, "asset", "venue", "slip"),
        *_fields(
            np.float64, "opening", "typical", "decisions_s", "offspring", "persistence", "impatience", "life_s",
            "back_ticks", "size_tail", "snipe_s",
        ),
        ("hours", np.float64, (HOURS,)),
    ]
)  # fmt: skip
ASSET = np.dtype(
    [
        *_fields(np.int64, "markets", "first"),
        *_fields(
            np.float64, "sigma", "beta", "wildness", "value", "quick", "steady", "slow", "buzz", "sentiment", "mid",
            "arbitrage_s",
        ),
    ]
)  # fmt: skip
MOOD = np.dtype([*_fields(np.float64, "flow"), *_fields(np.int64, "volume")])
MAKER = np.dtype(
    [
        *_fields(np.int64, "market", "account", "levels", "lots", "limit", "replaces", "seen", "inventory", "pending"),
        *_fields(
            np.float64, "half_spread", "gap", "refresh_s", "lean", "trust_s", "flashes", "belief", "flow", "heat",
        ),
        ("paused", np.int64, (2,)),
        ("slot", np.int64, (2, MAX_LEVELS)),
        ("number", np.int64, (2, MAX_LEVELS)),
    ]
)  # fmt: skip


def empty_desk() -> Desk:
    """Return a desk without orders."""
    return Desk(
        slot=np.zeros(N_DESK, np.int64),
        number=np.zeros(N_DESK, np.int64),
        filled=np.zeros(N_DESK, np.int64),
        waiter=np.full(N_DESK, -1, np.int64),
        ticket=np.zeros(N_DESK, np.int64),
    )
