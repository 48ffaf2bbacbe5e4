"""Price anomaly: a fat finger, a flash crash (or spike) that recovers, or a jump that stays, without a reason.

A fat finger is one order far through the book, at the end of which bargain hunters wait; the book then refills. A crash
is a minute or more of orders that keep hitting whatever appears, until its accounts stop. A jump is a crash that the
market takes for true.
Subtle: a move of about 2 %. Blatant: 15 % and more.
Source: the mission: price moves of 0.15, or beyond k robust deviations of the market's own history.
"""

from __future__ import annotations

from training.simulator.arithmetic import log
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere

_LEAST_MOVE = 0.012


class PriceAnomaly:
    """The price goes where nothing takes it."""

    kind = "price_anomaly"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 1 to 5 minutes."""
        return anywhere(room, chance, chance.uniform(60.0, 300.0), before_s=600.0)

    def plan(self, stage: Stage) -> Plan:
        """Play one of the forms; True if the last price was carried 1.2 % away at least."""
        chance, side = stage.chance, stage.chance.choice((BUY, SELL))
        form, before = chance.weighted(("finger", "crash", "jump"), (0.3, 0.4, 0.3)), stage.mid()
        accounts = stage.strangers(1 if form == "finger" else chance.integer(2, 6))
        stage.accused.extend(accounts)
        if form == "finger":
            farthest = yield from _slip(stage, accounts[0], side, before * stage.between(0.02, 0.12))
        else:
            target = before * (1.0 + side * stage.between(0.025, 0.22))
            if form == "jump":
                stage.news(log(target / before), round(stage.between(5.0, 40.0)), 20.0)
            farthest = yield from _carry(stage, accounts, side, target)
        stage.labelled_to = stage.now
        return abs(farthest / before - 1.0) >= _LEAST_MOVE


def _slip(stage: Stage, account: int, side: int, through: float) -> Plan:
    """Send one order far through the book, what is left of which hunters snap up; return the farthest price."""
    chance, touch = stage.chance, stage.touch()
    best = touch.ask if side > 0 else touch.bid
    lots = stage.shown(-side, best, round(through)) + stage.lots(chance.uniform(2.0, 12.0))
    order = stage.send(account, side, lots, best + side * through)
    stop = stage.now + int(chance.uniform(8.0, 60.0) * 1e9)
    reached = stage.last()
    while order.is_open and stage.now < stop:
        yield stage.filled(order, within_s=chance.uniform(0.2, 4.0))
        hunter, most = stage.strangers(1, "desks")[0], stage.lots(chance.uniform(0.5, 4.0))
        stage.take(hunter, -side, most)
        reached = side * max(side * reached, side * stage.last())
    stage.cancel(order)
    return reached


def _carry(stage: Stage, accounts: list[int], side: int, target: float) -> Plan:
    """Take whatever stands on the way to a target that moves away, and rest there; return the farthest price."""
    chance, start, farthest = stage.chance, stage.mid(), stage.last()
    reach_s = stage.duration_s * chance.uniform(0.3, 0.6)
    while stage.left_s > 0.0:
        goal = round(start + (target - start) * min(stage.elapsed_s / reach_s, 1.0))
        touch = stage.touch()
        best = touch.ask if side > 0 else touch.bid
        ahead = stage.shown(-side, best, abs(goal - best) + 1) if side * (goal - best) >= 0 else 0
        if ahead or side * (goal - (touch.bid if side > 0 else touch.ask)) > 0:
            lots = ahead + stage.lots(chance.uniform(0.3, 3.0))
            order = stage.send(chance.choice(accounts), side, lots, goal)
            yield stage.sleep(chance.exponential(0.9))
            stage.cancel(order)
        else:
            yield stage.sleep(chance.exponential(0.5))
        farthest = side * max(side * farthest, side * stage.last())
    return farthest
