"""Symbols and venues: from one trade an hour to a hundred a second, from coarse ticks to fine ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.simulator.arithmetic import log, power
from training.simulator.chance import Chance

TYPICAL_LOTS = 1_000
_MEAN_TRADE = 0.5  # of a typical order; measured on clean tapes
_BASIS = 1e-4


@dataclass(frozen=True)
class Symbol:
    """What is traded.

    Attributes:
        name: Its name.
        price: Opening price, quote currency.
        tick: Tick as (mantissa, decimals): (5, 4) is 0.0005.
        lot_decimals: A lot is 10 to the minus this many units.
        trades_per_s: Trades a second at average activity, over all venues.
        sigma_bps: Standard deviation of what it is worth over one minute.
        half_spread_bps: Typical distance from fair price to a maker's first quote.
        makers: Market makers on the first venue.
        active: Accounts that trade it by themselves.
        wildness: Standard deviation of log volatility; more gives heavier tails and clusters.
        beta: Correlation of its moves with the market's.
        impatience: Factor on everybody's share of orders that take.
        offspring: Mean number of other decisions that each order sets off; near 0.5 arrivals come in avalanches.
        depth: Size of makers' quotes at the touch, 1 as usual.
        sparseness: Distance between makers' quotes, 1 as usual.
        speed: Fleeting orders and short lives, 1 as usual; 0 for a venue without fast traders.
    """

    name: str
    price: float
    tick: tuple[int, int]
    lot_decimals: int
    trades_per_s: float
    sigma_bps: float
    half_spread_bps: float
    makers: int
    active: int
    wildness: float = 1.0
    beta: float = 0.5
    impatience: float = 1.0
    offspring: float = 0.4
    depth: float = 1.0
    sparseness: float = 1.0
    speed: float = 1.0

    @property
    def base(self) -> int:
        """Opening price in ticks."""
        return round(self.price * 10.0 ** self.tick[1] / self.tick[0])

    @property
    def half_spread_ticks(self) -> float:
        """Half spread in ticks; makers cannot quote within a tick."""
        return max(self.half_spread_bps * _BASIS * self.base, 0.5)


@dataclass(frozen=True)
class Session:
    """Trading hours of a venue, every day.

    Attributes:
        opens: Hour of day, UTC, at which continuous trading begins.
        closes: Hour of day, UTC, at which it ends, > opens.
        auction_s: Length of the opening call before `opens` and of the closing call after `closes`; 0 for none.
    """

    opens: float
    closes: float
    auction_s: float = 300.0


@dataclass(frozen=True)
class Venue:
    """Where it is traded.

    Attributes:
        name: Its name.
        share: Activity relative to the other venues.
        maker_bps: Fee of whoever rested, basis points of value.
        taker_bps: Fee of whoever took.
        clock_us: Timestamps are whole multiples of this many microseconds.
        session: Trading hours; None trades round the clock.
    """

    name: str
    share: float = 1.0
    maker_bps: float = 0.0
    taker_bps: float = 0.0
    clock_us: int = 1
    session: Session | None = None


@dataclass(frozen=True)
class Market:
    """One symbol on one venue.

    Attributes:
        number: Its number on the tape.
        asset: Number of its symbol.
        symbol: What.
        venue: Where.
        share: Share of the symbol's activity.
    """

    number: int
    asset: int
    symbol: Symbol
    venue: Venue
    share: float

    @property
    def trades_per_s(self) -> float:
        """Expected trades a second."""
        return self.symbol.trades_per_s * self.share

    @property
    def lots_per_s(self) -> float:
        """Expected traded lots a second, roughly."""
        return self.trades_per_s * TYPICAL_LOTS * _MEAN_TRADE

    @property
    def half_spread_ticks(self) -> float:
        """Half spread in ticks."""
        return self.symbol.half_spread_ticks

    @property
    def usd_per_lot(self) -> float:
        """Value of a lot at the opening."""
        return self.symbol.price / 10.0**self.symbol.lot_decimals


KNOWN = (
    Symbol("ETH/USD", 3200.0, (20, 2), 4, 0.8, 7.0, 1.0, 6, 900, 0.95, 0.75),
    Symbol("ADA/USD", 0.45, (1, 4), 0, 0.2, 11.0, 5.0, 5, 360, 1.0, 0.6),
    Symbol("BTC/USD", 60_000.0, (5, 0), 5, 1.6, 5.5, 0.8, 7, 1200, 0.9, 0.8),
    Symbol("XTZ/USD", 0.98, (5, 4), 0, 0.08, 12.0, 7.0, 4, 180, 1.1, 0.5),
    Symbol("SOL/USD", 140.0, (2, 2), 2, 0.4, 9.0, 2.0, 6, 600, 1.0, 0.65),
    Symbol("KNC/USD", 1.42, (1, 3), 0, 0.03, 14.0, 12.0, 4, 40, 1.2, 0.4),
)
"""The first six symbols of every tape: busy and quiet, fine and coarse."""


def default_symbols(count: int, chance: Chance) -> tuple[Symbol, ...]:
    """Return that many symbols: the known ones first, then invented ones of random activity."""
    return (*KNOWN, *(_invented(number, chance) for number in range(len(KNOWN), count)))[:count]


def _invented(number: int, chance: Chance) -> Symbol:
    rate = chance.log_uniform(0.01, 3.0)
    half_spread = min(1.5 * power(rate, -0.6), 40.0)
    sigma = min(max(8.0 * power(rate, -0.15) * chance.uniform(0.8, 1.2), 5.0), 20.0)
    tick_bps = chance.log_uniform(0.5, 1.5 * half_spread)
    price = round(chance.uniform(1.0, 9.0), 2)
    decimals = math.ceil(-log(price * tick_bps * _BASIS) / log(10.0))
    active = int(min(max(600 * power(rate, 0.6), 20), 1500))
    wildness, beta = chance.uniform(0.9, 1.2), chance.uniform(0.3, 0.7)
    name = f"S{number + 1:02d}/USD"
    makers = 3 + int(rate > 0.05) * 2
    return Symbol(name, price, (1, decimals), 1, rate, sigma, half_spread, makers, active, wildness, beta)


def altcoins(count: int, chance: Chance) -> tuple[Symbol, ...]:
    """Return thin coins as on the tapes of `data/pumps`: coarse ticks, avalanches of trades, dead minutes between."""
    return tuple(_altcoin(number, chance) for number in range(count))


def _altcoin(number: int, chance: Chance) -> Symbol:
    tick_bps = chance.log_uniform(1.5, 40.0)
    return Symbol(
        name=f"C{number + 1:02d}/BTC",
        price=round(1.0 / (tick_bps * _BASIS)),
        tick=(1, 0),
        lot_decimals=0,
        trades_per_s=chance.log_uniform(0.006, 0.022),
        sigma_bps=chance.log_uniform(13.0, 26.0),
        half_spread_bps=max(chance.log_uniform(3.0, 7.0), 0.5 * tick_bps),
        makers=chance.integer(2, 4),
        active=chance.integer(100, 400),
        wildness=chance.uniform(1.2, 1.5),
        beta=chance.uniform(0.3, 0.6),
        offspring=0.46,
        depth=0.4,
        sparseness=4.0,
        impatience=0.8,
    )


DEFAULT_VENUE = Venue("sim")


def list_markets(symbols: Sequence[Symbol], venues: Sequence[Venue]) -> tuple[Market, ...]:
    """Return every symbol on every venue, those of one symbol together."""
    total = math.fsum(venue.share for venue in venues)
    pairs = [(a, symbol, venue) for a, symbol in enumerate(symbols) for venue in venues]
    return tuple(Market(i, a, symbol, venue, venue.share / total) for i, (a, symbol, venue) in enumerate(pairs))
