"""Excessive accumulation and offloading: what the four typologies share.

A week of ordinary trading, then up to 18 hours in which one account trades one way: for 12,000 USD or many times its
usual day. Against its own history, the account was balanced before. Against the others, it may always have leaned
that way: what it stands out from are peers who go on trading both ways.
"""

from __future__ import annotations

from dataclasses import replace

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, Plan, Room, Stage
from training.simulator.scenarios.base import Span
from training.simulator.scenarios.habits import (
    DAY_S,
    HISTORY_DAYS,
    after_a_week,
    deal_at,
    keep_habit,
    some_habit,
    usd_per_lot,
    without_habit,
)

_LEAST_USD, _LEAST_DEALS, _LEAST_SHARE = 10_000.0, 5, 0.7  # the nine parameters of detectors.md


class OneSided:
    """One account trades one way; subclasses say which and against whom.

    Attributes:
        kind: The typology.
        side: BUY to accumulate, SELL to offload.
        others: Whether peers are the benchmark instead of its own history.
    """

    kind: str
    sides = 1
    side: int
    others: bool

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return a week of history and the hours after it, None on shorter tapes."""
        return after_a_week(room, chance)

    def plan(self, stage: Stage) -> Plan:
        """Trade by habit for a week, then one way; True if value, deals and share pass the usual thresholds."""
        chance, peers = stage.chance, stage.chance.integer(5, 9) if self.others else 0
        account, *rest = without_habit(stage, 1 + peers)
        stage.accused.append(account)
        for peer in rest:
            stage.also(keep_habit(stage, peer, some_habit(chance), HISTORY_DAYS + 1))
        leaning = self.others and chance.happens(0.5)
        habit = some_habit(chance)
        yield from keep_habit(stage, account, replace(habit, buys=0.5 + 0.25 * self.side if leaning else 0.5))
        deals = round(stage.between(10.0, 36.0))
        usd = max(habit.trades * habit.usd * stage.between(3.0, 14.0), stage.between(13_500.0, 30_000.0))
        share = min(stage.between(0.78, 1.02), 1.0)
        week_s = HISTORY_DAYS * DAY_S
        times = chance.times(deals, week_s + 60.0, week_s + 0.95 * (stage.duration_s - week_s))
        yield stage.at(times[0])
        stage.labelled_from = stage.now
        tally = yield from deal_at(stage, account, times, usd / deals, share if self.side == BUY else 1.0 - share)
        stage.labelled_to = stage.now
        reached = tally.share if self.side == BUY else 1.0 - tally.share
        worth = (tally.bought + tally.sold) * usd_per_lot(stage)
        return worth >= _LEAST_USD and tally.deals >= _LEAST_DEALS and reached >= _LEAST_SHARE
