"""Oystacher, 2011 to 2014: bait at the touch, flipped: cancelled by his own aggressive order the other way."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader, lay_out, lure, some_rounds
from training.simulator.scenarios.base import Span

_BAIT, _BID = 921, 615  # bait and best bid of the published example
_AFTER_S = 0.004  # from the book that he saw to the bait


class Oystacher:
    """The case of Igor Oystacher and 3Red, the flip.

    Pattern: the offer is thin; two sells of together 921 join it, half as much again as the 615 bid; others lean on
    them and sell at that price; within 5 ms the sells are cancelled by his own buy at the same price, which takes
    what the others offered. Ratio of the bait to the other side's touch as published, but never less than two
    typical orders; how long it stood and how much he bought are not published and drawn at random.
    Subtle: a few flips, bait that stands for seconds, and a flip of a third of it. Blatant: dozens, a few hundred
    milliseconds each, for a tenth.
    Source: CFTC v. Oystacher and 3Red, 15-cv-9196 (E-mini S&P).
    """

    name, kind = "oystacher", "spoofing"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 4 to 20 rounds on a market where fast people trade."""
        return some_rounds(room, market, chance, 4.0, 20.0) if market.trades_per_s >= 0.2 else None

    def plan(self, stage: Stage) -> Plan:
        """Flip again and again; True if once bait was cancelled and the order against it traded."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        flips = max(3, round(stage.duration_s * stage.between(0.012, 0.09)))
        worked = 0
        for when in chance.times(flips, 0.0, stage.duration_s - 5.0):
            yield stage.at(when)
            worked += yield from _flip(stage, account)
        return worked > 0


def _flip(stage: Stage, account: int) -> Plan:
    """Join the thinner side with bait, wait until others lean on it, and turn around."""
    chance, touch = stage.chance, stage.touch()
    side = SELL if touch.ask_lots < touch.bid_lots else BUY
    price, opposite = (touch.ask, touch.bid_lots) if side == SELL else (touch.bid, touch.ask_lots)
    yield stage.sleep(_AFTER_S)
    total = max(_BAIT / _BID * opposite, stage.lots(2.0))
    share = chance.uniform(0.35, 0.65)
    quotes = [(price, max(1, round(total * part))) for part in (share, 1.0 - share)]
    bait = yield from lay_out(stage, [account], side, quotes, (0.0001, 0.001))
    stands_s = chance.log_uniform(0.7, 1.4) * stage.between(3.0, 0.25)
    lure(stage, side, chance.integer(2, 6), 0.4 * stands_s)
    yield stage.filled(*bait, within_s=stands_s)
    pulled = stage.cancel(*bait)
    bought = stage.send(account, -side, max(1, round(total * stage.between(0.35, 0.1))), bait[0].price)
    yield stage.sleep(chance.uniform(0.5, 3.0))
    stage.cancel(bought)
    return pulled > 0 and bought.filled > 0
