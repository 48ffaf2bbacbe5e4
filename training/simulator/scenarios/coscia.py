"""Coscia, 2011: a small order, three baits against it, all gone on the fill, then the same mirrored; 609 ms in all."""

from __future__ import annotations

from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.bait import fast_trader, lure, some_rounds
from training.simulator.scenarios.base import Span

_GENUINE, _BAITS = 17, (54, 85, 122)
_CYCLE_S = 0.609
_TURN = 0.6, 0.85  # when the second leg begins, as a share of the cycle: completed ones then last as published
_LEG = 0.75  # patience with a leg, as a share of the cycle
_SLOWEST = 6.0  # times as long as published, where subtle


class Coscia:
    """The case of Michael Coscia, an algorithm that bought a tick below where it sold.

    Pattern: buy 17 at the bid; sells of 54, 85 and 122 one, two and three ticks above; on the fill (of 3 and 14 in
    the published cycle) all three are cancelled; sell 17 two ticks above the buy, against mirrored bids. Ratios as
    published, sizes scaled to the market's typical order. Inner timings are not published and drawn at random.
    Subtle: cycles of seconds, a dozen attempts. Blatant: 609 ms, a hundred attempts, many of which find nobody.
    Source: FCA final notice, 3 July 2013 (ICE Brent); US v. Coscia.
    """

    name, kind = "coscia", "spoofing"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return time for 8 to 30 rounds on a market where a fill can be had within the second."""
        return some_rounds(room, market, chance, 8.0, 30.0) if market.trades_per_s >= 0.2 else None

    def plan(self, stage: Stage) -> Plan:
        """Play cycles; True if in one of them both small orders filled and the baits went."""
        chance, account = stage.chance, fast_trader(stage)
        stage.accused.append(account)
        cycle_s = _CYCLE_S * power(_SLOWEST, 1.0 - min(stage.between(0.0, 1.05), 1.0))
        unit = stage.lots(chance.uniform(0.25, 0.6)) / _GENUINE
        attempts = max(12, round(stage.duration_s * stage.between(0.03, 0.15)))
        completed, side = 0, chance.choice((BUY, SELL))
        for when in chance.times(attempts, 0.0, stage.duration_s - 2.0 * cycle_s):
            yield stage.at(when)
            completed += yield from _cycle(stage, account, side, unit, cycle_s)
            side = chance.choice((BUY, SELL))
        return completed > 0


def _cycle(stage: Stage, account: int, side: int, unit: float, cycle_s: float) -> Plan:
    """Get in, and out again two ticks better, or at any price where that fails; return whether both legs worked."""
    touch, began = stage.touch(), stage.now
    price = touch.bid + (touch.spread > 2) if side > 0 else touch.ask - (touch.spread > 2)
    entered = yield from _leg(stage, account, side, price, round(_GENUINE * unit), _LEG * cycle_s)
    left = 0
    if entered:
        turn = began + int(stage.chance.uniform(*_TURN) * cycle_s * 1e9)
        yield stage.sleep((turn - stage.now) / 1e9)
        left = yield from _leg(stage, account, -side, price + 2 * side, entered, _LEG * cycle_s)
    if left < entered:
        yield stage.sleep(stage.chance.uniform(0.1, 1.0))
        stage.take(account, -side, entered - left, slip=2)
    return 0 < entered == left


def _leg(stage: Stage, account: int, side: int, price: int, lots: int, longest_s: float) -> Plan:
    """Rest the small order, show the baits, and pull them as soon as it has filled; return how much of it did."""
    chance, began = stage.chance, stage.now
    genuine = stage.send(account, side, lots, price)
    yield stage.sleep(longest_s * chance.uniform(0.01, 0.05))
    bait = list[Order]()
    for ticks, baited in enumerate(_BAITS, start=1):
        bait.append(stage.send(account, -side, round(baited / _GENUINE * lots), genuine.price + side * ticks))
        yield stage.sleep(longest_s * chance.uniform(0.002, 0.01))
    lure(stage, -side, chance.integer(1, 4), 0.3 * longest_s)
    give_up = began + int(longest_s * chance.uniform(0.9, 1.1) * 1e9)
    while genuine.is_open and stage.now < give_up:
        yield stage.filled(genuine, within_s=(give_up - stage.now) / 1e9)
    stage.cancel(*bait)
    stage.cancel(genuine)
    return genuine.filled
