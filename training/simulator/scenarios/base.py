"""What a kind of abuse, or of innocence that looks like it, must offer; and when things happen."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from features.time_units import SECOND_NS
from training.simulator.chance import Chance
from training.simulator.people.markets import Market
from training.simulator.people.stage import Plan, Room, Stage

_QUIET_S = 900.0  # nothing is planted in the first minutes, when books fill
_HOUR = 3_600 * SECOND_NS


class Span(NamedTuple):
    """First and last nanosecond of an episode as planned."""

    begin: int
    end: int


class Scenario(Protocol):
    """One kind of abuse, or of innocence.

    Attributes:
        kind: Its typology in labels, or the name of the look-alike.
        sides: Sides of a trade that the accused must hold for it to be evidence: 1, or 2 for both.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102 - see above

    @property
    def sides(self) -> int: ...  # noqa: D102 - see above

    def when(self, room: Room, market: Market, chance: Chance) -> Span | None:
        """Return when an episode could happen in a market, None where it cannot."""
        ...

    def plan(self, stage: Stage) -> Plan:
        """Act; name the accused; return False if its defining fact did not come about."""
        ...


def name_of(scenario: Scenario) -> str:
    """Return the name by which a scenario is planned: its own where it has one, as cases do, else its kind."""
    name: str = getattr(scenario, "name", scenario.kind)
    return name


def tape_s(room: Room) -> float:
    """Return the length of the tape in seconds."""
    return (room.span[1] - room.span[0]) / SECOND_NS


def anywhere(room: Room, chance: Chance, length_s: float, *, before_s: float = 0.0) -> Span | None:
    """Return a span of that length at a random place, with room for `before_s` of preparation; None if too long."""
    first = max(min(_QUIET_S, 0.12 * tape_s(room)), before_s)
    last = tape_s(room) - length_s - 10.0
    if last <= first:
        return None
    begin = room.span[0] + int(chance.uniform(first, last) * 1e6) * 1_000
    return Span(begin, begin + int(length_s * 1e6) * 1_000)


def at_round_time(room: Room, chance: Chance, length_s: float, *, every_s: float = 300.0) -> Span | None:
    """Return a span as `anywhere`, moved back to a round time where that does not leave the tape's quiet beginning."""
    span = anywhere(room, chance, length_s)
    if span is None:
        return None
    step = int(every_s) * SECOND_NS
    begin = span.begin // step * step
    if begin < room.span[0] + 60 * SECOND_NS:
        return span
    return Span(begin, begin + span.end - span.begin)


def fixings(room: Room, market: Market) -> list[int]:
    """Return the moments within the tape at which a market's reference price is taken, ns.

    A venue with hours takes it at the close, one without every `fixings_h` hours from midnight UTC.
    """
    first, last = room.span
    session = market.venue.session
    if session is not None:
        day = 24 * _HOUR
        closes = range(first // day * day + round(session.closes * _HOUR), last + 1, day)
        return [when for when in closes if first < when <= last]
    step = round(room.fixings_h * _HOUR)
    return [when for when in range(first // step * step, last + 1, step) if first < when <= last]


def before_fixing(room: Room, market: Market, chance: Chance, length_s: float) -> Span | None:
    """Return a span that ends with a fixing, None where the tape has none late enough."""
    length = int(length_s * 1e6) * 1_000
    fit = [when for when in fixings(room, market) if when - length > room.span[0] + int(_QUIET_S * 0.5) * SECOND_NS]
    if not fit:
        return None
    end = chance.choice(fit)
    return Span(end - length, end)
