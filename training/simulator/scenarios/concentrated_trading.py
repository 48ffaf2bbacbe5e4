"""Concentrated trading: one account does most of a market's volume for about an hour, with many counterparties.

It follows the others' volume, so its share holds whatever the market does. Most trade both ways, some mostly one way,
and then their impact carries the price.
Subtle: two thirds of the volume. Blatant: nine tenths.
Source: detectors.md: one account does at least 0.6 of the window's volume.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span, anywhere, tape_s

_LEAST_SHARE = 0.6


class ConcentratedTrading:
    """One account is the market."""

    kind = "concentrated_trading"
    sides = 1

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return 50 to 75 minutes, so that an hour's window can be filled, or most of a shorter tape."""
        return anywhere(room, chance, min(chance.uniform(3_000.0, 4_500.0), 0.6 * tape_s(room)))

    def plan(self, stage: Stage) -> Plan:
        """Trade what is missing to the wanted share; True if the share is 0.6 in the end."""
        chance, account = stage.chance, stage.strangers(1)[0]
        stage.accused.append(account)
        pause = min(max(1.5 / stage.market.trades_per_s, 1.5), 20.0)
        buys = 0.5 if chance.happens(0.75) else chance.choice((0.3, 0.7))
        passive = chance.uniform(0.1, 0.4)
        share = stage.between(0.68, 0.93)
        before = (stage.volume(), stage.own_volume([account]))
        missing = 0
        while stage.left_s > 0.0:
            yield stage.sleep(chance.exponential(pause / (1.0 + missing / stage.lots(6.0))))
            own = stage.own_volume([account]) - before[1]
            missing = round(share / (1.0 - share) * (stage.volume() - before[0] - own)) - own
            if missing > 0:
                side = (
                    _back(stage, account)
                    if buys == 0.5 and chance.happens(0.5)
                    else BUY
                    if chance.happens(buys)
                    else SELL
                )
                lots = min(missing, stage.lots(chance.uniform(4.0, 20.0)))
                yield from _trade(stage, account, side, lots, pause if chance.happens(passive) else 0.0)
        own, everything = stage.own_volume([account]) - before[1], stage.volume() - before[0]
        return own >= _LEAST_SHARE * everything > 0


def _back(stage: Stage, account: int) -> int:
    """Return the side that brings the account back to flat."""
    return SELL if stage.position(account) > 0 else BUY


def _trade(stage: Stage, account: int, side: int, lots: int, patience_s: float) -> Plan:
    """Rest at the touch where there is patience, else take, unless the book is all but empty."""
    if patience_s:
        order = stage.join(account, side, lots)
        yield stage.filled(order, within_s=patience_s)
        stage.cancel(order)
    elif stage.touch().spread <= 16.0 * stage.market.half_spread_ticks:
        stage.take(account, side, lots, slip=round(4.0 * stage.market.half_spread_ticks))
