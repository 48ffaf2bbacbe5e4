"""Timing anomaly: a program that trades as regularly as a clock, or a burst at an hour when this market sleeps.

The clock trades small lots at the touch, so often that it sets the rhythm of the whole market. The burst is a few
accounts trading within seconds, at night.
Subtle: a clock that jitters by a fifth of its period; a burst of thirty trades. Blatant: to the millisecond; hundreds.
Source: detectors.md: arrivals too regular, too bursty or at an odd hour for this market.
"""

from __future__ import annotations

from features.time_units import DAY_NS, HOUR_NS
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_ENOUGH, _MOST_BEATS, _ODD_HOURS = 20, 8_000, (2.0, 6.0)
_PERIODS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0)


class TimingAnomaly:
    """Trades at times that nobody's habits make."""

    kind = "timing_anomaly"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 15 to 45 minutes; where the tape has a night, half of the time a minute or so at night."""
        nights = [
            hour for hour in range(room.span[0] // HOUR_NS + 1, room.span[1] // HOUR_NS - 1) if 2 <= hour % 24 < 5
        ]
        if nights and chance.happens(0.5):
            begin = chance.choice(nights) * HOUR_NS + int(chance.uniform(0.0, 0.9) * HOUR_NS)
            return Span(begin, begin + int(chance.uniform(20.0, 120.0) * 1e9))
        return anywhere(room, chance, min(chance.uniform(900.0, 2_700.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Beat, or burst at night; True if twenty trades came of it."""
        hour = stage.begin % DAY_NS / HOUR_NS
        night = _ODD_HOURS[0] <= hour < _ODD_HOURS[1] and stage.duration_s < 300.0
        trades = yield from (_burst(stage) if night else _beat(stage))
        return trades >= _ENOUGH


def _beat(stage: Stage) -> Plan:
    """Trade every so many seconds, on changing sides; return the number of trades."""
    chance, account, trades = stage.chance, stage.strangers(1)[0], 0
    stage.accused.append(account)
    slowest = max(chance.uniform(0.15, 0.3) / stage.market.trades_per_s, _PERIODS_S[0])
    period = chance.choice([each for each in _PERIODS_S if 0.3 * slowest < each <= slowest])
    jitter = period * stage.between(0.15, 0.0005)
    lots, side, number = stage.lots(chance.log_uniform(0.01, 0.08)), chance.choice((BUY, SELL)), 0
    while stage.left_s > 0.0 and number < _MOST_BEATS:
        number += 1
        yield stage.at(number * period + chance.uniform(0.0, jitter))
        trades += int(stage.take(account, side, lots, slip=2).filled > 0)
        side = -side if chance.happens(0.9) else side
    return trades


def _burst(stage: Stage) -> Plan:
    """Trade many times within a minute or two; return the number of trades."""
    chance, trades = stage.chance, 0
    accounts = stage.strangers(chance.integer(1, 6))
    stage.accused.extend(accounts)
    orders, lots = round(stage.between(30.0, 300.0)), stage.lots(chance.log_uniform(0.1, 0.6))
    for seconds in chance.times(orders, 0.0, stage.duration_s):
        yield stage.at(seconds)
        side = chance.choice((BUY, SELL))
        trades += int(stage.take(chance.choice(accounts), side, lots, slip=3).filled > 0)
    return trades
