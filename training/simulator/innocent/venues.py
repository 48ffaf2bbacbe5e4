"""What happens to a whole venue: it goes down and opens again, or an index is rebalanced at its close."""

from __future__ import annotations

import math

from training.simulator.chance import Chance
from training.simulator.exchange.records import CALL, CONTINUOUS, HALTED
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import work
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, before_fixing

_CATCHING_UP_S = 90.0


class OutageAndReopening(Innocent):
    """Every market of a venue stops for minutes and opens again with a call, away from where it stopped."""

    kind = "outage_and_reopening"
    rate_h = 0.004

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 1 to 15 minutes of halt, with the call and the rush after it."""
        return anywhere(room, chance, chance.log_uniform(60.0, 900.0) + 90.0 + _CATCHING_UP_S)

    def plan(self, stage: Stage) -> Plan:
        """Halt, call, trade again."""
        chance, venue = stage.chance, markets_of(stage.room, stage.market)
        down = [market for market in venue if stage.phase(market) == CONTINUOUS]
        stage.labelled_from = stage.begin
        for market in down:
            stage.set_phase(HALTED, market)
        call_s = chance.uniform(60.0, 120.0)
        halt_s = max(stage.duration_s - call_s - _CATCHING_UP_S, 30.0)
        yield stage.at(halt_s)
        down = [market for market in down if stage.phase(market) == HALTED]
        for market in down:
            _call(stage, market, halt_s, call_s)
        yield stage.at(halt_s + call_s)
        for market in down:
            stage.set_phase(CONTINUOUS, market)
            stage.news(0.0, max(round(40.0 * market.trades_per_s), 4), 0.3 * _CATCHING_UP_S, asset=market.asset)
        yield stage.sleep(_CATCHING_UP_S)
        stage.labelled_to = stage.now


class IndexRebalance(Innocent):
    """Many desks trade the same announced basket into a fixing or a close: large, one-sided, in several symbols."""

    kind = "index_rebalance"
    rate_h = 0.03

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return the 8 to 20 minutes before a fixing; None where the venue has one symbol only."""
        if len(markets_of(room, market)) < 2:
            return None
        return before_fixing(room, market, chance, chance.uniform(480.0, 1_200.0))

    def plan(self, stage: Stage) -> Plan:
        """Let every desk work its basket, faster towards the end; some of it waits for the closing call."""
        chance = stage.chance
        others = [market for market in markets_of(stage.room, stage.market) if market != stage.market]
        basket = [stage.market, *chance.sample(others, chance.integer(1, 8))]
        sides = {market.number: chance.choice((BUY, SELL)) for market in basket}
        desks = stage.strangers(chance.integer(5, 11), "desks")
        stage.accused.extend(desks)
        for market in basket:
            lots = market.lots_per_s * stage.duration_s * chance.uniform(0.5, 1.1)
            shares = [chance.log_normal(0.6) for _ in desks]
            for desk, share in zip(desks, shares, strict=True):
                whole = max(1, round(lots * share / sum(shares)))
                stage.also(_work_leg(stage, desk, market, sides[market.number], whole))
        yield stage.at(stage.duration_s + 60.0)


def markets_of(room: Room, market: Market) -> list[Market]:
    """Return all markets of a market's venue."""
    return [other for other in room.markets if other.venue == market.venue]


def _call(stage: Stage, market: Market, halt_s: float, call_s: float) -> None:
    """Open the call; what the symbol is worth has gone on, and those who waited put their orders in."""
    chance, symbol = stage.chance, market.symbol
    stage.set_phase(CALL, market)
    move = chance.normal(0.0, 2.5) * symbol.sigma_bps * 1e-4 * math.sqrt(halt_s / 60.0 + 1.0)
    crowd = max(round(market.trades_per_s * min(halt_s, 300.0)), 12)
    stage.news(move, crowd, 0.4 * call_s, side=BUY if move > 0.0 else SELL, asset=market.asset)
    stage.news(0.0, crowd, 0.4 * call_s, asset=market.asset)
    for account in stage.strangers(chance.integer(3, 8)):
        side = chance.choice((BUY, SELL))
        price = stage.last(market) * (1.0 + move + side * chance.uniform(0.0, 0.002))
        stage.also(_rest_once(stage, account, side, price, market), after_s=chance.uniform(0.0, 0.8 * call_s))


def _rest_once(stage: Stage, account: int, side: int, price: float, market: Market) -> Plan:
    order = stage.send(account, side, stage.lots(stage.chance.uniform(0.5, 2.0)), price, market=market)
    yield stage.sleep(stage.chance.uniform(60.0, 200.0))
    stage.cancel(order)


def _work_leg(stage: Stage, desk: int, market: Market, side: int, lots: int) -> Plan:
    """Trade one symbol of a desk's basket."""
    chance = stage.chance
    closes = market.venue.session is not None and market.venue.session.auction_s > 0.0
    for_close = round(lots * chance.uniform(0.3, 0.6)) if closes else 0
    slices = min(max(round(lots / stage.lots(1.5)), 3), 60)
    times = sorted(1.0 - (1.0 - chance.uniform()) * math.sqrt(chance.uniform()) for _ in range(slices))
    for share in times:
        yield stage.at(0.97 * share * stage.duration_s)
        patience_s = 0.006 * stage.duration_s
        yield from work(stage, desk, side, max((lots - for_close) // slices, 1), patience_s, slip=3, market=market)
    if closes:
        yield stage.at(stage.duration_s + chance.uniform(1.0, 50.0))
        if stage.phase(market) == CALL:
            stage.send(desk, side, for_close, stage.last(market) * (1.0 + 0.02 * side), market=market)
            yield stage.sleep(600.0)
