"""Advancing the bid: bids (offers) that better the touch again and again, so that the price follows."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import crew, level_ticks, lure, some_rounds
from training.simulator.scenarios.base import Span


class AdvancingTheBid:
    """A staircase of best bids that nobody wanted to buy at.

    Pattern: in a climb of a minute or so each order betters the best bid, and the one before is cancelled once the
    next stands; makers follow the mid price, others follow the bids. At the top a holding is sold into it, and the
    bids go. Selling mirrors it.
    Subtle: one climb of six steps, many seconds apart, of ordinary size. Blatant: climb after climb of thirty
    steps, a second apart, each several times what is shown at the touch.
    Source: MAR Annex II, section 1, 1(b) and 6(d).
    """

    kind = "advancing_the_bid"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 3 to 20 rounds."""
        return some_rounds(room, market, chance, 3.0, 20.0)

    def plan(self, stage: Stage) -> Plan:
        """Climb; True if in one climb the own best price advanced by at least three levels."""
        chance, accounts = stage.chance, crew(stage)
        stage.accused.extend(accounts)
        side = chance.choice((BUY, SELL))
        climbs = max(1, round(stage.between(0.6, 4.5)))
        every, farthest = stage.duration_s / climbs, 0
        for number in range(climbs):
            yield stage.at((number + chance.uniform(0.0, 0.2)) * every)
            advanced = yield from _climb(stage, accounts, side, 0.75 * every)
            farthest = max(farthest, advanced)
            side = -side if chance.happens(0.3) else side
        return farthest >= 3 * level_ticks(stage.market)


def _climb(stage: Stage, accounts: list[int], side: int, longest_s: float) -> Plan:
    """Better the touch step by step, sell into it, and go; return how many ticks the own best price advanced."""
    chance, standing, prices = stage.chance, list[Order](), list[int]()
    steps = max(6, round(stage.between(8.0, 26.0) * chance.uniform(0.8, 1.3)))
    gap_s = min(stage.between(5.0, 1.0) * chance.uniform(0.7, 1.4), longest_s / steps)
    for _ in range(steps):
        standing.append(_better(stage, chance.choice(accounts), side))
        prices.append(standing[-1].price)
        lure(stage, side, chance.integer(0, 3), 0.5 * gap_s)
        yield stage.sleep(gap_s * chance.uniform(0.05, 0.4))
        while len(standing) > 1 and (len(standing) > 4 or chance.happens(0.8)):
            stage.cancel(standing.pop(0))
        yield stage.sleep(gap_s * chance.exponential(0.8))
    if chance.happens(0.7):
        stage.cancel(*standing)
        stage.take(accounts[0], -side, stage.lots(stage.between(1.0, 6.0)), slip=2 * level_ticks(stage.market))
    yield stage.sleep(chance.log_uniform(0.05, 5.0))
    stage.cancel(*standing)
    return max((price - prices[0]) * side for price in prices)


def _better(stage: Stage, account: int, side: int) -> Order:
    """Rest an order that betters the touch, by more the wider the spread is; at the touch where there is no room."""
    room = max(stage.touch().spread - 1, 0)
    ticks = min(max(1, round(room * stage.between(0.3, 0.8))), room)
    lots = stage.lots(stage.between(0.7, 8.0) * stage.chance.uniform(0.7, 1.3))
    return stage.join(account, side, lots, behind=-ticks)
