"""Ordinary holders whose trading stands out by its circumstances alone."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import own_pace, work
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_THIN = 0.05  # trades a second


class ThinMarketThreeUsers(Innocent):
    """In a quiet market three accounts make most of the trading for a while, each for reasons of its own."""

    kind = "thin_market_three_users"
    rate_h = 0.3

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 30 to 90 minutes, at most half the tape; None where it is not quiet."""
        if market.trades_per_s > _THIN:
            return None
        return anywhere(room, chance, min(chance.uniform(1_800.0, 5_400.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Let each of the three trade at its own pace and lean."""
        stage.accused.extend(stage.strangers(3))
        for account in stage.accused:
            stage.also(_trade_freely(stage, account), after_s=stage.chance.uniform(0.0, 120.0))
        yield stage.at(stage.duration_s)


class DormantAwakening(Innocent):
    """An account that slept for the whole history sells an old stake, patiently."""

    kind = "dormant_awakening"
    rate_h = 0.1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 20 to 120 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(1_200.0, 7_200.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Sell orders of one and the same size at irregular times, mostly resting."""
        chance, account = stage.chance, stage.strangers(1, "dormant")[0]
        stage.accused.append(account)
        pace_s = own_pace(stage.market, trades=50.0, least_s=30.0, most_s=400.0)
        lots = stage.lots(chance.uniform(0.8, 3.0))
        while stage.left_s > 0.0:
            if chance.happens(0.75):
                yield from work(stage, account, SELL, lots, 0.8 * pace_s, slip=0)
            else:
                stage.take(account, SELL, lots)
            yield stage.sleep(chance.exponential(pace_s))


class OwnerAccountsBothWays(Innocent):
    """Two accounts of one owner trade opposite ways long apart, so never against each other."""

    kind = "owner_accounts_both_ways"
    rate_h = 0.1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return a third to four fifths of the tape, at most eight hours."""
        return anywhere(room, chance, min(chance.uniform(0.33, 0.8) * tape_s(room), 28_800.0))

    def plan(self, stage: Stage) -> Plan:
        """Trade with the first account in the first sixth, with the second in the last."""
        chance, side = stage.chance, stage.chance.choice((BUY, SELL))
        first, second, *_ = chance.choice(_passive_groups(stage) or list(stage.room.population.together))
        stage.accused.extend((first, second))
        work_s = min(stage.duration_s / 6.0, 900.0)
        for account, way, begin_s in ((first, side, 0.0), (second, -side, stage.duration_s - work_s)):
            orders = chance.integer(4, 10)
            for when in chance.times(orders, begin_s, begin_s + 0.9 * work_s):
                yield stage.at(when)
                lots = stage.lots(chance.uniform(0.4, 2.0))
                yield from work(stage, account, way, lots, 0.5 * work_s / orders, slip=1)


def _passive_groups(stage: Stage) -> list[tuple[int, ...]]:
    """Return owners' accounts that do not trade the market by themselves."""
    reach = stage.room.world.people.reach[stage.market.number]
    return [
        group for group in stage.room.population.together if all(reach[a] == reach[a - 1] for a in group if a)
    ]  # fmt: skip


def _trade_freely(stage: Stage, account: int) -> Plan:
    """Trade about three times as often as all others together."""
    chance, market = stage.chance, stage.market
    pace_s = chance.uniform(0.6, 1.4) / market.trades_per_s
    usual, lean = chance.log_normal(0.4), chance.uniform(0.25, 0.75)
    while stage.left_s > 0.0:
        yield stage.sleep(chance.exponential(pace_s))
        side, lots = (BUY if chance.happens(lean) else SELL), stage.lots(usual * chance.log_normal(0.5))
        if chance.happens(0.55):
            stage.take(account, side, lots, slip=round(market.half_spread_ticks))
        else:
            order = stage.join(account, side, lots, behind=-chance.integer(0, 3))
            yield stage.filled(order, within_s=chance.uniform(20.0, 120.0))
            stage.cancel(order)
