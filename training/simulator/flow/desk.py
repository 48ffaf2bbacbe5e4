"""What people with a plan can do to the world between two of its actions."""

from __future__ import annotations

from features.events import CANCEL
from features.time_units import SECOND_NS
from training.simulator.chance import exponential
from training.simulator.compiled import entry
from training.simulator.exchange.auction import change_phase
from training.simulator.exchange.records import HALTED, NONE, NUMBER
from training.simulator.exchange.venue import cancel, place, replace
from training.simulator.flow.agenda import push
from training.simulator.flow.loop import BEGIN, WAKE, notice
from training.simulator.flow.world import DESK, World


@entry
def send_order(  # noqa: PLR0913, PLR0917 - an order has that many fields, and numba passes no keywords
    w: World, market: int, account: int, side: int, price: int, lots: int, terms: int, display: int, tag: int,
    order: int,
) -> int:  # fmt: skip
    """Send an order for `order` of the desk now; return its number."""
    before, now = w.exchange.log.count[0], w.clock[0]
    number = w.exchange.pool.top[NUMBER]
    desk = w.desk
    desk.filled[order], desk.number[order], desk.waiter[order] = 0, number, -1
    desk.slot[order] = place(
        w.exchange, now, market, account, side, price, lots, terms, display, tag, DESK + order
    )  # fmt: skip
    notice(w, now, before)
    return int(number)


@entry
def stands(w: World, order: int) -> bool:
    """Whether an order of the desk rests in a book."""
    slot = w.desk.slot[order]
    return bool(slot != NONE and w.exchange.pool.number[slot] == w.desk.number[order])


@entry
def cancel_order(w: World, order: int) -> bool:
    """Cancel an order of the desk if it still stands and the venue listens; return whether it did."""
    if not stands(w, order) or w.exchange.books[w.exchange.pool.market[w.desk.slot[order]]].phase == HALTED:
        return False
    cancel(w.exchange, w.clock[0], w.desk.slot[order], CANCEL)
    w.desk.slot[order] = NONE
    return True


@entry
def replace_order(w: World, order: int, price: int, lots: int) -> bool:
    """Change price and open lots of an order of the desk if it still stands; return whether it did."""
    if not stands(w, order):
        return False
    before = w.exchange.log.count[0]
    w.desk.slot[order] = replace(w.exchange, w.clock[0], w.desk.slot[order], price, lots)
    notice(w, w.clock[0], before)
    return True


@entry
def lots_ahead(w: World, order: int) -> int:
    """Return the lots shown before an order of the desk in its queue, -1 when it does not stand."""
    if not stands(w, order):
        return -1
    ahead, slot = 0, w.exchange.pool.preceding[w.desk.slot[order]]
    while slot != NONE:
        ahead += w.exchange.pool.shown[slot]
        slot = w.exchange.pool.preceding[slot]
    return ahead


@entry
def wake(w: World, when: int, who: int, ticket: int) -> None:
    """Put it on the agenda that somebody acts."""
    push(w.agenda, max(when, w.clock[0]), WAKE, who, ticket, 0)


@entry
def shock(w: World, asset: int, move: float, crowd: int, within_s: float, side: int) -> None:
    """Move what an asset is worth, and make a crowd decide, most of them within some seconds.

    Args:
        w: The world.
        asset: Number of the symbol.
        move: Log return.
        crowd: Number of decisions, over all its markets.
        within_s: Mean delay of a decision.
        side: Direction of the crowd, 0 to let each decide.
    """
    assets = w.assets[asset]
    assets.value += move
    s = len(w.specs) + asset
    for i in range(crowd):
        delay = int(exponential(w.streams, s, within_s) * SECOND_NS)
        push(w.agenda, w.clock[0] + delay, BEGIN, assets.first + i % assets.markets, side, 0)


@entry
def plan_action(w: World, when: int, action: int, first: int, second: int) -> None:
    """Put an action on the agenda, such as a change of phase."""
    push(w.agenda, when, action, first, second, 0)


@entry
def set_phase(w: World, market: int, phase: int) -> None:
    """Let a market enter a phase now."""
    before = w.exchange.log.count[0]
    change_phase(w.exchange, w.clock[0], market, phase)
    notice(w, w.clock[0], before)
