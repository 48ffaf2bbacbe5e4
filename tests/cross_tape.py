"""Hand-made trades of one thing on several venues: honest ones, and patterns among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from features.encoding import Lots, encode
from features.events import Events, Vocabulary
from features.readers import Tape

SECOND = 1_000_000_000
START = 1_714_521_600 * SECOND
VENUES = ("alpha", "beta", "gamma")
Trade = dict[str, Any]


class Venues:
    """Writes trades on venues whose prices follow one walk.

    Args:
        minutes: Length.
        seed: Seed.
        venues: Names of the venues.
        every_s: Mean seconds between trades of a venue.
    """

    def __init__(
        self, minutes: float = 20.0, seed: int = 1, venues: tuple[str, ...] = VENUES[:2], every_s: float = 2.0
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.venues = venues
        self.trades: list[Trade] = []
        steps = self.random.normal(0.0, 1e-4, int(minutes * 60) + 2)
        self.walk = 100.0 * np.exp(np.cumsum(steps))
        for venue in venues:
            time = self.random.exponential(every_s)
            while time < minutes * 60:
                maker, taker = (f"a{number}" for number in self.random.choice(40, 2, replace=False))
                self.trade(time, venue, taker, maker, self.random.choice((1, -1)), self.random.exponential(2.0) + 0.1)
                time += self.random.exponential(every_s)

    def price(self, time: float) -> float:
        """Return what the thing is worth at a time."""
        return float(self.walk[int(time)])

    def trade(
        self, time: float, venue: str, taker: str | None, maker: str | None, side: int, quantity: float,
        shift_bps: float = 0.0,
    ) -> None:  # fmt: skip
        """Write a trade at the worth of the moment, shifted and half a spread away."""
        price = self.price(time) * (1.0 + 1e-4 * (shift_bps + side))
        self.trades.append(
            {
                "timestamp": START + round(time * SECOND), "venue": venue, "symbol": "BTC/USD" if venue != "beta"
                else "BTC-USD", "trade_id": f"{venue}{len(self.trades)}", "price": round(price, 4),
                "quantity": round(quantity, 3), "buyer_id": taker if side > 0 else maker,
                "seller_id": maker if side > 0 else taker, "aggressor": "buy" if side > 0 else "sell",
            }
        )  # fmt: skip

    def wash(self, at: float, rounds: int = 6, every_s: float = 40.0) -> Venues:
        """Let two trade there and back, on two venues in turn."""
        for number in range(rounds):
            begin, quantity = at + number * every_s, self.random.uniform(3.0, 6.0)
            self.trade(begin, self.venues[number % 2], "wash-b", "wash-a", 1, quantity)
            self.trade(begin + 2.0, self.venues[1 - number % 2], "wash-a", "wash-b", 1, quantity)
        return self

    def apart(self, at: float, seconds: float = 90.0, bps: float = 60.0) -> Venues:
        """Let the first venue trade away from the others."""
        for trade in self.trades:
            if trade["venue"] == self.venues[0] and 0 <= (trade["timestamp"] - START) / SECOND - at < seconds:
                trade["price"] *= 1.0 + bps * 1e-4
        return self

    def push(self, at: float, moved: str = "alpha", away: str = "beta") -> Venues:
        """Let one build a position on one venue, sweep the other, and get rid of the position."""
        for number in range(3):
            self.trade(at - 60.0 + 15.0 * number, away, "pusher", f"a{number}", 1, 4.0)
        for number in range(6):
            self.trade(at + 0.2 * number, moved, "pusher", f"a{number + 3}", 1, 4.0, shift_bps=4.0 * number)
        for number in range(3):
            self.trade(at + 3.0 + number, away, "pusher", f"a{number + 9}", -1, 4.0, shift_bps=8.0)
        return self

    def arbitrage(self, at: float, pairs: int = 24) -> Venues:
        """Let one buy on the first venue and sell on the second at once, and the other way, at a gain."""
        for number in range(pairs):
            first, second = self.venues[:2] if number % 2 else self.venues[1::-1]
            time, quantity = at + 12.0 * number, self.random.uniform(1.0, 3.0)
            self.trade(time, first, "arb", f"a{number % 30}", 1, quantity, shift_bps=-6.0)
            self.trade(time + 0.05, second, "arb", f"a{number % 30 + 5}", -1, quantity, shift_bps=6.0)
        return self

    def records(self) -> list[Trade]:
        """Return the trades in time order."""
        ordered = sorted(self.trades, key=lambda trade: (trade["timestamp"], trade["venue"]))
        return [{**trade, "sequence": number} for number, trade in enumerate(ordered)]


def events_of(trades: list[Trade], names: Vocabulary, first_row: int = 0) -> Events:
    """Return trades as events, in the order in which they come."""
    return encode(tape_of(trades), names, Lots(1e-3), first_row=first_row)


def tape_of(trades: list[Trade]) -> Tape:
    """Return trades as a tape."""
    columns: dict[str, Any] = {name: [trade[name] for trade in trades] for name in trades[0]}
    columns["timestamp"] = pa.array(columns["timestamp"], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    texts = ("venue", "symbol", "trade_id", "buyer_id", "seller_id", "aggressor")
    columns |= {name: pa.array(columns[name], pa.string()) for name in texts}
    return Tape("venues", trades=pa.table(columns))
