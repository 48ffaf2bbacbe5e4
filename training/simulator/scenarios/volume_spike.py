"""Volume spike: for some minutes many accounts trade several times the market's usual volume, both ways.

Nobody leads it and no news explains it: small trades of accounts that have nothing else in common, more buys than sells
or the reverse by chance only, so the price hardly leaves its range. The label names whoever took part.
Subtle: four times the usual volume for minutes. Blatant: twenty times.
Source: the mission: volume at least 3.0 times the window's average.
"""

from __future__ import annotations

import math

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_LEAST_MULTIPLE, _MOST_ORDERS, _LIFE_NS = 3.0, 4_000, 12_000_000_000


class VolumeSpike:
    """A burst of everybody's trades."""

    kind = "volume_spike"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 2 to 10 minutes, longer where trades are rare."""
        length = chance.uniform(120.0, 600.0) * (2.0 if market.trades_per_s < 0.1 else 1.0)
        return anywhere(room, chance, min(length, 0.2 * tape_s(room)), before_s=0.2 * tape_s(room))

    def plan(self, stage: Stage) -> Plan:
        """Let a crowd trade; True if the volume was at least three times what the tape had before."""
        chance, length = stage.chance, stage.duration_s
        crowd = stage.strangers(round(stage.between(20.0, 140.0) * chance.uniform(0.8, 1.2)))
        rate = stage.volume() / ((stage.now - stage.room.span[0]) / 1e9) if stage.now > stage.room.span[0] else 0.0
        wanted = max(rate, 0.5 * stage.market.lots_per_s) * length * stage.between(4.0, 22.0)
        orders = min(max(round(wanted / stage.lots(1.4)), len(crowd)), _MOST_ORDERS)
        early, before, resting = chance.uniform(0.25, 0.5), stage.volume(), list[Order]()
        for seconds in sorted(_hump(chance, early) * length for _ in range(orders)):
            yield stage.at(seconds)
            account = chance.choice(crowd)
            stage.accused.append(account)
            side, lots = chance.choice((BUY, SELL)), max(1, round(wanted / orders * chance.log_normal(0.6)))
            resting += _trade(stage, account, side, lots)
            while resting and resting[0].sent < stage.now - _LIFE_NS:
                stage.cancel(resting.pop(0))
        return stage.volume() - before >= _LEAST_MULTIPLE * rate * length


def _hump(chance: Chance, peak: float) -> float:
    """Return a number in [0, 1) that is likeliest at the peak and rarer towards both ends."""
    share = chance.uniform()
    return math.sqrt(share * peak) if share < peak else 1.0 - math.sqrt((1.0 - share) * (1.0 - peak))


def _trade(stage: Stage, account: int, side: int, lots: int) -> list[Order]:
    """Take, or rest at the touch; return what was meant to rest."""
    if stage.chance.happens(0.35) or stage.touch().spread > 12.0 * stage.market.half_spread_ticks:
        return [stage.join(account, side, lots, behind=-stage.chance.integer(0, 2))]
    stage.take(account, side, lots, slip=round(1.5 * stage.market.half_spread_ticks))
    return []
