"""Rises and falls that nobody organised."""

from __future__ import annotations

from dataclasses import dataclass

from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import join_in
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, IOC, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_STEP_S = 12.0


class NaturalSpike(Innocent):
    """Buyers rush for a good while: many accounts, nobody who bought before and sells now, and most of it stays."""

    kind = "natural_spike"
    rate_h = 0.025

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 15 to 45 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(900.0, 2_700.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Let interest grow to a peak and fade; give back a tenth to two fifths."""
        chance, number = stage.chance, 0
        stage.labelled_from = stage.begin
        rise, peak = chance.log_uniform(0.02, 0.1), chance.uniform(0.4, 0.6)
        given_back = rise * chance.uniform(0.1, 0.4)
        rate = max(stage.market.symbol.trades_per_s * chance.uniform(0.8, 2.0), 0.1)
        steps = max(int(stage.duration_s / _STEP_S), 4)
        up = max(round(peak * steps), 2)
        while number < steps:
            climbs = number < up
            heat = 2.0 * (number + 1) / up if climbs else max(2.0 * (steps - number) / (steps - up), 0.3)
            move = rise * heat / (up + 1) if climbs else -given_back / (steps - up)
            crowd = round(rate * heat * _STEP_S * chance.uniform(0.6, 1.4))
            stage.news(move, crowd, _STEP_S)
            if climbs:
                join_in(stage, chance.integer(1, 4), BUY, _STEP_S, slip=round(0.1 * move * stage.mid()))
            number += 1
            yield stage.at(number * stage.duration_s / steps)
        stage.labelled_to = stage.now


@dataclass(frozen=True)
class _Stop:
    account: int
    price: float
    lots: int


class StopLossCascade(Innocent):
    """A fall sets off stop orders, which deepen it and set off more; the price recovers when they are used up."""

    kind = "stop_loss_cascade"
    rate_h = 0.02

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 4 to 10 minutes."""
        return anywhere(room, chance, chance.uniform(240.0, 600.0))

    def plan(self, stage: Stage) -> Plan:
        """Start with a sale that goes deep, then sell wherever a stop is passed."""
        chance, market = stage.chance, stage.market
        stage.labelled_from = stage.begin
        step = 1.0 + market.half_spread_ticks + 0.0004 * stage.mid()
        first, *accounts = stage.strangers(chance.integer(30, 71))
        stops, below = list[_Stop](), stage.mid()
        for account in accounts:
            below -= step * chance.exponential(0.2)
            stops.append(_Stop(account, below, stage.lots(chance.uniform(0.7, 3.5))))
        stage.accused.extend(accounts)
        fall = 0.5 * (stage.mid() - below) / stage.mid()
        stage.take(first, SELL, stage.lots(20.0), slip=round(2.0 * step))
        stage.news(-fall, max(round(market.trades_per_s * 20.0), 8), 10.0)
        while stops and stage.elapsed_s < 0.5 * stage.duration_s:
            yield stage.sleep(chance.uniform(0.2, 1.0))
            passed = [stop for stop in stops if stage.last() <= stop.price]
            stops = stops[len(passed) :]
            for stop in passed:
                yield stage.sleep(chance.exponential(0.4))
                stage.send(stop.account, SELL, stop.lots, stop.price - 3.0 * step, terms=IOC)
        stage.news(0.8 * fall, max(round(market.trades_per_s * 40.0), 8), 20.0)
        yield stage.sleep(max(stage.left_s, 90.0))
        stage.labelled_to = stage.now
