"""What is to be simulated, as one value: symbols, venues, span, people and abuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from features.errors import ParameterError
from features.time_units import DAY_NS, SECOND_NS
from training.simulator.chance import Chance
from training.simulator.people.markets import DEFAULT_VENUE, Symbol, Venue, default_symbols

FIRST_DAY_NS = 1_767_571_200 * SECOND_NS  # Monday, 2026-01-05, UTC
_FITS_A_DAY_H = 16.0


@dataclass(frozen=True)
class Planned:
    """An episode or a look-alike that is to happen at a given time.

    Attributes:
        kind: A typology or a kind of look-alike.
        symbol: Where; None for any.
        venue: Where; None for any.
        at_h: Hours after the tape's start.
        severity: 0 subtle to 1 blatant.
        tape: Number of the tape; None for every one.
    """

    kind: str
    at_h: float
    symbol: str | None = None
    venue: str | None = None
    severity: float = 0.5
    tape: int | None = None


@dataclass(frozen=True)
class Setup:
    """Everything that a dataset depends on.

    Attributes:
        symbols: What is traded.
        venues: Where.
        hours: Length of each tape.
        tapes: How many; each lies on days of its own.
        seed: Source of all chance.
        abuse_rate: Planted episodes an hour of a market.
        typologies: What is planted; empty for everything that the setup allows.
        severity: Least and greatest of what is planted by itself, from 0 subtle to 1 blatant.
        innocents: Whether look-alikes occur by themselves; False leaves only the background.
        planned: What happens at given times besides.
        books: Whether every level that changes is written, too.
        fixings_h: Hours between reference prices.
        start_h: Hour of day at which tapes start; None: 8 where the tape then fits its day, else 0.
    """

    symbols: tuple[Symbol, ...]
    venues: tuple[Venue, ...] = (DEFAULT_VENUE,)
    hours: float = 6.0
    tapes: int = 1
    seed: int = 0
    abuse_rate: float = 0.5
    typologies: tuple[str, ...] = ()
    severity: tuple[float, float] = (0.0, 1.0)
    innocents: bool = True
    planned: tuple[Planned, ...] = field(default=())
    books: bool = False
    fixings_h: float = 4.0
    start_h: float | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no market.

        Raises:
            ParameterError: Names every field, its value and what it must be.
        """
        markets = len(self.symbols) * len(self.venues)
        limits = (
            ("symbols", len(self.symbols), 1 <= len(self.symbols) <= 500, "from 1 to 500"),
            ("venues", len(self.venues), 1 <= len(self.venues) <= 20, "from 1 to 20"),
            ("symbols × venues", markets, markets <= 1_000, "at most 1000"),
            ("hours", self.hours, 0.1 <= self.hours <= 24 * 31, "from 0.1 to 744"),
            ("seed", self.seed, self.seed >= 0, "zero or more"),
            ("abuse_rate", self.abuse_rate, 0.0 <= self.abuse_rate <= 10.0, "from 0 to 10"),
            ("severity", self.severity, 0.0 <= self.severity[0] <= self.severity[1] <= 1.0, "from 0 to 1, lower first"),
            ("tapes", self.tapes, self.tapes >= 1, "one or more"),
            ("fixings_h", self.fixings_h, self.fixings_h > 0.0, "more than 0"),
            ("start_h", self.start_h, self.start_h is None or 0.0 <= self.start_h < 24.0, "from 0 to below 24"),
        )
        mistakes = [f"{name} must be {rule}, was {value}" for name, value, holds, rule in limits if not holds]
        if mistakes:
            raise ParameterError("; ".join(mistakes))

    def span(self, number: int) -> tuple[int, int]:
        """Return first and last nanosecond of a tape; each lies on days of its own."""
        length = round(self.hours * 3_600) * SECOND_NS
        hour = self.start_h if self.start_h is not None else (8.0 if self.hours <= _FITS_A_DAY_H else 0.0)
        offset = round(hour * 3_600) * SECOND_NS
        days = -(-(offset + length) // DAY_NS)
        start = FIRST_DAY_NS + number * days * DAY_NS + offset
        return start, start + length


class Options(TypedDict, total=False):
    """The plain options of a simulation; what is left out has its default.

    Attributes:
        symbols: Symbols a tape, from 1 to 500; 6.
        venues: Venues that list each of them, from 1 to 20; 1.
        hours: Length of each tape; 6. Tapes lie on days of their own.
        seed: Same seed and options, same bytes; 0.
        abuse_rate: Planted episodes an hour of a market; 0.5. 0 gives clean tapes, which still have look-alikes.
        tapes: Number of tapes; 1.
        typologies: What is planted; empty for everything that fits.
        books: Whether book levels are written, too.
    """

    symbols: int
    venues: int
    hours: float
    seed: int
    abuse_rate: float
    tapes: int
    typologies: tuple[str, ...]
    books: bool


def default_setup(
    *, symbols: int = 6, venues: int = 1, hours: float = 6.0, seed: int = 0, abuse_rate: float = 0.5, tapes: int = 1,
    typologies: tuple[str, ...] = (), books: bool = False,
) -> Setup:  # fmt: skip
    """Return the setup of plain options; see `Options`.

    Raises:
        ParameterError: An option is out of range.
    """
    mistakes = [
        f"{name} must be from 1 to {most}, was {count}"
        for name, count, most in (("symbols", symbols, 500), ("venues", venues, 20))
        if not 1 <= count <= most
    ]
    if mistakes:
        raise ParameterError("; ".join(mistakes))
    return Setup(
        symbols=default_symbols(symbols, Chance(max(seed, 0), 1)), venues=_venues(venues),
        hours=hours, seed=seed, abuse_rate=abuse_rate, tapes=tapes, typologies=typologies, books=books,
    )  # fmt: skip


def _venues(count: int) -> tuple[Venue, ...]:
    if count == 1:
        return (DEFAULT_VENUE,)
    return tuple(Venue(f"sim-{i + 1}", share=1.0 / (1 + i), taker_bps=1.0 + 0.5 * i) for i in range(count))
