"""Ramping: one account carries the price up (or down) by trades at ever higher prices.

Pattern: executions of one account climb step by step; whenever others push the price back it buys it up again, and
rests bids right under it, so that the climb looks broad. Subtle: 1 % within an hour, steps minutes apart; blatant: 6 %
within ten minutes, a step every few seconds. No announcement, no crowd.

Source: MAR Annex II, Section 1, 1(b) and 4(a); 0.03 is the catalogue's price change.
"""

from __future__ import annotations

from training.simulator.arithmetic import exp, log
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.rush import affordable, scaled

_LEAST = 0.4  # of the rise that was wanted


class Ramping:
    """A price that one account walks up."""

    kind = "ramping"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 10 to 60 minutes."""
        return anywhere(room, chance, min(chance.log_uniform(600.0, 3_600.0), 0.6 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Walk the price along a line, then let go; True if it came far enough."""
        chance, account = stage.chance, stage.strangers(1, "retail" if stage.chance.happens(0.6) else "desks")[0]
        stage.accused.append(account)
        side, begin = chance.choice((BUY, BUY, SELL)), stage.mid()
        rise, climb_s = affordable(stage, 0.01, 0.06), stage.duration_s * scaled(stage, 0.9, 0.35)
        pause, support, best = scaled(stage, 40.0, 4.0), list[Order](), 0.0
        while stage.elapsed_s < climb_s:
            wanted = begin * float(exp(side * rise * stage.elapsed_s / climb_s))
            _push(stage, account, side, wanted)
            best = max(best, side * float(log(stage.mid() / begin)))
            stage.cancel(*support)
            support = [_prop(stage, account, side, wanted) for _ in range(chance.integer(0, 3))]
            yield stage.filled(*support, within_s=chance.exponential(pause) + 0.2)
        stage.cancel(*support)
        return best >= _LEAST * rise


def _push(stage: Stage, account: int, side: int, wanted: float) -> None:
    """Take what is offered up to the wanted price, at least a little of it."""
    touch = stage.touch()
    near = touch.ask if side == BUY else touch.bid
    levels = round((wanted - near) * side)
    lots = stage.lots(stage.chance.uniform(0.1, 0.4))
    if levels >= 0:
        lots += stage.shown(-side, near, levels + 1)
        stage.take(account, side, lots, slip=levels)
    elif levels >= -2 * stage.market.half_spread_ticks and stage.chance.happens(0.3):
        stage.take(account, side, lots, slip=0)


def _prop(stage: Stage, account: int, side: int, wanted: float) -> Order:
    """Rest an order at or behind the own touch, never beyond the wanted price."""
    chance, touch = stage.chance, stage.touch()
    behind = chance.integer(-1, 1 + round(stage.market.half_spread_ticks))
    price = min(touch.bid - behind, touch.ask - 1) if side == BUY else max(touch.ask + behind, touch.bid + 1)
    return stage.send(account, side, stage.lots(chance.uniform(0.5, 2.0)), side * min(side * price, side * wanted))
