"""The markets that can be simulated: from several trades a second to one every half minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulator.world import Spec, make_spec

TYPICAL_LOTS = 200
MEAN_TRADE = 1.1  # mean trade over typical order size, measured on clean tapes


@dataclass(frozen=True)
class Market:
    """What a symbol is like.

    Attributes:
        symbol: Its name.
        price: Opening price, quote currency.
        tick: Tick as (mantissa, decimals): (5, 4) is 0.0005.
        lot_decimals: A lot is 10 to the minus this many units.
        trades_per_s: Trades a second at average activity.
        sigma_bps: Standard deviation of one minute's fundamental return.
        half_spread_bps: Typical distance from fair price to a maker's first quote.
        makers: Number of market makers.
        active: Number of accounts that trade it by themselves.
    """

    symbol: str
    price: float
    tick: tuple[int, int]
    lot_decimals: int
    trades_per_s: float
    sigma_bps: float
    half_spread_bps: float
    makers: int
    active: int

    @property
    def base(self) -> int:
        """Opening price in ticks."""
        return round(self.price * 10.0 ** self.tick[1] / self.tick[0])

    @property
    def lots_per_s(self) -> float:
        """Expected traded lots a second."""
        return self.trades_per_s * MEAN_TRADE * TYPICAL_LOTS

    @property
    def half_spread_ticks(self) -> float:
        """Half spread in ticks."""
        return self.half_spread_bps * 1e-4 * self.base

    def spec(self, start: int, end: int, branching: float = 0.78) -> Spec:
        """Return the constants of the market's kernel between two times in nanoseconds."""
        decisions = 0.85 * self.trades_per_s
        return make_spec(
            start=start,
            end=end,
            opening=float(self.base),
            sigma=self.sigma_bps * 1e-4 / 60.0**0.5,
            immigrants=decisions * (1.0 - branching),
            branching=branching,
            typical=float(TYPICAL_LOTS),
            life_s=float(np.clip(20.0 / self.trades_per_s**0.5, 8.0, 120.0)),
            back_ticks=2.0 * self.half_spread_ticks + 1.0,
            slip=max(5, round(0.003 * self.base)),
            snipe_s=float(np.clip(3.0 / self.trades_per_s, 1.0, 60.0)),
            peak_hour=15.0,
        )


_KNOWN = (
    Market("ETH/USD", 3200.0, (20, 2), 4, 1.5, 7.0, 1.0, 6, 450),
    Market("ADA/USD", 0.45, (1, 4), 0, 0.25, 11.0, 3.5, 5, 180),
    Market("BTC/USD", 60_000.0, (5, 0), 5, 3.0, 5.5, 0.8, 7, 600),
    Market("XTZ/USD", 0.98, (5, 4), 0, 0.1, 12.0, 6.0, 4, 90),
    Market("SOL/USD", 140.0, (2, 2), 2, 0.7, 9.0, 2.0, 6, 300),
    Market("KNC/USD", 1.42, (1, 3), 0, 0.035, 14.0, 12.0, 5, 16),
)


def markets(count: int, rng: np.random.Generator) -> tuple[Market, ...]:
    """Return that many markets: the known ones first, then invented ones of random activity."""
    invented = []
    for number in range(len(_KNOWN), count):
        rate = float(np.exp(rng.uniform(np.log(0.033), np.log(3.0))))
        half_spread = 1.2 * rate**-0.6
        sigma = float(np.clip(8.0 * rate**-0.15 * rng.uniform(0.8, 1.2), 5.0, 15.0))
        price = round(float(rng.uniform(1.0, 9.0)), 2)
        active = int(np.clip(300 * rate**0.6, 14, 600))
        name = f"S{number + 1:02d}/USD"
        invented.append(Market(name, price, (5, 4), 1, rate, sigma, half_spread, 3 + int(rate > 0.08) * 2, active))
    return (*_KNOWN, *invented)[:count]
