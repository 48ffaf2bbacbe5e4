"""Arbitrage: one account buys on the cheaper venue and sells on the dearer one within the same instant, all day.

Differences come about by themselves, and after orders of others that are too large for one venue; other arbitrageurs
want them, too, and it gets what it is fast enough for. Not abuse, but what
an exchange wants to know of. Its position over both venues stays about flat.
Subtle: it looks now and then and trades small lots. Blatant: it looks many times a second and takes all there is.
Source: detectors.md: prices apart beyond fees, harvested.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_BASIS, _ENOUGH = 1e-4, 4


class Arbitrage:
    """The same thing bought here and sold there."""

    kind = "arbitrage"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 20 to 60 minutes, longer where trades are rare; None where the symbol trades on one venue only."""
        if not any(m.asset == market.asset and m.number != market.number for m in room.markets):
            return None
        length = chance.uniform(1_200.0, 3_600.0) * (3.0 if market.trades_per_s < 0.1 else 1.0)
        return anywhere(room, chance, min(length, 0.6 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Look at both venues again and again; True if four pairs of trades came of it."""
        chance, account, there = stage.chance, stage.strangers(1, "desks")[0], stage.chance.choice(stage.elsewhere())
        stage.accused.append(account)
        pause = min(max(0.3 / stage.market.symbol.trades_per_s, 0.05), 5.0) * stage.between(4.0, 0.2)
        most, pairs = stage.lots(stage.between(0.5, 6.0)), 0
        stage.also(_be_clumsy(stage, (stage.market, there)))
        while stage.left_s > 0.0:
            yield stage.sleep(chance.exponential(pause))
            for cheap, dear in ((stage.market, there), (there, stage.market)):
                pairs += int(_harvest(stage, account, cheap, dear, most))
        return pairs >= _ENOUGH


def _be_clumsy(stage: Stage, markets: tuple[Market, Market]) -> Plan:
    """Let strangers send an order too large for one venue now and then: it sweeps some levels and rests there."""
    chance, every_s = stage.chance, min(max(8.0 / stage.market.symbol.trades_per_s, 15.0), 150.0)
    while stage.left_s > 0.0:
        yield stage.sleep(chance.exponential(every_s))
        where, side = chance.choice(markets), chance.choice((BUY, SELL))
        touch = stage.touch(where)
        best = touch.ask if side > 0 else touch.bid
        reach = 1 + round(chance.uniform(1.0, 4.0) * where.half_spread_ticks + 4.0 * _BASIS * best)
        lots = stage.shown(-side, best, reach + 1) + stage.lots(chance.uniform(1.0, 8.0))
        order = stage.send(stage.strangers(1)[0], side, lots, best + side * reach, market=where)
        yield stage.sleep(chance.uniform(3.0, 15.0))
        stage.cancel(order)


def _harvest(stage: Stage, account: int, cheap: Market, dear: Market, most: int) -> bool:
    """Trade both sides of a difference beyond fees; return whether both filled."""
    buy, sell = stage.touch(cheap), stage.touch(dear)
    costs = (cheap.venue.taker_bps + dear.venue.taker_bps) * _BASIS * buy.ask
    lots = min(buy.ask_lots, sell.bid_lots, most)
    if lots < 1 or sell.bid - buy.ask <= costs:
        return False
    bought = stage.take(account, BUY, lots, market=cheap)
    sold = stage.take(account, SELL, max(bought.filled, 1), market=dear)
    return bought.filled > 0 and sold.filled > 0
