"""An exchange on which nothing happens by itself: only the orders that a test sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.events import ORDER_KINDS, TRADE
from training.simulator.chance import Chance
from training.simulator.exchange.records import LEVEL, LOG_COLUMNS
from training.simulator.opening import open_tape
from training.simulator.people.markets import KNOWN, Venue, list_markets
from training.simulator.people.players import Players
from training.simulator.people.population import populate
from training.simulator.people.stage import Room, Stage

KINDS = {code: name for name, code in ORDER_KINDS.items()} | {TRADE: "trade", LEVEL: "level"}


def floor(*, books: bool = False, maker_bps: float = 0.0, taker_bps: float = 0.0) -> Stage:
    """Return a stage on an empty market of BTC/USD."""
    venue = Venue("floor", maker_bps=maker_bps, taker_bps=taker_bps)
    markets = list_markets(KNOWN[2:3], (venue,))
    population = populate(Chance(1, 2))
    world = open_tape(markets, population, (0, 10**12), (1, 0), books=books)
    players = Players(world)
    room = Room(world, markets, population, (0, 10**12), 4.0, players.hooks, players.join)
    return Stage(room, markets[0], Chance(7), 0, 0, 10**12)


def messages(stage: Stage) -> pd.DataFrame:
    """Return every message so far, kinds by name."""
    log = stage.room.world.exchange.log
    table = pd.DataFrame(np.array(log.rows[: log.count[0]]), columns=list(LOG_COLUMNS))
    table["kind"] = table["kind"].map(KINDS)
    return table


def trades(stage: Stage) -> list[tuple[Any, ...]]:
    """Return (price, lots, buyer's order, seller's order) of every trade so far."""
    table = messages(stage)
    table = table[table["kind"] == "trade"]
    return list(table[["price", "lots", "number", "counter_number"]].itertuples(index=False, name=None))
