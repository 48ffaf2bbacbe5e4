"""Marking the close: one account, or a few together, dominate the last minutes and move the reference price.

Pattern: takes on one side before a fixing or the close of a session, more and larger towards its last seconds; the
price falls back afterwards. Where a closing call follows, large orders go into it as well. Subtle: 40 % of the last
ten minutes and half a percent; blatant: nearly everything in the last minute and several percent.

Source: MAR Annex II, Section 1, 5(d); last 5 minutes and a share of 0.4 in the detector catalogue.
"""

from __future__ import annotations

from features.time_units import SECOND_NS
from training.simulator.arithmetic import exp, log
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, before_fixing, fixings
from training.simulator.scenarios.rush import affordable, scaled

_LEAST = 0.4  # of the move that was wanted


class MarkingTheClose:
    """A reference price that is made in its last minutes."""

    kind = "marking_the_close"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return the last 2 to 10 minutes before a fixing."""
        return before_fixing(room, market, chance, chance.uniform(120.0, 600.0))

    def plan(self, stage: Stage) -> Plan:
        """Push harder towards the end; True if the last price before the fixing had come far enough."""
        chance, accounts = stage.chance, stage.strangers(stage.chance.choice((1, 1, 1, 2, 3)))
        stage.accused.extend(accounts)
        side, begin, move = chance.choice((BUY, SELL)), stage.mid(), affordable(stage, 0.005, 0.035)
        fixing = _next_fixing(stage)
        length = (fixing - stage.begin) / SECOND_NS
        start = length * (1.0 - scaled(stage, 1.0, 0.25))
        yield stage.at(start + chance.uniform(0.0, 0.05) * length)
        last = fixing - int(chance.uniform(0.02, 0.5) * 1e9)
        while stage.now < last:
            progress = max((stage.elapsed_s - start) / (length - start), 0.0)
            _push(stage, chance.choice(accounts), side, begin * float(exp(side * move * progress)))
            gap = min((fixing - stage.now) / SECOND_NS / 12.0 + 0.3, 20.0) * chance.exponential(1.0)
            yield stage.sleep(max(min(gap, (last - stage.now) / SECOND_NS), 0.01))
        _push(stage, chance.choice(accounts), side, begin * float(exp(side * move)))
        came = side * float(log(stage.last() / begin)) >= _LEAST * move
        if stage.market.venue.session is not None:
            yield stage.at(length + chance.uniform(1.0, 20.0))
            price = begin * float(exp(side * move))
            stage.send(chance.choice(accounts), side, stage.lots(stage.between(5.0, 30.0)), price)
            yield stage.sleep(stage.market.venue.session.auction_s)
        return came


def _next_fixing(stage: Stage) -> int:
    """Return the first fixing that leaves half a minute, the planned end if the tape has none."""
    soonest = stage.begin + 30 * SECOND_NS
    return min([when for when in fixings(stage.room, stage.market) if when >= soonest], default=stage.end)


def _push(stage: Stage, account: int, side: int, wanted: float) -> None:
    """Take what is offered up to the wanted price, and a little more so that the last trades are one's own."""
    touch = stage.touch()
    near = touch.ask if side == BUY else touch.bid
    levels = (wanted - near) * side
    lots = stage.lots(stage.between(0.3, 1.0) * stage.chance.log_normal(0.5))
    if levels >= 0.0:
        lots += stage.shown(-side, near, round(levels) + 1)
    if levels > -2.0 * stage.market.half_spread_ticks:
        stage.take(account, side, lots, slip=max(round(levels), 0))
