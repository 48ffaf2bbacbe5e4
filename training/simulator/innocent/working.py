"""What several look-alikes do alike: working a slice patiently, and joining in after others."""

from __future__ import annotations

from features.time_units import SECOND_NS
from training.simulator.people.markets import Market
from training.simulator.people.stage import Plan, Stage


def work(
    stage: Stage, account: int, side: int, lots: int, patience_s: float, *, slip: int = 2, market: Market | None = None
) -> Plan:
    """Rest a slice at the touch; when patience ends, take what has not filled; return lots traded."""
    order, give_up = stage.join(account, side, lots, market=market), stage.now + int(patience_s * SECOND_NS)
    while order.is_open and stage.now < give_up:
        yield stage.filled(order, within_s=(give_up - stage.now) / SECOND_NS)
    if not stage.cancel(order):
        return order.filled
    yield stage.sleep(stage.chance.log_uniform(0.001, 0.02))
    taken = stage.take(account, side, order.lots - order.filled, slip=slip, market=market)
    return order.filled + taken.filled


def own_pace(market: Market, *, trades: float, least_s: float, most_s: float) -> float:
    """Return the seconds in which a market usually sees that many trades, within bounds."""
    return min(max(trades / market.trades_per_s, least_s), most_s)


def join_in(stage: Stage, count: int, side: int, mean_s: float, *, slip: int = 0) -> None:
    """Let some private accounts take in the symbol's markets within seconds; side 0 lets each choose."""
    places = [stage.market, *stage.elsewhere()]
    for number, account in enumerate(stage.strangers(count)):
        chosen = side or stage.chance.choice((1, -1))
        lots = stage.lots(stage.chance.log_normal(0.7))
        plan = _take_once(stage, account, chosen, lots, slip, places[number % len(places)])
        stage.also(plan, after_s=stage.chance.exponential(mean_s))


def _take_once(stage: Stage, account: int, side: int, lots: int, slip: int, market: Market) -> Plan:
    stage.take(account, side, lots, slip=slip, market=market)
    yield stage.sleep(0.0)
