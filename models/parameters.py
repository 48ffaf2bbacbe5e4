"""Everything that can be set, in one TOML, with every mistake reported at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models.rules.adv_outlier import Params as AdvOutlier
from models.rules.advancing_the_bid import Params as AdvancingTheBid
from models.rules.arbitrage import Params as Arbitrage
from models.rules.base import RuleParams, parameter
from models.rules.concentrated_trading import Params as ConcentratedTrading
from models.rules.cross_market_wash import Params as CrossMarketWash
from models.rules.floor_ceiling import Params as FloorCeiling
from models.rules.front_running import Params as FrontRunning
from models.rules.inter_venue_manipulation import Params as InterVenueManipulation
from models.rules.layering import Params as Layering
from models.rules.liquidity_withdrawal import Params as LiquidityWithdrawal
from models.rules.marking_the_close import Params as MarkingTheClose
from models.rules.momentum_ignition import Params as MomentumIgnition
from models.rules.no_intent_to_execute import Params as NoIntentToExecute
from models.rules.one_sided_params import OthersParams as AccumulationOthers
from models.rules.one_sided_params import Params as Accumulation
from models.rules.ping_orders import Params as PingOrders
from models.rules.price_anomaly import Params as PriceAnomaly
from models.rules.price_discrepancy import Params as PriceDiscrepancy
from models.rules.quote_stuffing import Params as QuoteStuffing
from models.rules.ramping import Params as Ramping
from models.rules.rush import Params as Rush
from models.rules.smoking import Params as Smoking
from models.rules.spoofing import Params as Spoofing
from models.rules.timing_anomaly import Params as TimingAnomaly
from models.rules.unlabelled_volume import Params as UnlabelledVolume
from models.rules.vanishing_wall import Params as VanishingWall
from models.rules.volume_spike import Params as VolumeSpike
from models.rules.wash_trading import Params as WashTrading
from models.toml_tables import parse_tables, read_toml, tables_to_toml

Typology = Literal[
    "pump_and_dump",
    "dump_and_pump",
    "wash_trading",
    "unlabelled_volume",
    "spoofing",
    "layering",
    "momentum_ignition",
    "ramping",
    "marking_the_close",
    "front_running",
    "quote_stuffing",
    "ping_orders",
    "smoking",
    "advancing_the_bid",
    "no_intent_to_execute",
    "floor_ceiling",
    "volume_spike",
    "price_anomaly",
    "timing_anomaly",
    "concentrated_trading",
    "excessive_accumulation_own",
    "excessive_offloading_own",
    "excessive_accumulation_others",
    "excessive_offloading_others",
    "adv_outlier",
    "vanishing_wall",
    "liquidity_withdrawal",
    "price_discrepancy",
    "arbitrage",
    "inter_venue_manipulation",
    "cross_market_wash",
]
TYPOLOGIES: tuple[str, ...] = get_args(Typology)
Positive = Annotated[float, Field(gt=0)]
Fee = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Alerts(RuleParams):
    """When findings become alerts and when alerts end."""

    confidence_threshold: float = parameter(
        0.7,
        "confidence, or under a model of simulated tapes the rule's own, that opens an alert",
        "the mission",
        gt=0,
        lt=1,
    )
    quiet_s: float = parameter(300.0, "seconds of event time without a finding that end an alert", "ours", gt=0)
    quiet_s_by_typology: dict[Typology, Positive] = Field(
        default={
            "pump_and_dump": 1800.0,
            "dump_and_pump": 1800.0,
            "wash_trading": 1800.0,
            "spoofing": 1800.0,
            "layering": 1800.0,
            "excessive_accumulation_own": 86_400.0,
            "excessive_offloading_own": 86_400.0,
            "excessive_accumulation_others": 86_400.0,
            "excessive_offloading_others": 86_400.0,
            "adv_outlier": 86_400.0,
            "arbitrage": 3600.0,
            "cross_market_wash": 3600.0,
        },
        description="the same for single typologies, by name",
        json_schema_extra={"source": "data/pumps: half an hour of quiet ends a pump; behaviour is judged by the day"},
    )
    prevalence: dict[Typology, Share] = Field(
        default={},
        description="share of opened alerts that are true, by typology, where it differs from the calibration's",
        json_schema_extra={"source": "the operator's own dispositions"},
    )

    abuse_ratio: float = parameter(
        1.0,
        "how many times as common abuse is, against honest hours, as where confidence was calibrated; shifts the prior",
        "the operator's own dispositions; prevalence of a typology goes before it",
        gt=0,
    )

    def quiet_of(self, typology: str) -> float:
        """Return the seconds of quiet that end an alert of this typology."""
        spans = self.quiet_s_by_typology.items()
        return next((span for name, span in spans if name == typology), self.quiet_s)


class Events(RuleParams):
    """How events are counted and how long late ones are waited for."""

    lot: float = parameter(1e-8, "base units of one whole lot; quantities are exact multiples of it", "ours", gt=0)
    lots: dict[str, Positive] = Field(
        default={},
        description="lot of single symbols, by name",
        json_schema_extra={"source": "the exchange's quantity step"},
    )
    allowed_lateness_s: float = parameter(5.0, "seconds an event may arrive out of order", "ours", ge=0)


class MarketScale(RuleParams):
    """Buckets of the market scale."""

    bucket_s: int = parameter(60, "seconds of a bucket", "the mission", ge=1)
    buckets: int = parameter(60, "buckets of a window", "the mission", ge=2)


class FastScale(RuleParams):
    """Buckets of the fast scale."""

    bucket_s: int = parameter(5, "seconds of a bucket", "data/pumps, three-term rule", ge=1)
    buckets: int = parameter(720, "buckets of a window", "data/pumps: an hour of 5 s", ge=2)


class Windows(BaseModel):
    """The two scales of features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    market: MarketScale = MarketScale()
    fast: FastScale = FastScale()

    @model_validator(mode="after")
    def _market_buckets_are_merges_of_fast_ones(self) -> Self:
        if self.market.bucket_s % self.fast.bucket_s:
            text = f"Input should be a multiple of windows.fast.bucket_s, {self.fast.bucket_s}"
            raise PydanticCustomError("multiple", text, {"key": "market.bucket_s", "value": self.market.bucket_s})
        return self


class Cross(RuleParams):
    """How the markets of one thing on several venues are compared."""

    patience_s: float = parameter(60.0, "seconds that a venue which falls behind is waited for", "ours", ge=0)
    stale_s: float = parameter(30.0, "seconds without a trade after which a venue's price is unknown", "ours", gt=0)
    taker_fee_bps: float = parameter(
        10.0, "what a taker pays on a venue, basis points", "typical of large exchanges' first tier", ge=0
    )
    taker_fees_bps: dict[str, Fee] = Field(
        default={},
        description="the same for single venues, by name",
        json_schema_extra={"source": "the venue's schedule of fees"},
    )
    one_dollar: bool = Field(
        default=False,
        description="whether USD and the coins that are redeemed for one count as the same quote currency",
        json_schema_extra={"source": "ours: what looks like a gap would be their exchange rate"},
    )


class Parameters(BaseModel):
    """All parameters; frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alerts: Alerts = Alerts()
    events: Events = Events()
    windows: Windows = Windows()
    cross: Cross = Cross()
    pump_and_dump: Rush = Rush()
    dump_and_pump: Rush = Rush()
    wash_trading: WashTrading = WashTrading()
    unlabelled_volume: UnlabelledVolume = UnlabelledVolume()
    spoofing: Spoofing = Spoofing()
    layering: Layering = Layering()
    momentum_ignition: MomentumIgnition = MomentumIgnition()
    ramping: Ramping = Ramping()
    marking_the_close: MarkingTheClose = MarkingTheClose()
    front_running: FrontRunning = FrontRunning()
    quote_stuffing: QuoteStuffing = QuoteStuffing()
    ping_orders: PingOrders = PingOrders()
    smoking: Smoking = Smoking()
    advancing_the_bid: AdvancingTheBid = AdvancingTheBid()
    no_intent_to_execute: NoIntentToExecute = NoIntentToExecute()
    floor_ceiling: FloorCeiling = FloorCeiling()
    volume_spike: VolumeSpike = VolumeSpike()
    price_anomaly: PriceAnomaly = PriceAnomaly()
    timing_anomaly: TimingAnomaly = TimingAnomaly()
    concentrated_trading: ConcentratedTrading = ConcentratedTrading()
    excessive_accumulation_own: Accumulation = Accumulation()
    excessive_accumulation_others: AccumulationOthers = AccumulationOthers()
    adv_outlier: AdvOutlier = AdvOutlier()
    vanishing_wall: VanishingWall = VanishingWall()
    liquidity_withdrawal: LiquidityWithdrawal = LiquidityWithdrawal()
    price_discrepancy: PriceDiscrepancy = PriceDiscrepancy()
    arbitrage: Arbitrage = Arbitrage()
    inter_venue_manipulation: InterVenueManipulation = InterVenueManipulation()
    cross_market_wash: CrossMarketWash = CrossMarketWash()

    def version(self) -> str:
        """Return 12 hexadecimal digits that change with any effective value."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_parameters(path: Path | None) -> Parameters:
    """Return the parameters of a TOML file, or the defaults without one.

    Raises:
        ParameterError: The file cannot be read, or values are unknown or out of range (all of them named).
    """
    return Parameters() if path is None else parse_parameters(read_toml(path), origin=str(path))


def parse_parameters(values: Mapping[str, Any], origin: str = "parameters") -> Parameters:
    """Return the parameters with the given tables set and the rest at their defaults.

    Args:
        values: Tables of values, as a TOML or JSON reader returns them.
        origin: What to call them in an error.

    Raises:
        RefusedParametersError: Values are unknown or out of range; the text has a line for each.
    """
    return parse_tables(Parameters, values, origin)


def default_toml() -> str:
    """Return a TOML of all defaults, each with its description and source."""
    return to_toml(Parameters())


def to_toml(parameters: Parameters) -> str:
    """Return a TOML of all parameters, each with its description and source; `load_parameters` reads it back."""
    return tables_to_toml(parameters)
