"""What accounts with a history do: trade about their usual value at their usual hours, day after day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.population import ROLES
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

DAY_S, HOUR_S, HISTORY_DAYS = 86_400.0, 3_600.0, 7
_STEADY = 0.85  # how often a trade brings the day's share of buys back to habit
_SPARE_S = 1_200.0


@dataclass(frozen=True)
class Habit:
    """How an account usually trades.

    Attributes:
        hour: First hour of its trading, after the beginning of each of its days.
        hours: Length of its trading day.
        trades: Orders a day.
        usd: Value of an order.
        buys: Share of buys.
    """

    hour: float
    hours: float
    trades: int
    usd: float
    buys: float = 0.5


@dataclass
class Tally:
    """What was dealt so far, lots."""

    bought: int = 0
    sold: int = 0
    deals: int = 0

    @property
    def share(self) -> float:
        """Share of buys, 0.5 before the first deal."""
        total = self.bought + self.sold
        return self.bought / total if total else 0.5

    def add(self, side: int, lots: int) -> None:
        """Count a deal."""
        self.bought += lots if side > 0 else 0
        self.sold += lots if side < 0 else 0
        self.deals += int(lots > 0)


def some_habit(chance: Chance, *, buys: float = 0.5) -> Habit:
    """Return the habit of a private trader: a few orders of some hundred USD at about the same hours."""
    hour, hours, trades = chance.uniform(1.0, 19.0), chance.uniform(1.5, 4.0), chance.integer(4, 11)
    return Habit(hour, hours, trades, chance.log_uniform(250.0, 1_000.0), buys)


def after_a_week(room: Room, chance: Chance) -> Span | None:
    """Return seven days of history and 3 to 18 hours after them, None on tapes shorter than about 7.2 days."""
    spare = tape_s(room) - HISTORY_DAYS * DAY_S - _SPARE_S
    if spare < 3.0 * HOUR_S:
        return None
    return anywhere(room, chance, HISTORY_DAYS * DAY_S + min(chance.uniform(3.0, 18.0) * HOUR_S, spare))


def without_habit(stage: Stage, count: int) -> list[int]:
    """Return that many accounts that never trade the stage's market by themselves."""
    reach = stage.room.world.people.reach[stage.market.number]
    idle = [number for number in ROLES["retail"] if reach[number] == reach[number - 1]]
    return stage.chance.sample(idle or ROLES["dormant"], count)


def lots_for(stage: Stage, usd: float, market: Market | None = None) -> int:
    """Return how many lots so much money buys now, at least 1."""
    return max(1, round(usd / usd_per_lot(stage, market)))


def usd_per_lot(stage: Stage, market: Market | None = None) -> float:
    """Return what a lot is worth now."""
    where = market or stage.market
    return where.usd_per_lot * stage.mid(where) / where.symbol.base


def deal(
    stage: Stage, account: int, side: int, lots: int, *, patience_s: float = 120.0, market: Market | None = None
) -> Plan:
    """Trade once, resting first or taking at once, and again while the book is empty; return the lots dealt."""
    chance, done = stage.chance, 0
    slip = 1 + round(3.0 * (market or stage.market).half_spread_ticks)
    if chance.happens(0.4):
        order = stage.join(account, side, lots, market=market)
        yield stage.filled(order, within_s=patience_s * chance.uniform(0.3, 1.0))
        stage.cancel(order)
        done = order.filled
    for _ in range(8):
        if done >= 0.5 * lots:
            break
        if stage.touch(market).spread <= 4 * slip:
            done += stage.take(account, side, lots - done, slip=slip, market=market).filled
        yield stage.sleep(chance.uniform(2.0, 15.0))
    return done


def deal_at(stage: Stage, account: int, times: Sequence[float], usd: float, buys: float) -> Plan:
    """Deal at times after the beginning, s, for about that much money each; return what was dealt."""
    chance, tally = stage.chance, Tally()
    for seconds in times:
        yield stage.at(seconds)
        steady = chance.happens(_STEADY) and tally.deals
        side = BUY if (tally.share < buys if steady else chance.happens(buys)) else SELL
        lots = lots_for(stage, usd * chance.log_normal(0.35))
        tally.add(side, (yield from deal(stage, account, side, lots)))
    return tally


def keep_habit(stage: Stage, account: int, habit: Habit, days: int = HISTORY_DAYS) -> Plan:
    """Trade by habit for so many days from the beginning, perhaps with one day of rest; return all orders dealt."""
    chance, deals = stage.chance, 0
    resting = chance.integer(0, days) if days > 5 and chance.happens(0.5) else -1
    for day in range(days):
        if day != resting:
            first = day * DAY_S + habit.hour * HOUR_S
            times = chance.times(habit.trades + chance.integer(-1, 2), first, first + habit.hours * HOUR_S)
            tally = yield from deal_at(stage, account, times, habit.usd, habit.buys)
            deals += tally.deals
    return deals
