"""Markets of one thing on several venues, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from features.json_values import finite
from features.time_units import SECOND_NS
from models.alert import Category
from models.cross_surveillance import KEPT_NS
from serving.api.alert_records import Name, Share
from serving.api.problems import NOT_FOUND
from serving.api.services import ServicesOf
from serving.cross import as_record
from serving.errors import SymbolNotFoundError

router = APIRouter(prefix="/v1/markets", tags=["markets"])
_MOST_S = KEPT_NS // SECOND_NS


class CrossQuery(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid")

    symbol: Name | None = Field(default=None, description="One symbol, as any venue writes it; all if left out.")
    window: float = Field(default=_MOST_S, gt=0, le=_MOST_S, description="Seconds to look back.")


class DiscrepancyRecord(BaseModel):
    """A gap beyond both taker fees, with trades on both venues."""

    symbol: str = Field(description="Name of the thing.", examples=["BTC/USDT"])
    high_venue: str = Field(description="The dearer venue.")
    low_venue: str = Field(description="The cheaper venue.")
    start: datetime = Field(description="When it began.")
    end: datetime = Field(description="When it was last seen.")
    net_gap_bps: float = Field(description="What was left of it after both fees, at most.")
    trades: int = Field(description="Trades meanwhile on the venue with fewer of them.")


class OpportunityRecord(BaseModel):
    """What buying on one venue and selling on another could have earned."""

    symbol: str = Field(description="Name of the thing.")
    buy_venue: str = Field(description="Where to buy.")
    sell_venue: str = Field(description="Where to sell.")
    start: datetime = Field(description="When it began.")
    end: datetime = Field(description="When it was last seen.")
    net_gap_bps: float = Field(description="Gain after both fees, at the best moment.")
    size: float = Field(description="Base units, bounded by what traded on both within a minute.")
    value: float = Field(description="Gain in quote units.")


class CorrelationRecord(BaseModel):
    """How a venue goes with the others; null is unknown."""

    symbol: str = Field(description="Name of the thing.")
    venue: str = Field(description="The venue.")
    venue_symbol: str = Field(description="What the venue calls it.")
    volume_share: float | None = Field(description="Of the volume on all venues.")
    volume_correlation: float | None = Field(description="With the others' volumes.")
    lead_s: float | None = Field(description="Above 0: it leads the others; below: it follows.")
    lead_correlation: float | None = Field(description="Correlation of returns at that lag.")


class PatternRecord(BaseModel):
    """An alert over venues, in short."""

    alert_id: str = Field(description="Of the alert, under `/v1/alerts`.")
    typology: str = Field(description="What was found.", examples=["cross_market_wash"])
    category: Category = Field(description="Class of pattern.")
    symbol: str = Field(description="Name of the thing.")
    venue: str = Field(description="Where it shows.")
    accounts: list[str] = Field(description="Who is behind it.")
    start: datetime = Field(description="When it began.")
    end: datetime = Field(description="When it was last seen.")
    confidence: Share = Field(description="Confidence.")
    risk_score: Share = Field(description="Confidence times severity.")
    says: list[str] = Field(description="The evidence, in sentences.")


class CrossRecord(BaseModel):
    """The analysis over venues; largest gaps first."""

    symbols: list[str] = Field(description="What trades on two venues or more.")
    price_discrepancies: list[DiscrepancyRecord] = Field(description="Gaps at which people traded.")
    arbitrage_opportunities: list[OpportunityRecord] = Field(description="Gaps, and what they were worth.")
    volume_correlations: list[CorrelationRecord] = Field(description="One a venue: shares, correlations, lead.")
    manipulation_patterns: list[PatternRecord] = Field(description="Alerts over venues.")
    analysis_timestamp: datetime | None = Field(description="Event time of the analysis; null before any event.")


@router.get("/cross", response_model=CrossRecord, responses=NOT_FOUND, summary="Compare venues of one thing")
def cross_markets(query: Annotated[CrossQuery, Query()], services: ServicesOf) -> dict[str, Any]:
    """Return gaps after fees, arbitrage, lead and correlations of the last minutes, and the patterns found.

    Symbols are matched by name: BTC/USDT, BTC-USDT and btcusdt are one. Nothing on two venues gives empty lists.
    """
    report = services.engine.cross(query.symbol, round(query.window * SECOND_NS))
    if report is None:
        raise SymbolNotFoundError(f"symbol must be one that has traded, was {query.symbol}")
    record: dict[str, Any] = finite(as_record(report))
    return record
