"""Quote stuffing: bursts of orders, changes and cancels, far more than the account or the market usually sends."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, POST, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader, level_ticks
from training.simulator.scenarios.base import Span, anywhere, tape_s

_MOST_MESSAGES = 6_000
_REACH = 8  # levels from the touch within which orders flicker


class QuoteStuffing:
    """Messages for their own sake.

    Pattern: for seconds one account sends orders near the touch and takes them away at once, in a saw-tooth of
    prices or as a flicker at one price; sometimes it trades just when the burst has slowed everybody else.
    Subtle: a few short bursts of some twenty messages a second, orders that live for a good part of a second.
    Blatant: hundreds of messages a second for many seconds, orders that live for milliseconds.
    Source: MAR Annex II, section 1, 4(e).
    """

    kind = "quote_stuffing"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 1 to 20 minutes."""
        return anywhere(room, chance, min(chance.log_uniform(60.0, 1_200.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Send bursts from one account, which trades at the end of some."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        bursts = chance.integer(3, 8)
        messages = round(25.0 * power(50.0, stage.between(0.0, 1.0))) * 5  # a burst
        messages = min(round(messages * chance.uniform(0.7, 1.5)), _MOST_MESSAGES // bursts)
        for when in chance.times(bursts, 0.0, max(stage.duration_s - 20.0, 1.0)):
            yield stage.at(when)
            yield from _burst(stage, account, messages, chance.uniform(3.0, 8.0))
            if chance.happens(0.4):
                stage.take(account, chance.choice((BUY, SELL)), stage.lots(chance.uniform(0.5, 2.0)))
        return True


def _burst(stage: Stage, account: int, messages: int, seconds: float) -> Plan:
    """Send about that many messages: new, perhaps moved, cancelled."""
    chance, gap_s = stage.chance, seconds / messages
    standing, most = list[Order](), chance.integer(2, 9)
    side, moves = chance.choice((BUY, SELL)), chance.choice((0.0, 0.3, 0.6))
    both, tooth = chance.happens(0.4), chance.integer(1, _REACH)
    lots = stage.lots(chance.uniform(0.2, 1.5))
    for number in range(messages):
        price = _price(stage, side, number % tooth)
        if len(standing) >= most:
            stage.cancel(standing.pop(0))
        elif standing and chance.happens(moves):
            stage.replace(standing[-1], _price(stage, standing[-1].side, (number + 1) % tooth), lots)
        else:
            standing.append(stage.send(account, side, lots, price, terms=POST))
            side = -side if both else side
        yield stage.sleep(chance.exponential(gap_s))
    stage.cancel(*standing)


def _price(stage: Stage, side: int, level: int) -> int:
    """Return a price that many levels behind the own touch, and a level more so that it seldom trades."""
    touch = stage.touch()
    return (touch.bid if side > 0 else touch.ask) - side * (1 + level) * level_ticks(stage.market)
