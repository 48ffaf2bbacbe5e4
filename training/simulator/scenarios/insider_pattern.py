"""Insider pattern: an account that traded little and both ways, as its peers do, turns one way just before a jump.

It buys (or sells) many times its usual position in the minutes before the price jumps on news, and takes its profit
afterwards; its peers go on as before. The jump comes from outside, so it would have come without the account.
Subtle: four usual orders over half an hour, part of the profit left. Blatant: sixty within minutes of the news.
Source: Market Abuse Regulation, Article 8; detectors.md: peer groups, change before the event.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.habits import deal, without_habit

_LEAST_MOVE, _LEAST_POSITION = 0.008, 0.5


class InsiderPattern:
    """Somebody knows."""

    kind = "insider_pattern"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 2 to 5 hours of which all but the last half hour is history, at most 0.7 of the tape."""
        return anywhere(room, chance, min(chance.uniform(7_200.0, 18_000.0), 0.7 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Trade as peers do, turn, profit; True if the price jumped the account's way while it held its position."""
        chance = stage.chance
        account, *peers = without_habit(stage, chance.integer(7, 13))
        stage.accused.append(account)
        usual, every = stage.lots(chance.log_uniform(0.25, 0.7)), 0.04 * stage.duration_s
        for peer in peers:
            stage.also(_keep_on(stage, peer, usual, every, stage.duration_s))
        news_s, side = 0.87 * stage.duration_s, chance.choice((BUY, SELL))
        lead_s = min(stage.between(1_500.0, 150.0), 0.3 * stage.duration_s)
        yield from _keep_on(stage, account, usual, every, news_s - lead_s)
        held = yield from _turn(stage, account, side, usual, news_s)
        yield stage.at(news_s)
        before, move = stage.mid(), side * stage.between(0.025, 0.09) * chance.uniform(0.9, 1.1)
        stage.news(move, chance.integer(60, 160), 25.0, side=side)
        jumped = yield from _await_jump(stage, before, move, 450.0)
        yield from _sell_out(stage, account, side, round(held * stage.between(0.4, 1.0)))
        stage.labelled_to = stage.now
        return jumped >= _LEAST_MOVE and held > _LEAST_POSITION * usual


def _keep_on(stage: Stage, account: int, usual: int, every_s: float, until_s: float) -> Plan:
    """Trade usual sizes both ways, about flat, until so many seconds after the beginning."""
    chance, net = stage.chance, 0
    yield stage.sleep(chance.exponential(every_s))
    while stage.elapsed_s < until_s - 60.0:
        side = (SELL if net > 0 else BUY) if chance.happens(0.75) else chance.choice((BUY, SELL))
        done = yield from deal(stage, account, side, max(1, round(usual * chance.log_normal(0.3))), patience_s=30.0)
        net += side * done
        yield stage.sleep(min(chance.exponential(every_s), max(until_s - stage.elapsed_s, 1.0)))


def _turn(stage: Stage, account: int, side: int, usual: int, until_s: float) -> Plan:
    """Build a position of many usual orders before the news; return the lots dealt."""
    chance, held = stage.chance, 0
    orders = round(stage.between(4.0, 16.0))
    each = usual * stage.between(4.0, 60.0) / orders
    stage.labelled_from = stage.now
    for seconds in chance.times(orders, stage.elapsed_s + 1.0, until_s - 40.0):
        yield stage.at(max(seconds, stage.elapsed_s))
        held += yield from deal(stage, account, side, max(1, round(each * chance.log_normal(0.2))), patience_s=10.0)
    return held


def _await_jump(stage: Stage, before: float, move: float, patience_s: float) -> Plan:
    """Wait until most of the move has been made, and a little; return how far the price went its way, as a ratio."""
    side, stop = (1 if move > 0.0 else -1), stage.now + int(patience_s * 1e9)
    while side * (stage.mid() / before - 1.0) < 0.7 * abs(move) and stage.now < stop:
        yield stage.sleep(5.0)
    yield stage.sleep(stage.chance.uniform(10.0, 90.0))
    return side * (stage.mid() / before - 1.0)


def _sell_out(stage: Stage, account: int, side: int, lots: int) -> Plan:
    """Take the profit in a few orders."""
    pieces = stage.chance.integer(2, 7)
    for _ in range(pieces):
        yield from deal(stage, account, -side, max(1, lots // pieces), patience_s=10.0)
