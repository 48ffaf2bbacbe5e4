"""Hedgers: what fills in one place is at once traded the other way in another."""

from __future__ import annotations

from features.time_units import SECOND_NS
from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import own_pace
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s


class HedgerAcrossVenues(Innocent):
    """A desk rests orders on one venue and takes the opposite on another right after every fill.

    On a tape with one venue it hedges in another symbol, by value and common movement.
    """

    kind = "hedger_across_venues"
    rate_h = 0.1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return 15 to 60 minutes, at most half the tape; None where there is nothing to hedge with."""
        if not _hedges(room, market):
            return None
        return anywhere(room, chance, min(chance.uniform(900.0, 3_600.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Rest one order after the other, on sides that bring the desk back to nothing."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        hedge = chance.choice(_hedges(stage.room, stage.market))
        ratio = _lots_a_lot(stage.market, hedge)
        patience_s = own_pace(stage.market, trades=8.0, least_s=8.0, most_s=180.0)
        while stage.left_s > 0.0:
            yield stage.sleep(chance.exponential(0.6 * patience_s))
            order = stage.join(account, chance.choice((BUY, SELL)), stage.lots(chance.uniform(0.5, 2.0)))
            yield from _hedge_fills(stage, order, (hedge, ratio), patience_s)


def _hedges(room: Room, market: Market) -> list[Market]:
    """Return the symbol's other markets; without any, the venue's other symbols that trade at least a fifth as much."""
    same = [m for m in room.markets if m.asset == market.asset and m.number != market.number]
    return same or [
        m for m in room.markets
        if m.venue == market.venue and m.asset != market.asset and m.trades_per_s > 0.2 * market.trades_per_s
    ]  # fmt: skip


def _lots_a_lot(market: Market, hedge: Market) -> float:
    if market.asset == hedge.asset:
        return 1.0
    moves = market.symbol.beta * market.symbol.sigma_bps / (hedge.symbol.beta * hedge.symbol.sigma_bps)
    return market.usd_per_lot / hedge.usd_per_lot * moves


def _hedge_fills(stage: Stage, order: Order, how: tuple[Market, float], patience_s: float) -> Plan:
    """Trade the opposite of every fill until the order is done or patience ends."""
    (hedge, ratio), done = how, 0
    give_up = stage.now + int(patience_s * SECOND_NS)
    while stage.now < give_up:
        yield stage.filled(order, within_s=(give_up - stage.now) / SECOND_NS)
        if order.filled > done:
            lots = round(ratio * order.filled) - round(ratio * done)
            done = order.filled
            stage.take(order.account, -order.side, lots, slip=_reach(hedge), market=hedge)
        if not order.is_open:
            return
    stage.cancel(order)


def _reach(market: Market) -> int:
    return max(3, round(6.0 * market.half_spread_ticks))
