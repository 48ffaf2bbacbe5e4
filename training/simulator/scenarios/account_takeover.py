"""Account takeover: a habitual or long silent account suddenly trades in another style, and its money leaves.

Either the account traded small amounts at its hours for days, or it traded some days ago and fell silent. Then, at
another hour, orders follow each other within seconds, all taking: it sells whatever it holds here and on the tape's
other symbols, or buys something with it, and what comes of it is withdrawn. A deposit may come first, as a trial.
Subtle: twice the usual size at a slow pace. Blatant: twenty times the usual size within a minute.
Source: detectors.md: deviation from own habit. Needs three days of tape.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s
from training.simulator.scenarios.habits import (
    DAY_S,
    HISTORY_DAYS,
    HOUR_S,
    Habit,
    keep_habit,
    lots_for,
    without_habit,
)

_SHORTEST_DAYS = 3.0


class AccountTakeover:
    """Somebody else's hands on an account."""

    kind = "account_takeover"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return days of history and the takeover after them, None on tapes shorter than three days."""
        days = min(chance.integer(3, HISTORY_DAYS + 1), int(tape_s(room) / DAY_S - 0.5))
        if tape_s(room) < _SHORTEST_DAYS * DAY_S:
            return None
        return anywhere(room, chance, days * DAY_S + HOUR_S)

    def plan(self, stage: Stage) -> Plan:
        """Live, perhaps fall silent, then be taken over; True if what was traded then is five usual orders or more."""
        chance, account = stage.chance, without_habit(stage, 1)[0]
        stage.accused.append(account)
        days, silent = int(stage.duration_s / DAY_S), chance.happens(0.4)
        habit = Habit(chance.uniform(6.0, 14.0), 4.0, chance.integer(4, 9), chance.log_uniform(150.0, 600.0), 0.58)
        yield from keep_habit(stage, account, habit, max(days // 2, 1) if silent else days)
        yield stage.at(days * DAY_S + chance.uniform(0.1, 0.4) * HOUR_S)
        stage.labelled_from = stage.now
        if chance.happens(0.3):
            stage.transfer(account, round(chance.uniform(5.0, 60.0), 2))
            yield stage.sleep(chance.uniform(20.0, 120.0))
        usd = yield from _empty(stage, account, habit.usd)
        yield stage.sleep(chance.uniform(20.0, 400.0))
        stage.transfer(account, -round(usd * chance.uniform(0.9, 0.99), 2))
        yield stage.sleep(1.0)
        stage.labelled_to = stage.now
        return usd >= 5.0 * habit.usd


def _empty(stage: Stage, account: int, usual_usd: float) -> Plan:
    """Trade one way in haste, here and perhaps on other symbols, too; return the value traded, USD."""
    chance, traded = stage.chance, 0.0
    others = [m for m in stage.room.markets if m.asset != stage.market.asset]
    markets = [stage.market, *chance.sample(others, chance.integer(0, 3))]
    side, each = (SELL if chance.happens(0.8) else BUY), usual_usd * stage.between(2.0, 20.0)
    pause = stage.between(25.0, 1.5)
    for number in range(chance.integer(8, 25)):
        where = markets[number % len(markets)]
        lots = lots_for(stage, each * chance.log_normal(0.3), where)
        order = stage.take(account, side, lots, slip=round(8.0 * where.half_spread_ticks) + 2, market=where)
        traded += each * order.filled / lots
        yield stage.sleep(chance.exponential(pause))
    return traded
