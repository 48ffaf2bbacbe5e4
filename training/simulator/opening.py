"""Building the world of a tape from its setup."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.time_units import DAY_NS, SECOND_NS
from training.simulator.arithmetic import log, power
from training.simulator.chance import Chance, seed_of
from training.simulator.exchange.records import CALL, CLOSED, CONTINUOUS, empty_books, empty_log, empty_pool
from training.simulator.exchange.venue import Exchange
from training.simulator.flow.agenda import empty_agenda
from training.simulator.flow.desk import plan_action
from training.simulator.flow.loop import PHASE, open_world
from training.simulator.flow.world import ASSET, HOURS, MAKER, MAX_LEVELS, MOOD, SPEC, World, empty_desk
from training.simulator.people.markets import TYPICAL_LOTS, Market, Session, Venue
from training.simulator.people.population import N_ACCOUNTS, ROLES, Population, people_of

_BASIS, _MINUTE = 1e-4, 60.0
_PEOPLE, _MAKERS, _STREAMS = 11, 12, 13  # purposes of random streams
_PERSISTENCE, _SIZE_TAIL = 1.5, 1.5
_TRADES, _ORDERS = 1.25, 1.94  # trades an order that others do not set off, orders a decision; on clean tapes
_WORLD_HOURS = (  # relative activity of crypto markets by hour, UTC: asleep at 4, busiest at 14
    0.95, 0.85, 0.75, 0.65, 0.6, 0.62, 0.7, 0.8, 0.95, 1.0, 1.05, 1.1,
    1.25, 1.4, 1.5, 1.45, 1.35, 1.25, 1.15, 1.05, 1.0, 1.0, 1.0, 1.0,
)  # fmt: skip


def open_tape(
    markets: Sequence[Market], population: Population, span: tuple[int, int], key: tuple[int, ...], *, books: bool
) -> World:
    """Return a world in which everybody is about to act for the first time.

    Args:
        markets: All markets.
        population: Everybody.
        span: First and last nanosecond.
        key: Names the tape's random streams: seed and number of the tape.
        books: Whether changes of levels are logged.
    """
    assets = [[market for market in markets if market.asset == a] for a in range(markets[-1].asset + 1)]
    fees = [(market.venue.maker_bps * _BASIS, market.venue.taker_bps * _BASIS) for market in markets]
    shape = (N_ACCOUNTS, len(markets))
    exchange = Exchange(
        books=empty_books([market.symbol.base for market in markets], fees, shows_levels=books),
        pool=empty_pool(),
        log=empty_log(),
        position=np.zeros(shape, np.int64),
        cash=np.zeros(shape, np.int64),
        fees=np.zeros(shape),
    )
    streams = [seed_of(*key, _STREAMS, i) for i in range(len(markets) + len(assets) + 1)]
    world = World(
        exchange=exchange,
        specs=np.concatenate([_spec(market) for market in markets]),
        assets=np.concatenate([_asset(group) for group in assets]),
        moods=np.zeros(len(markets), MOOD),
        makers=np.concatenate([_makers(market, span[0], Chance(*key, _MAKERS, market.number)) for market in markets]),
        people=people_of(population, markets, (key[0], _PEOPLE)),
        desk=empty_desk(),
        agenda=empty_agenda(),
        streams=np.array(streams, np.uint64),
        clock=np.array([span[0], -1, -1], np.int64),
    )  # fmt: skip
    open_world(world, span[0])
    for market in markets:
        _plan_session(world, market, span)
    return world


def _spec(market: Market) -> NDArray[np.void]:
    symbol, rate = market.symbol, market.trades_per_s
    spec = np.zeros(1, SPEC)
    spec["asset"], spec["opening"], spec["typical"] = market.asset, symbol.base, TYPICAL_LOTS
    spec["decisions_s"] = rate * (1.0 - _ORDERS * symbol.offspring) / _TRADES
    spec["offspring"], spec["persistence"], spec["size_tail"] = symbol.offspring, _PERSISTENCE, _SIZE_TAIL
    spec["impatience"] = symbol.impatience
    spec["life_s"] = min(max(25.0 * power(rate, -0.4) / (0.5 + 0.5 * symbol.speed), 6.0), 240.0)
    spec["back_ticks"] = 3.0 * symbol.half_spread_ticks + 1.0
    spec["slip"] = max(5, round(0.004 * symbol.base / symbol.depth))
    spec["snipe_s"] = min(max(3.0 / rate, 0.02), 7_200.0)
    spec["hours"] = _hours(market.venue)
    return spec


def _hours(venue: Venue) -> list[float]:
    """Return activity by hour: the world's for a venue that never closes, busiest at both ends for one that does."""
    if venue.session is None:
        return list(_WORLD_HOURS)
    middle = 0.5 * (venue.session.opens + venue.session.closes)
    half = 0.5 * (venue.session.closes - venue.session.opens)
    return [0.7 + 0.9 * min(((hour - middle) / half) ** 2, 1.2) for hour in range(HOURS)]


def _asset(group: Sequence[Market]) -> NDArray[np.void]:
    symbol = group[0].symbol
    asset = np.zeros(1, ASSET)
    asset["sigma"] = symbol.sigma_bps * _BASIS / math.sqrt(_MINUTE)
    asset["beta"], asset["wildness"] = symbol.beta, symbol.wildness
    asset["value"] = asset["mid"] = log(float(symbol.base))
    asset["markets"], asset["first"] = len(group), group[0].number
    asset["arbitrage_s"] = min(max(0.3 / symbol.trades_per_s, 0.05), 5.0) if len(group) > 1 else 0.0
    return asset


def _makers(market: Market, start: int, chance: Chance) -> NDArray[np.void]:
    """Return the market's makers, each with a temper of its own; every third is fast."""
    symbol, half = market.symbol, market.half_spread_ticks
    count = max(2, round(symbol.makers * (0.6 + 0.4 * min(market.share * 2.0, 1.0))))
    pace = min(max(1.6 * power(market.trades_per_s, -0.6), 0.1), 60.0)
    makers = np.zeros(count, MAKER)
    for i, account in enumerate(chance.sample(ROLES["makers"], count)):
        maker, fast = makers[i], i % 3 == 0
        maker["market"], maker["account"], maker["seen"] = market.number, account, start
        maker["levels"] = min(chance.integer(2, 7), MAX_LEVELS)
        size = symbol.depth * chance.choice((0.7, 1.0, 1.5, 2.0, 3.0)) * chance.uniform(0.8, 1.2)
        maker["lots"] = max(round(TYPICAL_LOTS * size), 1)
        maker["half_spread"] = half * chance.log_uniform(0.75, 3.5)
        maker["gap"] = max(symbol.sparseness * half * chance.uniform(0.5, 1.6), 1.0)
        maker["refresh_s"] = pace * (0.25 if fast else 1.0) * chance.log_normal(0.4)
        maker["limit"] = maker["lots"] * chance.integer(12, 30)
        maker["lean"] = half * chance.uniform(0.2, 1.4)
        maker["trust_s"] = chance.uniform(8.0, 45.0)
        maker["replaces"] = int(chance.happens(0.3))
        maker["flashes"] = symbol.speed * (
            chance.uniform(0.4, 1.0) * min(power(market.trades_per_s, 0.3), 1.0) if fast else 0.0
        )
        maker["belief"] = log(float(symbol.base)) + chance.normal(0.0, 1e-4)
    return makers


def _plan_session(world: World, market: Market, span: tuple[int, int]) -> None:
    """Put the phases of every day on the agenda; a tape that starts within hours starts in them."""
    session = market.venue.session
    if session is None:
        return
    day = span[0] // DAY_NS * DAY_NS
    phase = CLOSED
    while day < span[1]:
        for when, following in _phases(session, day):
            if when <= span[0]:
                phase = following
            else:
                plan_action(world, when, PHASE, market.number, following)
        day += DAY_NS
    world.exchange.books[market.number]["phase"] = phase


def _phases(session: Session, day: int) -> list[tuple[int, int]]:
    opens, closes = (day + round(hour * 3_600) * SECOND_NS for hour in (session.opens, session.closes))
    call = round(session.auction_s) * SECOND_NS
    if not call:
        return [(opens, CONTINUOUS), (closes, CLOSED)]
    return [(opens - call, CALL), (opens, CONTINUOUS), (closes, CALL), (closes + call, CLOSED)]
