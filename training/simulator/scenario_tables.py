"""The tables of a scenario file as pydantic models: what may stand in each, and what values must be."""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from training.simulator.innocent import INNOCENTS
from training.simulator.people.markets import KNOWN
from training.simulator.scenarios import SCENARIOS
from training.simulator.scenarios.base import name_of

KNOWN_SYMBOLS = {symbol.name: symbol for symbol in KNOWN}
TYPOLOGIES = sorted({name for scenario in SCENARIOS for name in (scenario.kind, name_of(scenario))})
EPISODES = sorted(name_of(scenario) for scenario in SCENARIOS)
LOOK_ALIKES = sorted(innocent.kind for innocent in INNOCENTS)
_REQUIRED = (
    "name", "price", "tick", "lot_decimals", "trades_per_s", "sigma_bps", "half_spread_bps", "makers", "active",
)  # fmt: skip
_FEWEST_TICKS, _MOST_TICKS = 100, 40_000


class Table(BaseModel):
    """A table; numbers are not read from text, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def nearest(name: str, known: list[str]) -> str:
    """Return a hint at the first known name that has it as a part, else at the one most alike; empty if none is."""
    close = [k for k in known if name and name in k] or get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (nearest: {close[0]})" if close else ""


def one_of(name: str, known: list[str]) -> str:
    """Return a name if it is known.

    Raises:
        PydanticCustomError: It is not; all that are, or the nearest, are told.
    """
    if name in known:
        return name
    hint = nearest(name, known) or f": one of {', '.join(known)}"
    raise PydanticCustomError("unknown", "a known name{hint}", {"hint": hint})


def _as_hours(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds; the field's type judges it
    """Return "HH:MM" or "HH:MM:SS" as hours, anything else as it is."""
    if not isinstance(value, str):
        return value
    parts = value.split(":")
    if len(parts) not in {2, 3} or not all(part.isdecimal() for part in parts) or any(int(p) >= 60 for p in parts[1:]):
        raise PydanticCustomError("hours", 'hours as a number or as "HH:MM"')
    return sum(int(part) / 60.0**power for power, part in enumerate(parts))


Positive = Annotated[float, Field(gt=0.0)]
Hours = Annotated[float, BeforeValidator(_as_hours), Field(ge=0.0)]
Typology = Annotated[str, AfterValidator(lambda name: one_of(name, TYPOLOGIES))]


class TapeTable(Table):
    """`[tape]`: the whole."""

    symbols: int = Field(6, ge=1, le=500)
    venues: int = Field(1, ge=1, le=20)
    hours: float = Field(6.0, ge=0.1, le=744.0)
    tapes: int = Field(1, ge=1)
    seed: int = Field(0, ge=0)
    abuse_rate: float = Field(0.5, ge=0.0, le=10.0)
    typologies: list[Typology] = []
    severity: tuple[float, float] = Field((0.0, 1.0), strict=False)  # TOML has lists only
    innocents: bool = True
    books: bool = False
    fixings_h: Positive = 4.0
    start_h: Annotated[Hours, Field(lt=24.0)] | None = None


class SessionTable(Table):
    """`[venue.session]`: hours of trading, every day."""

    opens: Annotated[Hours, Field(lt=24.0)]
    closes: Annotated[Hours, Field(le=24.0)]
    auction_s: float = Field(300.0, ge=0.0, le=3_600.0)

    @model_validator(mode="after")
    def _fits_a_day(self) -> Self:
        call_h = self.auction_s / 3_600.0
        if not self.opens < self.closes:
            raise PydanticCustomError("session", "one that closes after it opens")
        if self.opens - call_h < 0.0 or self.closes + call_h > 24.0:
            raise PydanticCustomError("session", "within one day with the calls before opening and after closing")
        return self


class VenueTable(Table):
    """`[[venue]]`: one venue."""

    name: str = Field(min_length=1)
    share: Positive = 1.0
    maker_bps: float = Field(0.0, ge=-50.0, le=500.0)
    taker_bps: float = Field(0.0, ge=-50.0, le=500.0)
    clock_us: int = Field(1, ge=1, le=1_000_000)
    session: SessionTable | None = None


class SymbolTable(Table):
    """`[[symbol]]`: one symbol, like a known one or with all that a symbol has; `tick` is the tick itself."""

    like: Annotated[str, AfterValidator(lambda name: one_of(name, list(KNOWN_SYMBOLS)))] | None = None
    name: str | None = Field(None, min_length=1)
    price: Positive | None = None
    tick: Positive | None = None
    lot_decimals: int | None = Field(None, ge=0, le=8)
    trades_per_s: float | None = Field(None, ge=0.001, le=50.0)
    sigma_bps: float | None = Field(None, gt=0.0, le=200.0)
    half_spread_bps: float | None = Field(None, gt=0.0, le=200.0)
    makers: int | None = Field(None, ge=1, le=40)
    active: int | None = Field(None, ge=10, le=2_000)
    wildness: float | None = Field(None, ge=0.0, le=2.0)
    beta: float | None = Field(None, ge=0.0, lt=1.0)
    impatience: float | None = Field(None, gt=0.0, le=3.0)
    speed: float | None = Field(None, ge=0.0, le=5.0)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.like is None:
            missing = [name for name in _REQUIRED if getattr(self, name) is None]
            if missing:
                text = "like a known symbol, or complete: it lacks {missing}"
                raise PydanticCustomError("incomplete", text, {"missing": ", ".join(missing)})
        known = KNOWN_SYMBOLS.get(self.like or "")
        price = self.price or (known.price if known else 0.0)
        tick = self.tick or (known.tick[0] / 10.0 ** known.tick[1] if known else 1.0)
        if not _FEWEST_TICKS <= price / tick <= _MOST_TICKS:
            text = "of a price from {least} to {most} ticks, was {ticks}"
            counts = {"least": _FEWEST_TICKS, "most": _MOST_TICKS, "ticks": f"{price / tick:g}"}
            raise PydanticCustomError("ticks", text, counts)
        return self

    def changes(self) -> dict[str, Any]:
        """Return what was set, as fields of a `Symbol`."""
        values = {name: getattr(self, name) for name in self.model_fields_set - {"like"}}
        if self.tick is not None:
            exact = Decimal(str(self.tick)).normalize()
            decimals = max(-int(exact.as_tuple().exponent), 0)
            values["tick"] = (int(exact.scaleb(decimals)), decimals)
        return values


class InnocentTable(Table):
    """`[[innocent]]`: a look-alike at a time."""

    kind: Annotated[str, AfterValidator(lambda name: one_of(name, LOOK_ALIKES))]
    at: Hours
    symbol: str | None = None
    venue: str | None = None
    tape: int | None = Field(None, ge=0)


class EpisodeTable(InnocentTable):
    """`[[episode]]`: abuse at a time."""

    kind: Annotated[str, AfterValidator(lambda name: one_of(name, EPISODES))]
    severity: float = Field(0.5, ge=0.0, le=1.0)


class ScenarioFile(Table):
    """The whole file."""

    tape: TapeTable = TapeTable()
    venue: list[VenueTable] = []
    symbol: list[SymbolTable] = []
    episode: list[EpisodeTable] = []
    innocent: list[InnocentTable] = []


TABLES: dict[str, type[Table]] = {
    "tape": TapeTable,
    "venue": VenueTable,
    "symbol": SymbolTable,
    "episode": EpisodeTable,
    "innocent": InnocentTable,
}
