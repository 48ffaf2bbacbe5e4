"""What a look-alike must offer."""

from __future__ import annotations

from abc import ABC, abstractmethod

from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import Plan, Room, Stage
from training.simulator.scenarios.base import Span


class Innocent(ABC):
    """Something honest that careless rules take for abuse.

    Attributes:
        kind: Its name in the record of look-alikes.
        rate_h: How often it happens, times an hour of a market.
        sides: As of a scenario; look-alikes are recorded whole.
    """

    kind: str
    rate_h: float
    sides: int = 1

    @abstractmethod
    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return when it could happen in a market, None where it cannot."""

    @abstractmethod
    def plan(self, stage: Stage) -> Plan:
        """Act, and name who is behind it."""
