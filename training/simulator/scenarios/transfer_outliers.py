"""Outliers among deposits and withdrawals: what the four typologies share.

A week of transfers of the usual kind, some of them followed or preceded by a trade, then one to four within hours that
are many times as large. Against its own history, the account transferred before; against the others, it hardly did,
and what it stands out from are peers' usual transfers.
"""

from __future__ import annotations

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import BUY, SELL, Plan, Room, Stage
from training.simulator.scenarios.base import Span
from training.simulator.scenarios.habits import (
    DAY_S,
    HISTORY_DAYS,
    HOUR_S,
    after_a_week,
    deal,
    lots_for,
    without_habit,
)

_LEAST_USD, _CENTS = 500.0, 2


class TransferOutlier:
    """Money moves in or out as never before; subclasses say which and against whom.

    Attributes:
        kind: The typology.
        sign: 1 for deposits, -1 for withdrawals.
        others: Whether peers are the benchmark instead of its own history.
    """

    kind: str
    sides = 1
    sign: int
    others: bool

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:  # noqa: ARG002
        """Return a week of history and the hours after it, None on shorter tapes."""
        return after_a_week(room, chance)

    def plan(self, stage: Stage) -> Plan:
        """Transfer as usual for a week, then far more; always comes about."""
        chance = stage.chance
        account, *peers = without_habit(stage, 1 + (chance.integer(6, 12) if self.others else 0))
        stage.accused.append(account)
        usual = chance.log_uniform(150.0, 900.0)
        for peer in peers:
            stage.also(_usual_transfers(stage, peer, usual * chance.log_normal(0.3), chance.integer(7, 15)))
        yield from _usual_transfers(
            stage, account, usual, chance.integer(0, 3) if self.others else chance.integer(8, 16)
        )
        outliers = chance.integer(1, 5)
        total = max(usual * stage.between(5.0, 60.0), _LEAST_USD * (1.2 + outliers))
        yield stage.at(HISTORY_DAYS * DAY_S + chance.uniform(0.0, 0.3) * (stage.duration_s - HISTORY_DAYS * DAY_S))
        stage.labelled_from = stage.now
        for number in range(outliers):
            if number:
                yield stage.sleep(chance.log_uniform(120.0, 0.4 * HOUR_S))
            yield from _transfer(stage, account, self.sign, total / outliers * chance.uniform(0.85, 1.15))
        yield stage.sleep(1.0)
        stage.labelled_to = stage.now
        return True


def _usual_transfers(stage: Stage, account: int, usd: float, count: int) -> Plan:
    """Transfer now in, now out, over a week."""
    chance, sign = stage.chance, 1
    for seconds in chance.times(count, 0.0, HISTORY_DAYS * DAY_S - HOUR_S):
        yield stage.at(seconds)
        yield from _transfer(stage, account, sign, usd * chance.log_normal(0.3))
        sign = -sign if chance.happens(0.8) else sign


def _transfer(stage: Stage, account: int, sign: int, usd: float) -> Plan:
    """Move money; often a deposit is then spent, or a withdrawal sold for beforehand."""
    chance, trades = stage.chance, stage.chance.happens(0.6)
    if trades and sign < 0:
        yield from deal(stage, account, SELL, lots_for(stage, 0.5 * usd))
        yield stage.sleep(chance.uniform(20.0, 200.0))
    stage.transfer(account, sign * round(usd, _CENTS))
    if trades and sign > 0:
        yield stage.sleep(chance.uniform(20.0, 200.0))
        yield from deal(stage, account, BUY, lots_for(stage, 0.5 * usd))
