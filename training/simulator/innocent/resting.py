"""Large orders that rest because somebody means them: the nearest look-alikes of bait."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Order, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s


class IcebergExecution(Innocent):
    """A large order of which the book shows a small part, refilled at the end of the queue after every fill."""

    kind = "iceberg_execution"
    rate_h = 0.12

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 15 to 60 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(900.0, 3_600.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Rest at the touch, and follow it when it moves away; cancel what is left at the end."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        side = chance.choice((BUY, SELL))
        whole = max(round(stage.market.lots_per_s * stage.duration_s * chance.uniform(0.05, 0.15)), stage.lots(8.0))
        display = stage.lots(chance.uniform(0.4, 1.5))
        order = stage.send(account, side, whole, _own_touch(stage, side), display=display)
        patience = 8.0 + 20.0 * chance.uniform()
        while order.is_open and stage.left_s > 0.0:
            yield stage.sleep(min(patience * chance.uniform(0.5, 1.5), stage.left_s))
            if (_own_touch(stage, side) - order.price) * side > round(stage.market.half_spread_ticks):
                _follow(stage, order, 0)
        stage.cancel(order)
        return order.filled > 0


class LargeGenuineOrder(Innocent):
    """A large limit order that is meant: it waits to be filled, follows a market that runs away, or gives up.

    Unlike bait it is alone on its side of the account's business: nothing small waits on the other side, and a fill is
    what it hopes for, not what makes it go.
    """

    kind = "large_genuine_order"
    rate_h = 0.12

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 5 to 30 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(300.0, 1_800.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Rest 12 to 60 typical orders near the touch."""
        chance, account = stage.chance, stage.strangers(1)[0]
        stage.accused.append(account)
        side, half = chance.choice((BUY, SELL)), stage.market.half_spread_ticks
        behind = round(half * chance.uniform(0.0, 1.5))
        order = stage.join(account, side, stage.lots(chance.uniform(12.0, 60.0)), behind=behind)
        moves, tolerance = chance.integer(0, 4), half * chance.uniform(4.0, 9.0)
        while order.is_open and stage.left_s > 0.0:
            yield stage.sleep(min(chance.uniform(10.0, 40.0), stage.left_s))
            if (stage.mid() - order.price) * side < tolerance:
                continue
            if not moves:
                break
            moves -= 1
            _follow(stage, order, behind)
        yield stage.sleep(chance.uniform(0.5, 4.0))
        stage.cancel(order)


def _own_touch(stage: Stage, side: int) -> int:
    touch = stage.touch()
    return touch.bid if side > 0 else touch.ask


def _follow(stage: Stage, order: Order, behind: int) -> None:
    if order.is_open:
        stage.replace(order, _own_touch(stage, order.side) - order.side * behind, order.lots - order.filled)
