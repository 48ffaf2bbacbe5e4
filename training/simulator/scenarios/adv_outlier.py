"""Outlier against average daily volume: one account trades, in hours, a large part of what all trade in a day.

It may trade one way or both; nothing but the value against the symbol's usual day is remarkable.
Subtle: a tenth of an average day. Blatant: three quarters of it.
Needs a full day of tape before it, hence tapes of two days and more.
Source: detectors.md: a user's value against the symbol's average daily volume, at least 10,000 USD.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere
from training.simulator.scenarios.habits import DAY_S, HOUR_S, deal, usd_per_lot, without_habit

_LEAST_USD, _LEAST_SHARE = 10_000.0, 0.05


class AdvOutlier:
    """One account, a day's volume."""

    kind = "adv_outlier"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 3 to 14 hours after a full day of tape, None on shorter tapes."""
        return anywhere(room, chance, chance.uniform(3.0, 14.0) * HOUR_S, before_s=DAY_S)

    def plan(self, stage: Stage) -> Plan:
        """Spread orders over the span; True if 10,000 USD and a twentieth of an average day were traded."""
        chance, account = stage.chance, without_habit(stage, 1)[0]
        stage.accused.append(account)
        daily = stage.volume() / ((stage.now - stage.room.span[0]) / 1e9) * DAY_S
        wanted = max(stage.between(0.1, 0.75) * daily, 1.2 * _LEAST_USD / usd_per_lot(stage))
        orders = min(max(round(wanted / stage.lots(chance.uniform(1.5, 4.0))), 12), 1_500)
        buys = chance.choice((0.2, 0.4, 0.5, 0.6, 0.8))
        for number, seconds in enumerate(chance.times(orders, 0.0, stage.duration_s - 60.0)):
            yield stage.at(seconds)
            side, missing = (BUY if chance.happens(buys) else SELL), wanted - stage.own_volume([account])
            each = min(max(missing, 0.0) / (orders - number), 2.0 * wanted / orders)
            lots = round(each * chance.log_normal(0.5))
            yield from deal(stage, account, side, lots, patience_s=60.0)
        own = stage.own_volume([account])
        return own >= _LEAST_SHARE * daily and own * usd_per_lot(stage) >= _LEAST_USD
