"""Execution algorithms: they work one side of a large parent order, patiently."""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.innocent.base import Innocent
from training.simulator.innocent.working import own_pace, work
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s


class TwapExecution(Innocent):
    """Equal slices at regular times: rest at the touch, and take what did not fill before the next slice."""

    kind = "twap_execution"
    rate_h = 0.12

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 20 to 90 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(1_200.0, 5_400.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Trade 4 to 12 % of the usual volume."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        every = chance.choice((10.0, 15.0, 30.0, 60.0)) * (4.0 if stage.market.trades_per_s < 0.1 else 1.0)
        lots = max(1, round(stage.market.lots_per_s * every * chance.uniform(0.04, 0.12)))
        side, number = chance.choice((BUY, SELL)), 0
        while stage.left_s > 0.0:
            yield stage.at(number * every + chance.normal(0.0, 0.05))
            yield from work(stage, account, side, lots, 0.6 * every)
            number += 1


class VwapExecution(Innocent):
    """A fixed share of what others trade: it is quiet when they are and busy when they are."""

    kind = "vwap_execution"
    rate_h = 0.12

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 20 to 90 minutes, at most half the tape."""
        return anywhere(room, chance, min(chance.uniform(1_200.0, 5_400.0), 0.5 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Trade 6 to 18 % of others' volume, in slices that are owed at irregular looks."""
        chance, account = stage.chance, stage.strangers(1, "desks")[0]
        stage.accused.append(account)
        share, side = chance.uniform(0.06, 0.18), chance.choice((BUY, SELL))
        look_s = own_pace(stage.market, trades=8.0, least_s=5.0, most_s=90.0)
        before, largest, own = stage.volume() - stage.own_volume([account]), stage.lots(6.0), 0
        while stage.left_s > 0.0:
            yield stage.sleep(look_s * chance.uniform(0.6, 1.4))
            owed = round(share * (stage.volume() - stage.own_volume([account]) - before)) - own
            if owed >= stage.lots(0.1):
                own += yield from work(stage, account, side, min(owed, largest), 0.8 * look_s)
