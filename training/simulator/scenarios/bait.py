"""What schemes with orders share: who runs them, how long a round takes, and bait: orders laid out to be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from features.time_units import SECOND_NS
from training.simulator.arithmetic import power
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_CANDIDATES = 12
Round = Callable[[Stage, list[int], int, float], Plan]


def round_s(market: Market) -> float:
    """Return how long a small order at the touch may have to wait, roughly: 15 s on busy markets to 4 minutes."""
    return float(min(max(30.0 / power(market.trades_per_s, 0.7), 15.0), 240.0))


def level_ticks(market: Market) -> int:
    """Return the ticks from one price level that people use to the next."""
    return max(1, round(0.6 * market.half_spread_ticks))


def some_rounds(room: Room, market: Market, chance: Chance, fewest: float, most: float) -> Span | None:
    """Return a span of so many rounds, no scale likelier than another, at most half the tape."""
    length_s = chance.log_uniform(fewest, most) * round_s(market) + 10.0
    return anywhere(room, chance, min(length_s, 0.5 * tape_s(room)))


def fast_trader(stage: Stage) -> int:
    """Return a professional's account that answers within milliseconds."""
    accounts = stage.room.population.accounts
    return min(stage.strangers(_CANDIDATES, "desks"), key=lambda account: accounts[account].latency_ns)


def crew(stage: Stage) -> list[int]:
    """Return whose accounts are used: one, as a rule; else those of one owner, or of two or three who work together."""
    chance = stage.chance
    kind = chance.weighted(("one", "owner", "friends"), (0.6, 0.2, 0.2))
    if kind == "owner":
        return list(chance.choice(stage.room.population.together))
    role = "desks" if chance.happens(0.4) else "retail"
    return stage.strangers(1 if kind == "one" else chance.integer(2, 4), role)


def lay_out(
    stage: Stage, accounts: Sequence[int], side: int, quotes: Sequence[tuple[int, int]], gap_s: tuple[float, float]
) -> Plan:
    """Rest an order at each price, by the accounts in turn; return the orders.

    Args:
        stage: Where.
        accounts: Who sends them.
        side: BUY or SELL.
        quotes: Price in ticks and lots of each.
        gap_s: Shortest and longest time between two orders.
    """
    orders = list[Order]()
    for number, (price, lots) in enumerate(quotes):
        touch = stage.touch()
        passive = min(price, touch.ask - 1) if side > 0 else max(price, touch.bid + 1)
        orders.append(stage.send(accounts[number % len(accounts)], side, lots, passive))
        yield stage.sleep(stage.chance.uniform(*gap_s))
    return orders


def wait_for_fill(stage: Stage, genuine: Order, bait: Sequence[Order], patience_s: float) -> Plan:
    """Wait until the genuine order is filled, bait is hit, or patience ends."""
    give_up = stage.now + int(patience_s * SECOND_NS)
    while genuine.is_open and not any(order.filled for order in bait) and stage.now < give_up:
        yield stage.filled(genuine, *bait, within_s=(give_up - stage.now) / SECOND_NS)


def pull(stage: Stage, bait: Sequence[Order], longest_gap_s: float) -> Plan:
    """Cancel bait one after the other, or in one instant where the gap is 0; return how many orders still stood."""
    pulled = 0
    for order in bait:
        pulled += stage.cancel(order)
        if longest_gap_s > 0.0 and order is not bait[-1]:
            yield stage.sleep(stage.chance.uniform(0.1, 1.0) * longest_gap_s)
    return pulled


def lure(stage: Stage, side: int, crowd: int, within_s: float) -> None:
    """Let others who saw the bait decide to trade its way.

    Makers and fast takers lean on a lopsided book by themselves; slower people see it only through this.
    """
    stage.news(0.0, crowd, within_s, side=side)


def play_rounds(stage: Stage, accounts: list[int], play: Round, *, fewest: int, turns: float) -> Plan:
    """Play a scheme again and again, on changing sides; return how many rounds worked.

    Args:
        stage: Where.
        accounts: Who does it.
        play: One round: stage, accounts, side of the genuine order and patience in seconds; whether it worked.
        fewest: Rounds at the least.
        turns: Chance that the next round is on the other side.
    """
    chance, usual = stage.chance, round_s(stage.market)
    rounds = max(fewest, round(stage.duration_s / usual * stage.between(0.25, 0.9)))
    every, worked = stage.duration_s / rounds, 0
    side = chance.choice((BUY, SELL))
    for number in range(rounds):
        yield stage.at((number + chance.uniform(0.0, 0.3)) * every)
        worked += yield from play(stage, accounts, side, min(0.6 * every, 1.5 * usual))
        side = -side if chance.happens(turns) else side
    return worked
