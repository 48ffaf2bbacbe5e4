"""Deciding which abuse and which look-alikes happen where, when and how blatantly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.errors import ParameterError
from features.time_units import DAY_NS, SECOND_NS
from training.simulator.chance import Chance
from training.simulator.innocent import INNOCENTS, Innocent
from training.simulator.labels import INNOCENT_TAGS
from training.simulator.people.markets import Market
from training.simulator.people.stage import Room, Stage
from training.simulator.scenarios import SCENARIOS
from training.simulator.scenarios.base import Scenario, Span, name_of
from training.simulator.setup import Planned, Setup

_ATTEMPTS = 80
_TURNS = 4  # tries for every episode wanted: many a typology cannot happen on a short tape
_APART = 180 * SECOND_NS
_HOUR = 3_600 * SECOND_NS
_ABUSE, _INNOCENCE, _EPISODE = 21, 22, 23  # purposes of random streams
Enter = Callable[[Scenario, Stage], None]


@dataclass
class _Planting:
    """What has been decided so far for one tape."""

    setup: Setup
    room: Room
    key: tuple[int, ...]
    enter: Enter
    taken: list[tuple[int, Span]]
    tags: int = 0
    innocents: int = INNOCENT_TAGS


def plant(setup: Setup, room: Room, number: int, enter: Enter) -> None:
    """Let everything of a tape enter that happens by plan.

    Explicitly planned episodes come first, then about `abuse_rate` an hour of a market: typologies in shuffled
    turns, so that short tapes show many. Episodes of one market do not overlap; one that finds no room is left out.

    Args:
        setup: What is wanted.
        room: The tape's shared state.
        number: Number of the tape.
        enter: Takes a scenario and the stage it plays on.

    Raises:
        ParameterError: A planned episode names what does not exist, or cannot happen where it is wanted.
    """
    planting = _Planting(setup, room, (setup.seed, number), enter, [])
    for planned in setup.planned:
        if planned.tape in (None, number):
            _plant_planned(planting, planned)
    _plant_abuse(planting)
    if setup.innocents:
        _plant_innocents(planting)


def wanted(setup: Setup) -> list[Scenario]:
    """Return the scenarios that a setup plants.

    Raises:
        ParameterError: A typology does not exist.
    """
    known = {name for scenario in SCENARIOS for name in (scenario.kind, name_of(scenario))}
    unknown = sorted(set(setup.typologies) - known)
    if unknown:
        message = f"typologies must be of {', '.join(sorted(known))}; was {', '.join(unknown)}"
        raise ParameterError(message)
    chosen = set(setup.typologies)
    return [s for s in SCENARIOS if not chosen or chosen & {s.kind, name_of(s)}]


def usual_span(
    room: Room, scenario: Scenario, market: Market, key: tuple[int, ...], before: int
) -> Span | None:  # fmt: skip
    """Return a span as long as a planned episode will take in this market, None where it cannot happen.

    Args:
        room: The tape's shared state.
        scenario: What is to be planned.
        market: The market that the plan names.
        key: Seed and number of the tape.
        before: Episodes planned before it on the same tape.
    """
    return scenario.when(room, market, _chance_of(key, before))


def _chance_of(key: tuple[int, ...], tag: int) -> Chance:
    return Chance(*key, _EPISODE, tag)


def _plant_abuse(planting: _Planting) -> None:
    setup, chance = planting.setup, Chance(*planting.key, _ABUSE)
    by_kind: dict[str, list[Scenario]] = {}
    for scenario in wanted(setup):
        by_kind.setdefault(scenario.kind, []).append(scenario)
    hours = setup.hours * len(planting.room.markets)
    count = max(1, round(setup.abuse_rate * hours)) if setup.abuse_rate > 0.0 else 0
    turns: list[Scenario] = []
    while len(turns) < _TURNS * count:
        turns += [chance.choice(by_kind[kind]) for kind in chance.sample(list(by_kind), len(by_kind))]
    fitting = 0
    for scenario in turns:
        if fitting == count:
            return
        severity = chance.uniform(*setup.severity)
        where = _find_room(planting, scenario, planting.room.markets, chance)
        if where is not None:
            fitting += 1
            _enter(planting, scenario, *where, severity)


def _plant_innocents(planting: _Planting) -> None:
    chance = Chance(*planting.key, _INNOCENCE)
    for market in planting.room.markets:
        for innocent in INNOCENTS:
            for _ in range(chance.poisson(innocent.rate_h * planting.setup.hours)):
                span = innocent.when(planting.room, market, chance)
                if span is not None and is_open(market, span):
                    _enter_innocent(planting, innocent, market, span)


def _plant_planned(planting: _Planting, planned: Planned) -> None:
    kinds: dict[str, Scenario] = {name_of(s): s for s in (*SCENARIOS, *INNOCENTS)}
    if planned.kind not in kinds:
        message = f"kind must be of {', '.join(sorted(kinds))}; was {planned.kind!r}"
        raise ParameterError(message)
    scenario, chance = kinds[planned.kind], _chance_of(planting.key, planting.tags)
    markets = [
        market
        for market in planting.room.markets
        if planned.symbol in (None, market.symbol.name) and planned.venue in (None, market.venue.name)
    ]
    if not markets:
        message = f"{planned.kind}: symbol and venue must be on the tape, were {planned.symbol!r}, {planned.venue!r}"
        raise ParameterError(message)
    market = markets[0] if planned.symbol is not None else chance.choice(markets)
    usual = scenario.when(planting.room, market, chance)
    if usual is None:
        where = f"{market.symbol.name} on {market.venue.name} within {planting.setup.hours:g} h"
        message = f"{planned.kind} must fit the tape, but cannot happen on {where}"
        raise ParameterError(message)
    begin = planting.room.span[0] + round(planned.at_h * _HOUR)
    span = Span(begin, min(begin + usual.end - usual.begin, planting.room.span[1]))
    if not planting.room.span[0] <= begin < planting.room.span[1]:
        message = f"{planned.kind}: at_h must be from 0 to below {planting.setup.hours:g}, was {planned.at_h:g}"
        raise ParameterError(message)
    if not is_open(market, span):
        message = f"{planned.kind}: {market.venue.name} must be open then, at_h was {planned.at_h:g}"
        raise ParameterError(message)
    if isinstance(scenario, Innocent):
        _enter_innocent(planting, scenario, market, span)
    else:
        _enter(planting, scenario, market, span, planned.severity)


def _find_room(
    planting: _Planting, scenario: Scenario, markets: Sequence[Market], chance: Chance
) -> tuple[Market, Span] | None:
    """Return a market and a free span, None if there is none; what lasts most of a tape may overlap the rest."""
    half = (planting.room.span[1] - planting.room.span[0]) // 2
    for _ in range(_ATTEMPTS):
        market = chance.choice(markets)
        span = scenario.when(planting.room, market, chance)
        if span is None or not is_open(market, span):
            continue
        near = [
            other
            for number, other in planting.taken
            if number == market.number and span.begin <= other.end + _APART and other.begin <= span.end + _APART
        ]
        if span.end - span.begin > half or all(other.end - other.begin > half for other in near):
            return market, span
    return None


def is_open(market: Market, span: Span) -> bool:
    """Whether a market trades at both ends of a span."""
    session = market.venue.session
    if session is None:
        return True
    hours = ((when % DAY_NS) / _HOUR for when in span)
    return all(session.opens <= hour <= session.closes for hour in hours)


def _enter(planting: _Planting, scenario: Scenario, market: Market, span: Span, severity: float) -> None:
    planting.taken.append((market.number, span))
    chance = _chance_of(planting.key, planting.tags)
    planting.enter(scenario, Stage(planting.room, market, chance, planting.tags, *span, severity=severity))
    planting.tags += 1


def _enter_innocent(planting: _Planting, innocent: Innocent, market: Market, span: Span) -> None:
    chance = Chance(*planting.key, _INNOCENCE, planting.innocents)
    planting.enter(innocent, Stage(planting.room, market, chance, planting.innocents, *span))
    planting.innocents += 1
