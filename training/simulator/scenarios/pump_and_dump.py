"""Pump and dump: quiet accumulation, an announcement, a rush of takers, distribution into it, the fall.

Pattern: a few organisers buy over half an hour, lay sell orders on the way up, set the rush off with orders of their
own and sell the rest into it. Subtle: +4 to 8 % over minutes with few followers; blatant: +60 % and more in seconds.
The label begins with the announcement and names the organisers alone: the crowd are victims, and accumulation is only
its history. How far the price goes is the market's answer; under 3 % it was no pump.

Source: MAR Annex II, Section 1, 4(a) and 5(b); 126 real pumps, see `tests/training/simulator/test_pump_and_dump.py`.
"""

from __future__ import annotations

from features.time_units import SECOND_NS
from training.simulator.arithmetic import log
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, at_round_time
from training.simulator.scenarios.rush import LEAK_S, Rush, aggress, let_public_play, scaled, suits

AFTER_S = 900.0  # from the announcement to the end; before it they accumulate
_LEAST = 0.03  # log return


class PumpAndDump:
    """A rise on multiplied buying, sold into."""

    kind = "pump_and_dump"
    sides = 1
    side = BUY

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 10 to 45 minutes of accumulation and a quarter of an hour from an announcement at a round time."""
        return around_announcement(room, market, chance)

    def plan(self, stage: Stage) -> Plan:
        """Accumulate, announce, distribute; True if the price went at least 3 %."""
        organisers = stage.strangers(stage.chance.integer(1, 7))
        stage.accused.extend(organisers)
        held = yield from accumulate(stage, organisers, self.side)
        rush = yield from announce(stage, self.side)
        stage.labelled_from = rush.onset
        return (yield from play_out(stage, rush, organisers, held))


def around_announcement(room: Room, market: Market, chance: Chance) -> Span | None:
    """Return a span whose announcement stands `AFTER_S` before its end; None where no crowd can move the market."""
    if not suits(market):
        return None
    every = chance.choice((300.0, 900.0, 1_800.0, 3_600.0))
    span = (
        at_round_time(room, chance, AFTER_S, every_s=every) if chance.happens(0.85) else anywhere(room, chance, AFTER_S)
    )
    if span is None:
        return None
    before = min(int(chance.uniform(600.0, 2_700.0)) * SECOND_NS, span.begin - room.span[0] - 60 * SECOND_NS)
    return Span(span.begin - max(before, 0), span.end)


def accumulate(stage: Stage, accounts: list[int], side: int) -> Plan:
    """Trade a share of the usual volume quietly until a minute before the announcement; return lots by account."""
    chance, held = stage.chance, dict.fromkeys(accounts, 0)
    span = stage.duration_s - AFTER_S - chance.uniform(35.0, 60.0)
    wanted = max(stage.market.lots_per_s * span * stage.between(0.3, 1.5), stage.lots(12.0))
    steps = chance.integer(12, 40)
    for when in chance.times(steps, 0.0, max(span, 1.0)):
        yield stage.at(when)
        who, lots = chance.choice(accounts), round(wanted / steps * chance.log_normal(0.5))
        if chance.happens(0.5):
            order = stage.take(who, side, lots, slip=2)
        else:
            order = stage.join(who, side, lots)
            yield stage.filled(order, within_s=chance.uniform(10.0, 60.0))
            stage.cancel(order)
        held[who] += order.filled
    return held


def announce(stage: Stage, side: int) -> Plan:
    """Let the public get ready and wait for the announcement; return the rush."""
    onset = stage.begin + int(max(stage.duration_s - AFTER_S, 0.0)) * SECOND_NS
    yield stage.at((onset - stage.begin) / SECOND_NS - LEAK_S)
    rush = Rush(
        side=side, base=stage.mid(), move=float(log(1.0 + scaled(stage, 0.07, 0.85))), onset=max(onset, stage.now),
        pace_s=scaled(stage, 300.0, 55.0), followers=round(scaled(stage, 65.0, 480.0)), size=scaled(stage, 1.5, 2.0),
    )  # fmt: skip
    let_public_play(stage, rush)
    yield stage.at((rush.onset - stage.begin) / SECOND_NS)
    return rush


def play_out(stage: Stage, rush: Rush, organisers: list[int], held: dict[int, int]) -> Plan:
    """Set the rush off, sell into it, then sell the rest; True if the price went far enough."""
    chance, best = stage.chance, 0.0
    ladder = _lay_ladder(stage, rush, held)
    for who in organisers:
        order = aggress(stage, who, rush.side, stage.lots(rush.size * chance.uniform(1.0, 4.0)), rush.price(0.6), 0.02)
        held[who] += order.filled if order else 0
        yield stage.sleep(chance.log_uniform(0.01, 0.02 * rush.pace_s))
    late = rush.onset + int(chance.uniform(0.2, 0.8) * rush.pace_s * 1e9)
    while stage.left_s > 0.0 and (any(held.values()) or any(order.is_open for order in ladder)):
        best = max(best, rush.reached(stage.mid()))
        if stage.now > late or rush.reached(stage.mid()) > 0.7 * rush.move:
            _take_down(stage, ladder, held)
            _unload(stage, rush, held)
        yield stage.sleep(min(chance.exponential(0.04 * rush.pace_s), 4.0) + 0.3)
    stage.cancel(*ladder)
    return best >= _LEAST


def _lay_ladder(stage: Stage, rush: Rush, held: dict[int, int]) -> list[Order]:
    """Rest up to half of what each holds at prices on the way."""
    ladder, chance = list[Order](), stage.chance
    for who, lots in list(held.items()):
        rungs = chance.integer(1, 6)
        each = round(lots * chance.uniform(0.1, 0.5)) // rungs
        for rung in range(rungs if each else 0):
            share = 0.3 + 0.7 * (rung + chance.uniform()) / rungs
            ladder.append(stage.send(who, -rush.side, each, rush.price(share)))
            held[who] -= each
    return ladder


def _take_down(stage: Stage, ladder: list[Order], held: dict[int, int]) -> None:
    """Give up one rung of the ladder."""
    order = stage.chance.choice(ladder) if ladder else None
    if order is not None and order.is_open:
        stage.cancel(order)
        held[order.account] += order.lots - order.filled


def _unload(stage: Stage, rush: Rush, held: dict[int, int]) -> None:
    """Let one of them sell a part of what is left."""
    holders = [who for who, lots in held.items() if lots > 0]
    if not holders:
        return
    who = stage.chance.choice(holders)
    part = max(round(held[who] * stage.chance.uniform(0.2, 0.6)), min(held[who], stage.lots(1.0)))
    order = aggress(stage, who, -rush.side, part, rush.price(-0.15), stage.chance.uniform(0.002, 0.03))
    held[who] -= order.filled if order else 0
