"""Tapes to measure detectors on: every typology planted as often, spread over markets, never two at a time in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from features.errors import ParameterError
from features.time_units import HOUR_NS, SECOND_NS
from training.simulated_sets import simulated_set
from training.simulator import Planned, Setup, default_setup
from training.simulator.chance import Chance
from training.simulator.opening import open_tape
from training.simulator.people.markets import KNOWN, Market, Symbol, altcoins, list_markets
from training.simulator.people.population import population_of
from training.simulator.people.stage import Plan, Room
from training.simulator.planting import usual_span
from training.simulator.scenarios import SCENARIOS
from training.simulator.scenarios.base import Scenario, Span, name_of

Progress = Callable[[int, int], None]

HOURLY = (
    "advancing_the_bid", "concentrated_trading", "dump_and_pump", "floor_ceiling", "front_running", "layering",
    "marking_the_close", "momentum_ignition", "no_intent_to_execute", "ping_orders", "price_anomaly",
    "pump_and_dump", "quote_stuffing", "ramping", "smoking", "spoofing", "timing_anomaly", "volume_spike",
    "wash_trading",
)  # fmt: skip
"""What fits a tape of hours; planted unless names are given."""
CASES = ("coscia", "oystacher", "sarao")
"""Cases of real people, kinds of spoofing and layering; planted when named."""
DAILY = (
    "adv_outlier", "excessive_accumulation_others", "excessive_accumulation_own", "excessive_offloading_others",
    "excessive_offloading_own",
)  # fmt: skip
"""What shows itself only against days of history; on long tapes of thin symbols, with days or when named."""
ACROSS = ("arbitrage", "cross_market_wash", "inter_venue_manipulation", "price_discrepancy")
"""What needs a symbol on two venues; planted when named, or all of it with venues."""
SEED = 40_014
"""No model was trained on tapes of this seed, nor a threshold set."""

_CROWDS = ("pump_and_dump", "dump_and_pump")
_COINS = 2
_HOURS, _START_H = 5.0, 7.25  # two of the reference prices, at 8 and at 12, lie in it
_DAYS_H, _DAYS_TRADES_PER_S, _DAYS_MARKETS = 204.0, 0.015, 6
_QUIET_NS, _APART_NS = 600 * SECOND_NS, 300 * SECOND_NS
_ATTEMPTS = 40
_COIN, _ORDER, _PLACE = 3, 31, 32  # purposes of random streams
_PLAN = "plan.json"


@dataclass(frozen=True)
class Wanted:
    """What is to be planted.

    Attributes:
        typologies: Names of scenarios; empty for all of `HOURLY`.
        episodes: Of each.
        severity: Least and greatest; each episode's lies between.
        seed: Source of all chance.
        days: Whether what needs days of history is planted, too.
        venues: Whether what needs two venues is planted, too.
    """

    typologies: tuple[str, ...] = ()
    episodes: int = 12
    severity: tuple[float, float] = (0.33, 0.67)
    seed: int = SEED
    days: bool = False
    venues: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be planted.

        Raises:
            ParameterError: Names every field, its value and what it must be.
        """
        known, (low, high) = {*HOURLY, *CASES, *DAILY, *ACROSS}, self.severity
        unknown = [name for name in self.typologies if name not in known]
        mistakes = []
        if unknown:
            mistakes.append(f"typology must be of {', '.join(sorted(known))}; was {', '.join(unknown)}")
        if self.episodes < 1:
            mistakes.append(f"episodes must be one or more, was {self.episodes}")
        if not 0.0 <= low <= high <= 1.0:
            mistakes.append(f"severity must be from 0 to 1, the lower first, was {low:g} {high:g}")
        if mistakes:
            raise ParameterError("; ".join(mistakes))


@dataclass(frozen=True)
class Placed:
    """An episode that was planned; whether it came about, the labels tell.

    Attributes:
        name: Its scenario.
        typology: What it would be labelled as.
        tape: Number of its tape.
        symbol: Where.
        start: When it begins, ns.
        end: When it should be over, ns.
    """

    name: str
    typology: str
    tape: int
    symbol: str
    start: int
    end: int


def tapes_of(wanted: Wanted, data: Path, progress: Progress | None = None) -> list[Path]:
    """Return datasets with what is wanted, simulated unless the folder has them already.

    Args:
        wanted: What is planted.
        data: Folder to keep datasets in, each under a name that stands for what made it.
        progress: Called with steps of the simulation done and in all.

    Raises:
        ParameterError: Something finds no place on any tape.
    """
    names = wanted.typologies or (HOURLY + DAILY * wanted.days + ACROSS * wanted.venues)
    of_each = {_short_plan: [*HOURLY, *CASES], _long_plan: DAILY, _venues_plan: ACROSS}
    parts = [(plan, [name for name in names if name in known]) for plan, known in of_each.items()]
    plans = [plan(wanted, part) for plan, part in parts if part]
    steps = [100 * setup.tapes for setup, _ in plans]
    paths = []
    for number, (setup, placed) in enumerate(plans):

        def report(done: int, _: int, before: int = sum(steps[:number])) -> None:
            if progress is not None:
                progress(before + done, sum(steps))

        paths.append(_simulated(setup, placed, data, report))
    return paths


def read_plan(dataset: Path) -> list[Placed]:
    """Return what was planned on a dataset of `tapes_of`."""
    return [Placed(**row) for row in json.loads((dataset / _PLAN).read_text(encoding="utf-8"))]


def _simulated(setup: Setup, placed: Sequence[Placed], data: Path, progress: Progress) -> Path:
    path = simulated_set(setup, data, progress, "detectors")
    (path / _PLAN).write_text(json.dumps([asdict(one) for one in placed], indent=1) + "\n", encoding="utf-8")
    return path


def _short_plan(wanted: Wanted, names: Sequence[str]) -> tuple[Setup, list[Placed]]:
    """Return tapes of hours, as many as it takes; a market's episodes are minutes apart."""
    coins = altcoins(_COINS, Chance(wanted.seed, _COIN)) if set(names) & set(_CROWDS) else ()
    setup = Setup((*KNOWN, *coins), hours=_HOURS, start_h=_START_H, seed=wanted.seed, abuse_rate=0.0)
    return _fill(wanted, setup, names, alone=True)


def _long_plan(wanted: Wanted, names: Sequence[str]) -> tuple[Setup, list[Placed]]:
    """Return tapes of days; episodes overlap, their histories last a week, but no market has two of a kind."""
    thin = [_thin(number) for number in range(min(wanted.episodes, _DAYS_MARKETS))]
    setup = Setup(tuple(thin), hours=_DAYS_H, start_h=0.0, seed=wanted.seed + 1, abuse_rate=0.0)
    return _fill(wanted, setup, names, alone=False)


def _venues_plan(wanted: Wanted, names: Sequence[str]) -> tuple[Setup, list[Placed]]:
    """Return tapes of hours on which two venues list each symbol; episodes of a symbol are minutes apart."""
    one = default_setup(symbols=len(KNOWN), venues=2, hours=_HOURS, seed=wanted.seed + 2, abuse_rate=0.0)
    return _fill(wanted, replace(one, start_h=_START_H), names, alone=True)


def _thin(number: int) -> Symbol:
    like = next(symbol for symbol in KNOWN if symbol.name == "KNC/USD")
    return replace(like, name=f"T{number + 1:02d}/USD", trades_per_s=_DAYS_TRADES_PER_S)


def _fill(wanted: Wanted, setup: Setup, names: Sequence[str], *, alone: bool) -> tuple[Setup, list[Placed]]:
    """Return the setup with every episode planned, and the episodes."""
    by_name = {name_of(scenario): scenario for scenario in SCENARIOS}
    order = Chance(setup.seed, _ORDER)
    turns = [[by_name[name] for name in order.sample(list(names), len(names))] for _ in range(wanted.episodes)]
    pending = [scenario for turn in turns for scenario in turn]
    planned, placed, tapes = list[Planned](), list[Placed](), 0
    while pending:
        filling = _Filling(wanted, setup, tapes, alone=alone)
        left = [scenario for scenario in pending if not filling.place(scenario)]
        if len(left) == len(pending):
            raise ParameterError(f"{name_of(left[0])} must fit a tape of {setup.hours:g} h, but finds no place")
        planned, placed, pending, tapes = [*planned, *filling.planned], [*placed, *filling.placed], left, tapes + 1
    return replace(setup, tapes=tapes, planned=tuple(planned)), placed


class _Filling:
    """One tape being filled with episodes."""

    def __init__(self, wanted: Wanted, setup: Setup, number: int, *, alone: bool) -> None:
        self.planned: list[Planned] = []
        self.placed: list[Placed] = []
        self._wanted, self._setup, self._number, self._alone = wanted, setup, number, alone
        self._room = _room(setup, number)

    def place(self, scenario: Scenario) -> bool:
        """Plan an episode if there is room for it."""
        for attempt in range(_ATTEMPTS):
            chance = Chance(self._setup.seed, self._number, _PLACE, len(self.planned), attempt)
            found = self._find(scenario, chance)
            if found is not None:
                self._take(scenario, *found, chance.uniform(*self._wanted.severity))
                return True
        return False

    def _find(self, scenario: Scenario, chance: Chance) -> tuple[Market, Span] | None:
        known = {symbol.name for symbol in KNOWN}
        crowd = name_of(scenario) in _CROWDS or not self._alone
        market = chance.choice([m for m in self._room.markets if crowd or m.symbol.name in known])
        key = (self._setup.seed, self._number)
        usual = usual_span(self._room, scenario, market, key, len(self.planned))
        wished = scenario.when(self._room, market, chance)
        if usual is None or wished is None:
            return None
        # its length is the simulator's to say; its end stays, where announcements and reference prices tie it
        span = Span(wished.end - (usual.end - usual.begin), wished.end)
        return (market, span) if self._is_free(scenario, market, span) else None

    def _is_free(self, scenario: Scenario, market: Market, span: Span) -> bool:
        begin, end = self._room.span
        here = [one for one in self.placed if one.symbol == market.symbol.name]
        if self._alone:
            near = any(span.begin <= one.end + _APART_NS and one.start <= span.end + _APART_NS for one in here)
        else:
            near = any(one.name == name_of(scenario) for one in here)
        return span.begin >= begin + _QUIET_NS and span.end <= end and not near

    def _take(self, scenario: Scenario, market: Market, span: Span, severity: float) -> None:
        name, symbol = name_of(scenario), market.symbol.name
        at_h = (span.begin - self._room.span[0]) / HOUR_NS
        venue = market.venue.name if len(self._setup.venues) > 1 else None
        self.planned.append(Planned(name, at_h, symbol, venue=venue, severity=severity, tape=self._number))
        self.placed.append(Placed(name, scenario.kind, self._number, symbol, span.begin, span.end))


def _room(setup: Setup, number: int) -> Room:
    """Return a room to ask scenarios when they could happen; nothing plays in it."""
    markets, span = list_markets(setup.symbols, setup.venues), setup.span(number)
    people = population_of(setup.seed, number)
    world = open_tape(markets, people, span, (setup.seed, number), books=False)
    return Room(world, markets, people, span, setup.fixings_h, [], _nobody_plays)


def _nobody_plays(_when: int, _plan: Plan) -> None:
    """Take no plan."""
